"""`make lint`: all checks that need no running program; each runs, whatever the others say.

Tests are held to the same rules as the rest, mypy --strict included. The settings are read in
the tests' environment (tests/environment.py), never with the clone's own `.env`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping

from dev import install, packages
from tests import environment

BIN = install.VENV / "bin"
PYTHON = str(install.VENV_PYTHON)
MANAGE = (PYTHON, "manage.py")
SYSTEM_CHECK = (*MANAGE, "check", "--database", "default", "--fail-level", "WARNING")
# allauth's table has a constraint that MariaDB cannot keep (W036); ours may have none.
OUR_APPS = tuple(sorted(file.parent.name for file in install.ROOT.glob("*/apps.py")))

STEPS: dict[str, tuple[str, ...]] = {
    "ruff check": (str(BIN / "ruff"), "check", "."),
    "ruff format": (str(BIN / "ruff"), "format", "--check", "."),
    "mypy": (PYTHON, "-m", "mypy", "."),
    "lint-imports": (str(BIN / "lint-imports"),),
    "djlint --check": (PYTHON, "-m", "djlint", "--check", "--quiet", "templates"),
    "djlint --lint": (PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"),
    "makemigrations --check": (*MANAGE, "makemigrations", "--check", "--dry-run"),
    "check on SQLite": SYSTEM_CHECK,
}
ON_MARIADB = "check on MariaDB"

FAILED = "Lint failed: {names}"
FINE = "Lint found nothing in {count} steps"


def main() -> int:
    """Run all steps, print what the failed ones wrote, and name those at the end."""
    variables = steps_environment(os.environ)
    failed = [name for name, command in STEPS.items() if not step(name, command, variables)]
    server = os.environ.get("TEST_MARIADB_URL")
    if server and not step(
        ON_MARIADB, (*SYSTEM_CHECK, *OUR_APPS), {**variables, "DATABASE_URL": server}
    ):
        failed.append(ON_MARIADB)
    count = len(STEPS) + bool(server)
    install.say(FAILED.format(names=", ".join(failed)) if failed else FINE.format(count=count))
    return int(bool(failed))


def steps_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The tests' values, and a SQLite in memory: lint looks into nobody's database."""
    return {**environment.bare(given), **environment.VALUES, "DATABASE_URL": "sqlite://:memory:"}


def step(name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> bool:
    """Run one step; True when it found nothing, else what it wrote is printed."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    good = done.returncode == 0
    install.say(f"{'ok    ' if good else 'FAILED'} {name} ({time.monotonic() - started:.1f} s)")
    if not good:
        install.say(done.stdout.rstrip())
    return good


if __name__ == "__main__":
    os.chdir(install.ROOT)
    packages.bring(packages.FOR_BUILDING)
    install.for_testing()
    install.use_venv("dev.lint")
    sys.exit(main())
