"""The ends of `make run`: Ctrl-C stops all; one that dies stops the rest and is named."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev import install, processes
from tests import environment

# `dev.processes` with small commands in the place of app, worker and simulator.
COMMAND = """
import json, sys
from pathlib import Path
from dev import environment, processes
processes.COMMANDS = json.loads(sys.argv[1])
plan = environment.plan({"PORT": "1", "SIMULATOR_PORT": "2"}, Path(sys.argv[2]))
sys.exit(processes.start(plan))
"""
# Tells its process id in a file, has a child as Celery's worker has, and stops when asked to.
STAYS = """
import os, pathlib, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
def stop(*_):
    child.kill(); child.wait(); print(f"{name} has stopped", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(f"{name} is up", flush=True)
(pathlib.Path(folder) / name).write_text(str(os.getpid()))
time.sleep(60)
"""
DIES = 'import sys, time; print("all is lost", file=sys.stderr); sys.exit(3)'
KILLED = 'import os; print("nobody expects this", flush=True); os.kill(os.getpid(), 9)'


def stays(name: str, folder: Path) -> str:
    return f"name, folder = {name!r}, {str(folder)!r}{STAYS}"


@contextmanager
def started(tmp_path: Path, **codes: str) -> Iterator[subprocess.Popen[str]]:
    """A real `dev.processes.start` for the named pieces of Python."""
    commands = {
        name: f"exec {sys.executable} -u -c {shlex.quote(code)}" for name, code in codes.items()
    }
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, json.dumps(commands), str(tmp_path / "var")],
        cwd=install.ROOT,
        env=environment.bare(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def wait_until_up(folder: Path, *names: str) -> list[int]:
    """The ids of the processes that stay, as soon as they have told them."""
    deadline = time.monotonic() + 20
    while not all((folder / name).is_file() and (folder / name).read_text() for name in names):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int((folder / name).read_text()) for name in names]


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("to_group", [True, False])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all(tmp_path: Path, signum: signal.Signals, to_group: bool) -> None:
    names = ("app", "worker", "simulator")
    with started(tmp_path, **{name: stays(name, tmp_path) for name in names}) as command:
        pids = wait_until_up(tmp_path, *names)
        if to_group:
            os.killpg(command.pid, signum)
        else:
            command.send_signal(signum)
        out, err = command.communicate(timeout=20)
    assert command.returncode == 0, err
    assert "StreamWatch stopped because" not in err
    assert all(f"{name} has stopped" in out for name in names)
    assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (DIES, "its worker ended by itself with exit code 3; the last line it wrote: all is lost"),
        (KILLED, "its worker was killed by SIGKILL; the last line it wrote: nobody expects this"),
    ],
)
def test_one_that_dies_stops_the_rest_and_is_named(tmp_path: Path, code: str, reason: str) -> None:
    # Its end waits for the others, so that these are there to be stopped.
    waits = (
        "import pathlib, time\n"
        f"while not all((pathlib.Path({str(tmp_path)!r}) / n).exists() for n in"
        " ('app', 'simulator')): time.sleep(0.02)\n"
    )
    others = {name: stays(name, tmp_path) for name in ("app", "simulator")}
    with started(tmp_path, worker=waits + code, **others) as command:
        pids = wait_until_up(tmp_path, "app", "simulator")
        _out, err = command.communicate(timeout=20)
    assert command.returncode == 1
    assert err.splitlines()[-1] == f"StreamWatch stopped because {reason}"
    assert not any(alive(pid) for pid in pids)


def test_endings_are_told_in_words() -> None:
    assert processes.ending(-signal.SIGSEGV) == "was killed by SIGSEGV"
    assert processes.ending(0) == "ended by itself with exit code 0"


def test_a_signal_waits_for_the_end_of_the_block() -> None:
    seen: list[str] = []

    def interrupted() -> None:
        with processes.signals_put_off():
            os.kill(os.getpid(), signal.SIGINT)
            seen.append("the block went on")
        seen.append("too late")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == ["the block went on"]
