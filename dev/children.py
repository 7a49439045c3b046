"""Runs the long commands of `make test` and `make bench`: Ctrl-C lets them tidy up first."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

TIDYING_SECONDS = 30
STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: Sequence[object], variables: Mapping[str, str]) -> int:
    """Run `command` to its end and return its exit code.

    It has a process group of its own, so that the terminal's Ctrl-C reaches it once, from here,
    and not its children beneath it. It gets 30 s to stop them; a second Ctrl-C is not so patient.
    """
    with subprocess.Popen(
        [str(word) for word in command],
        env=variables,
        # Nothing may wait for an answer, least of all in CI.
        stdin=subprocess.DEVNULL,
        process_group=0,
    ) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            child.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                child.wait(TIDYING_SECONDS)
            raise
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the block SIGTERM and SIGHUP act as Ctrl-C does: everything is stopped in order.

    SIGINT too where it was ignored, as in a shell's background; children inherit that no more.
    """

    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("signals can be handled in the main thread only")
    before = {one: signal.signal(one, stop) for one in STOPPED_BY}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
