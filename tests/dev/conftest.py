"""A small copy of the clone, in which the commands can be started for real."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev import install, ports
from tests import environment

Make = Callable[..., "subprocess.CompletedProcess[str]"]
PythonWith = Callable[[str], str]

# Started as `<file> -m dev.run`: does something to this Python, then what was asked.
PYTHON = """\
#!{python}
import runpy, sys
sys.path[0] = ""
{lines}
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Makefile, dev/ and the lists: enough for a command to get as far as installing."""
    folder = tmp_path / "clone"
    for name in ("dev", "requirements"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(install.ROOT / name, folder / name, ignore=ignored)
    for name in ("Makefile", "package.json", "package-lock.json"):
        shutil.copy(install.ROOT / name, folder)
    return folder


@pytest.fixture
def make(copy: Path) -> Make:
    """`make("run", PORT="8100")`: the command in the copy, with a person's environment."""
    port, simulator_port = map(str, ports.free(2))

    def run(target: str, **given: str) -> subprocess.CompletedProcess[str]:
        variables = {"PORT": port, "SIMULATOR_PORT": simulator_port, **given}
        return subprocess.run(
            ["make", target, f"PYTHON={variables.pop('PYTHON', sys.executable)}"],
            cwd=copy,
            env={**environment.bare(), **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def python_with(tmp_path: Path) -> PythonWith:
    """`python_with("sys.version_info = ...")`: a program like python3 that ran that line first."""

    def write(lines: str) -> str:
        program = tmp_path / "python3"
        program.write_text(PYTHON.format(python=sys.executable, lines=lines))
        program.chmod(0o755)
        return str(program)

    return write
