"""`make test`: installs what is missing, then lint and all tests on throwaway servers.

Runs on the system's Python with its standard library alone; lint and pytest run in .venv. What
is given on the command line goes to pytest: `make test TESTS=tests/activity ARGS="-k feed"`.
Everything that was started is stopped at the end, however that comes.
"""

from __future__ import annotations

import os
import sys

from dev import children, install
from dev.parts import VARIABLE, Parts
from dev.stage import Stage, stage

LINT = (install.VENV_PYTHON, "-m", "dev.lint")
# One module that cannot be read does not keep the others from running.
PYTEST = (install.VENV_PYTHON, "-m", "pytest", "--continue-on-collection-errors")
# A process a core, and one for tests that wait for processes they killed, each with a database of
# its own; a module or class goes to one of them. Not for tests with a browser, which say what must
# be seen within a second.
PROCESSES = min(len(os.sched_getaffinity(0)) + 1, 4)
SHARED_OUT = (
    *("--numprocesses", str(PROCESSES)),
    *("--dist", "loadscope", "--no-loadscope-reorder"),
)
SLOWEST = ("-rfEs", "--durations=10", "--durations-min=2")
# pytest's exit code for "no test was selected".
NOTHING_SELECTED = 5
STOPPED = 130


def main(arguments: list[str]) -> int:
    """Run every part, also after one that failed; 0 only when all were good."""
    parts = Parts()
    with stage(parts) as prepared:
        run_lint(parts, prepared)
        codes = [
            run_on_sqlite(parts, prepared, arguments),
            run_on_mariadb(parts, prepared, arguments),
            run_in_browser(parts, prepared, arguments),
        ]
    # Of a choice of tests, some parts may have none.
    if arguments and set(codes) - {NOTHING_SELECTED}:
        codes = [code for code in codes if code != NOTHING_SELECTED]
    return next((code for code in codes if code), int(parts.failed))


def is_failure(code: int, arguments: list[str]) -> bool:
    """Whether pytest's exit code is bad; no test at all is, unless only some were asked for."""
    return code != 0 and not (arguments and code == NOTHING_SELECTED)


def run_lint(parts: Parts, prepared: Stage) -> None:
    """dev/lint.py with MariaDB at hand, so that Django's checks see both databases."""
    with parts.part("lint") as part:
        install.say("\nLint")
        part.failed = children.run(LINT, prepared.on_servers) != 0


def run_on_sqlite(parts: Parts, prepared: Stage, arguments: list[str]) -> int:
    """The tests of the apps (models, feed, messages) on SQLite, as `make run` uses it."""
    with parts.part("the apps' tests, on SQLite") as part:
        install.say("\nThe apps' tests on SQLite")
        command = [*PYTEST, *SHARED_OUT, *SLOWEST, "-m", "sqlite", *arguments]
        code = children.run(command, prepared.on_sqlite)
        part.failed = is_failure(code, arguments)
    return code


def run_on_mariadb(parts: Parts, prepared: Stage, arguments: list[str]) -> int:
    """All tests that bear others beside them."""
    with parts.part("all tests without a browser, on MariaDB") as part:
        install.say("\nTests on MariaDB and Redis")
        command = [*PYTEST, *SHARED_OUT, *SLOWEST, "-m", "not browser", *arguments]
        code = children.run(command, prepared.on_servers)
        part.failed = is_failure(code, arguments)
    return code


def run_in_browser(parts: Parts, prepared: Stage, arguments: list[str]) -> int:
    """Those that drive Chromium, one after another; pytest's exit code.

    They print the table of all parts, and pytest's closing line is the last of all.
    """
    install.say("\nTests in Chromium")
    variables = {**prepared.on_servers, VARIABLE: parts.dump()}
    options = ("-p", "dev.closing", *SLOWEST, "-m", "browser")
    return children.run([*PYTEST, *options, *arguments], variables)


if __name__ == "__main__":
    try:
        with children.stoppable():
            sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(STOPPED)
