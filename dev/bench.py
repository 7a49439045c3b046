"""`make bench`: the measurements in tests/load, on throwaway servers; `ONLY=` names some."""

from __future__ import annotations

import os
import sys

from dev import children, install
from dev.parts import VARIABLE, Parts
from dev.stage import stage

FOLDER = install.ROOT / "tests" / "load"
NO_MEASUREMENTS = "There is no tests/load: nothing to measure."
# In the order of the files, with what they print, and warnings are no errors: they measure.
OPTIONS = (
    *("-m", "bench", "-s", "-p", "no:randomly", "-W", "default"),
    *("--override-ini", "python_files=bench_*.py test_*.py"),
    *("--override-ini", "faulthandler_timeout=0"),
)


def main() -> int:
    """Run the measurements one after another; those that fail make the exit code 1."""
    if not FOLDER.is_dir():
        sys.exit(NO_MEASUREMENTS)
    only = os.environ.get("ONLY", "")
    chosen = ["-k", only] if only else []
    parts = Parts()
    with stage(parts) as prepared:
        # pyproject.toml leaves the folder out of the tests; named here, it is in again.
        command = [install.VENV_PYTHON, "-m", "pytest", *OPTIONS, *chosen, "tests/load"]
        return children.run(command, {**prepared.on_servers, VARIABLE: parts.dump()})


if __name__ == "__main__":
    try:
        with children.stoppable():
            sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
