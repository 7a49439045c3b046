"""`make screenshots`: the pages' pictures into docs/screenshots, by the tests of the looks."""

from __future__ import annotations

import os
import subprocess
import sys

from dev import install

FOLDER = install.ROOT / "docs" / "screenshots"


def main() -> int:
    """Run the tests of the looks and have them keep their pictures."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/browser/test_looks.py"]
    return subprocess.run(
        command, cwd=install.ROOT, env={**os.environ, "SCREENSHOTS_TO": str(FOLDER)}
    ).returncode


if __name__ == "__main__":
    install.use_venv("dev.screenshots")
    sys.exit(main())
