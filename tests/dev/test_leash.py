"""The leash: what was started on it ends with the command, even when that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dev import install
from dev.leash import VARIABLE, carriers, leash

# Starts a child in a session of its own, whose child is in yet another, and tells the word.
STARTS = """
import subprocess, sys, time
from dev.leash import leash
with leash() as held:
    nested = "import subprocess, time; subprocess.Popen(['sleep', '60'], start_new_session=True)"
    subprocess.Popen(
        [sys.executable, "-c", nested + "; time.sleep(60)"],
        env=held.environment(), start_new_session=True,
    )
    (held.folder / "data").write_text("some")
    print(held.word, held.folder, flush=True)
    time.sleep(float(sys.argv[1]))
"""


def start(seconds: float) -> tuple[subprocess.Popen[str], str, Path]:
    """A command that holds a leash for some time, its word and its folder."""
    command = subprocess.Popen(
        [sys.executable, "-c", STARTS, str(seconds)],
        cwd=install.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    word, folder = command.stdout.readline().split()
    wait_for_carriers(word, 2)
    return command, word, Path(folder)


def wait_for_carriers(word: str, number: int) -> None:
    """Wait up to 10 s until that many processes carry the word."""
    deadline = time.monotonic() + 10
    while len(carriers(word)) != number and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(carriers(word)) == number


def end(command: subprocess.Popen[str], signum: signal.Signals) -> int:
    command.send_signal(signum)
    command.communicate(timeout=10)
    return command.returncode


def test_all_ends_with_the_block() -> None:
    command, word, folder = start(0.5)
    command.communicate(timeout=10)
    assert command.returncode == 0
    assert carriers(word) == []
    assert not folder.exists()


def test_all_ends_when_the_command_is_killed() -> None:
    for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
        command, word, folder = start(60)
        assert end(command, signum) != 0
        wait_for_carriers(word, 0)
        deadline = time.monotonic() + 10
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not folder.exists()


def test_others_are_let_live() -> None:
    other = {**os.environ, VARIABLE: "another-word"}
    with subprocess.Popen(["sleep", "60"], env=other) as bystander:
        with leash():
            pass
        assert bystander.poll() is None
        bystander.kill()


def test_a_leash_within_a_leash_belongs_to_both() -> None:
    with leash() as outer, leash() as inner:
        variables = inner.environment(outer.environment())
        with subprocess.Popen(["sleep", "60"], env=variables) as child:
            wait_for_carriers(outer.word, 1)
            assert carriers(inner.word) == carriers(outer.word) == [child.pid]
            child.kill()
