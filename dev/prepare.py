"""Makes the database and the static files ready; skipped while nothing they depend on changed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dev import stamps
from dev.install import ROOT, VENV_PYTHON, say

VAR = ROOT / "var"
SQLITE = "sqlite:///"

# What the pages do not use of the packages in node_modules and of Django's own static files.
NOT_COLLECTED = (
    *("*.rtl.*", "bootstrap-grid*", "bootstrap-reboot*", "bootstrap-utilities*"),
    *("bootstrap.esm*", "bootstrap.js*", "bootstrap.css*", "bootstrap.min.js*"),
    *("bootstrap-icons.css", "bootstrap-icons.json", "bootstrap-icons.scss", "bootstrap-icons.svg"),
    *("*.slim.*", "jquery.js", "jquery.factory*", "*.module.*"),
)


def database(variables: Mapping[str, str]) -> None:
    """`manage.py migrate`, unless this SQLite file had all of these migrations last time."""
    file = _sqlite_file(variables["DATABASE_URL"])
    stamp = VAR / "stamps" / f"{file.stem if file else 'server'}.migrated"
    if file is not None and stamps.fresh(stamp, _migrations(file)):
        return
    say("Migrating the database")
    _manage(variables, "migrate", "--no-input", "--verbosity", "0")
    if file is not None:
        stamps.write(stamp, _migrations(file))


def static_files(variables: Mapping[str, str]) -> None:
    """`manage.py collectstatic`, unless the files and packages are those of last time."""
    collected = ROOT / (variables.get("STATIC_ROOT") or "var/static")
    sources = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    names = ",".join(sorted(str(file.relative_to(ROOT)) for file in sources))
    lists = [ROOT / "package-lock.json", ROOT / "requirements" / "base.txt", Path(__file__)]
    stamp = VAR / "stamps" / f"{collected.name}.collected"
    value = stamps.digest([*sources, *lists], names, str(collected))
    if stamps.fresh(stamp, value) and (collected / "staticfiles.json").is_file():
        return
    say("Collecting the static files")
    ignored = [f"--ignore={pattern}" for pattern in NOT_COLLECTED]
    _manage(variables, "collectstatic", "--no-input", "--clear", "--verbosity", "0", *ignored)
    stamps.write(stamp, value)


def _sqlite_file(url: str) -> Path | None:
    return ROOT / url.removeprefix(SQLITE) if url.startswith(SQLITE) else None


def _migrations(file: Path) -> str:
    """Digest of the migrations there are and of those this SQLite file says it has."""
    ours = list(ROOT.glob("*/migrations/*.py"))
    names = ",".join(sorted(str(one.relative_to(ROOT)) for one in ours))
    requirements = ROOT / "requirements" / "base.txt"
    return stamps.digest([*ours, requirements], names, _applied(file))


def _applied(file: Path) -> str:
    if not file.is_file():
        return "no database"
    try:
        with sqlite3.connect(file) as opened:
            rows = opened.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    except sqlite3.Error as error:
        return f"unreadable: {error}"
    return repr(rows)


def _manage(variables: Mapping[str, str], *arguments: str) -> None:
    """Run manage.py; when it fails, its own words stand above and the command ends."""
    command = [str(VENV_PYTHON), "manage.py", *arguments]
    if subprocess.run(command, cwd=ROOT, env=variables).returncode != 0:
        sys.exit(f"`manage.py {arguments[0]}` failed: mend what it says above and start again.")
