"""`make test`: installs what is missing, then lint and all tests on throwaway servers.

Runs on the system's Python with its standard library alone; lint and pytest run in .venv. What
is given on the command line goes to pytest: `make test TESTS=tests/activity ARGS="-k feed"`.
Everything that was started is stopped at the end, however that comes.
"""

from __future__ import annotations

import sys

from dev import children, install
from dev.parts import VARIABLE, Parts
from dev.stage import Stage, stage

LINT = (install.VENV_PYTHON, "-m", "dev.lint")
# One module that cannot be read does not keep the others from running.
PYTEST = (install.VENV_PYTHON, "-m", "pytest", "--continue-on-collection-errors")
# pytest's exit code for "no test was selected".
NOTHING_SELECTED = 5
STOPPED = 130


def main(arguments: list[str]) -> int:
    """Run every part, also after one that failed; 0 only when all were good."""
    parts = Parts()
    with stage(parts) as prepared:
        run_lint(parts, prepared)
        run_on_sqlite(parts, prepared, arguments)
        code = run_all(parts, prepared, arguments)
    return code or int(parts.failed)


def run_lint(parts: Parts, prepared: Stage) -> None:
    """dev/lint.py with MariaDB at hand, so that Django's checks see both databases."""
    with parts.part("lint") as part:
        install.say("\nLint")
        part.failed = children.run(LINT, prepared.on_servers) != 0


def run_on_sqlite(parts: Parts, prepared: Stage, arguments: list[str]) -> None:
    """The tests of the apps (models, feed, messages) on SQLite, as `make run` uses it."""
    with parts.part("the apps' tests, on SQLite") as part:
        install.say("\nThe apps' tests on SQLite")
        code = children.run([*PYTEST, "-m", "sqlite", *arguments], prepared.on_sqlite)
        allowed = {0, NOTHING_SELECTED} if arguments else {0}
        part.failed = code not in allowed


def run_all(parts: Parts, prepared: Stage, arguments: list[str]) -> int:
    """All tests; they print the table, and pytest's closing line is the last of all."""
    install.say("\nAll tests on MariaDB, Redis and Chromium")
    variables = {**prepared.on_servers, VARIABLE: parts.dump()}
    options = ("-p", "dev.closing", "-rfEs", "--durations=120", "--durations-min=1")
    return children.run([*PYTEST, *options, *arguments], variables)


if __name__ == "__main__":
    try:
        with children.stoppable():
            sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(STOPPED)
