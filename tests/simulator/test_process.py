"""`python -m simulator`, as `make run` starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from simulator.config import BadConfig, from_environment
from simulator.testing import wait_for

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20


def variables(state: Path, **more: str) -> dict[str, str]:
    """A bare environment with what the simulator must be told."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = {
        "SIMULATOR_CLIENT_ID": "client",
        "SIMULATOR_CLIENT_SECRET": "secret",
        "SIMULATOR_STATE": str(state),
        "SIMULATOR_STREAMERS": "40",
    }
    return {name: text for name, text in {**kept, **told, **more}.items() if text}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def started(state: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The process, as soon as it has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"],
        cwd=ROOT,
        env=variables(state, SIMULATOR_PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line == f"The local Twitch is ready: http://localhost:{port}\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_ends_with_0_and_silently_when_it_is_told_to_stop(
    tmp_path: Path, how: signal.Signals
) -> None:
    port = free_port()
    with started(tmp_path / "state.sqlite3", port) as process:
        assert httpx.get(f"http://localhost:{port}/health", trust_env=False).status_code == 200
        process.send_signal(how)
        # The terminal's Ctrl-C arrives together with honcho's SIGTERM.
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, said, complained) == (0, "", "")


def test_open_windows_do_not_hold_up_the_end(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        process = stack.enter_context(started(tmp_path / "state.sqlite3", port))
        for path in ("/ws", "/embed/ada_streams/chat/lines"):
            stack.enter_context(connect(f"ws://localhost:{port}{path}", proxy=None))
        process.send_signal(signal.SIGTERM)
        _, complained = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, complained) == (0, "")


def test_a_slow_answer_does_not_hold_up_the_end(tmp_path: Path) -> None:
    port = free_port()
    control = f"http://localhost:{port}/control/faults"
    with started(tmp_path / "state.sqlite3", port) as process:
        httpx.post(control, json={"fault": "helix_slow"}, trust_env=False)
        waiting = threading.Thread(target=ask_helix, args=(port,))
        waiting.start()
        # Used up as soon as the call has arrived.
        wait_for(lambda: not httpx.get(control, trust_env=False).json()["waiting"], "the call")
        process.send_signal(signal.SIGTERM)
        _, complained = process.communicate(timeout=5)
        waiting.join()
        assert (process.returncode, complained) == (0, "")


def ask_helix(port: int) -> None:
    """A call that the fault makes slow; whether it is answered in the end does not matter."""
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(f"http://localhost:{port}/helix/users", trust_env=False, timeout=15)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SIMULATOR_CLIENT_ID": ""}, "SIMULATOR_CLIENT_ID is not set"),
        ({"SIMULATOR_PORT": "99999"}, "SIMULATOR_PORT must be a port"),
        ({"SIMULATOR_SPEED": "fast"}, "SIMULATOR_SPEED must be a number"),
    ],
)
def test_tells_in_a_sentence_why_it_cannot_start(
    tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    done = run_in_vain(tmp_path, **change)
    assert done.returncode == 1
    assert done.stderr.startswith("The local Twitch cannot start: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_tells_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_in_vain(tmp_path, SIMULATOR_PORT=str(port))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}: Address already in use" in done.stderr


def run_in_vain(tmp_path: Path, **change: str) -> subprocess.CompletedProcess[str]:
    """The process that ends by itself."""
    return subprocess.run(
        [sys.executable, "-m", "simulator"],
        cwd=ROOT,
        env=variables(tmp_path / "state.sqlite3", **change),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_what_the_environment_says() -> None:
    told = {
        "SIMULATOR_CLIENT_ID": "client",
        "SIMULATOR_CLIENT_SECRET": "secret",
        "SIMULATOR_STREAMERS": "15000",
        "SIMULATOR_MAX_TOTAL_COST": "100",
        "SIMULATOR_POINTS_A_MINUTE": "8000",
        "SIMULATOR_SOCKET_PACE": "5",
        "SIMULATOR_RETRY_PACE": "4",
    }
    config = from_environment(told)
    assert (config.streamers, config.max_total_cost, config.points_a_minute) == (15_000, 100, 8_000)
    assert (config.socket_pace, config.retry_delays) == (5, (1.25, 3.75, 7.5, 15, 30))
    usual = from_environment({name: told[name] for name in list(told)[:2]})
    assert (usual.streamers, usual.max_total_cost, usual.points_a_minute) == (300, 10_000, 800)
    assert (usual.socket_pace, usual.retry_delays) == (1, (5, 15, 30, 60, 120))
    with pytest.raises(BadConfig, match="SIMULATOR_POINTS_A_MINUTE"):
        from_environment({**told, "SIMULATOR_POINTS_A_MINUTE": "many"})
