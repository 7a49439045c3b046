"""`make` itself, started where it cannot work: one sentence that says what to do."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.dev.conftest import Make, PythonWith


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence before make's own closing line."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    assert done.returncode != 0
    return lines[0]


@pytest.mark.parametrize("name", ["PORT", "SIMULATOR_PORT"])
def test_a_taken_port(make: Make, copy: Path, name: str) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = str(listening.getsockname()[1])
        sentence = said(make("run", **{name: port}))
    assert sentence.startswith(f"Port {port} is taken by another program: stop that, or choose")
    # Told before a minute is spent on installing.
    assert not (copy / ".venv").exists()


def test_half_a_client(make: Make) -> None:
    sentence = said(make("run", TWITCH_CLIENT_ID="an-id"))
    assert sentence.startswith("Only TWITCH_CLIENT_ID is set: set TWITCH_CLIENT_SECRET too")


def test_no_python(make: Make) -> None:
    sentence = said(make("run", PYTHON="python-that-is-not-here"))
    assert "install the packages python3 and python3-venv" in sentence


@pytest.mark.parametrize("target", ["run", "test", "lint", "bench"])
def test_an_old_python(make: Make, python_with: PythonWith, target: str) -> None:
    python = python_with("sys.version_info = (3, 10, 13, 'final', 0)")
    sentence = said(make(target, PYTHON=python))
    assert sentence == (
        "StreamWatch needs Python 3.11 or newer, and python3 is 3.10: install a newer one and name"
        " it, for example `make run PYTHON=python3.12`."
    )


def test_a_python_without_venv(make: Make, python_with: PythonWith, copy: Path) -> None:
    """As on Debian without python3-venv."""
    python = python_with("sys.modules['ensurepip'] = None")
    sentence = said(make("run", PYTHON=python))
    assert "install the package python3-venv" in sentence
    assert not (copy / ".venv").exists()
