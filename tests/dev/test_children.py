"""Ctrl-C and other ends of `make test`: its child tidies up, then the code says so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from dev import children, install

# The command: as dev/test.py it runs one long child and stops in order.
COMMAND = """
import os, sys
from dev import children
children.TIDYING_SECONDS = float(sys.argv[1])
try:
    with children.stoppable():
        sys.exit(children.run([sys.executable, "-c", sys.argv[2]], os.environ))
except KeyboardInterrupt:
    print("stopped", flush=True)
    sys.exit(130)
"""
TIDIES = """
import time
print("up", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.2)
    print("tidied up", flush=True)
"""
DOES_NOT = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def stopped_by(signum: signal.Signals, child: str, *, patience: float, to_group: bool) -> str:
    """What the command and its child print after a signal; the code has to be 130."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(patience), child],
        cwd=install.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "up\n"
        if to_group:
            os.killpg(command.pid, signum)
        else:
            command.send_signal(signum)
        printed, _ = command.communicate(timeout=20)
    assert command.returncode == 130
    return printed


@pytest.mark.parametrize("to_group", [True, False])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_child_tidies_up_first(signum: signal.Signals, to_group: bool) -> None:
    printed = stopped_by(signum, TIDIES, patience=20, to_group=to_group)
    assert printed == "tidied up\nstopped\n"


def test_a_child_that_does_not_listen_is_killed() -> None:
    started = time.monotonic()
    assert stopped_by(signal.SIGINT, DOES_NOT, patience=0.3, to_group=True) == "stopped\n"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("code", [0, 1, 3])
def test_the_childs_code_is_told(code: int) -> None:
    command = [sys.executable, "-c", f"raise SystemExit({code})"]
    assert children.run(command, os.environ) == code


def test_the_child_has_nothing_to_read() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"]
    assert children.run(command, os.environ) == 0


def test_signals_are_the_main_threads() -> None:
    refused: list[RuntimeError] = []

    def elsewhere() -> None:
        try:
            with children.stoppable():
                pass
        except RuntimeError as error:
            refused.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert len(refused) == 1


def test_the_handlers_are_put_back() -> None:
    before = [signal.getsignal(one) for one in children.STOPPED_BY]
    with children.stoppable():
        assert [signal.getsignal(one) for one in children.STOPPED_BY] != before
    assert [signal.getsignal(one) for one in children.STOPPED_BY] == before
