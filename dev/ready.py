"""Tells when StreamWatch answers, and before that whether its ports are free."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Iterable

from dev import ports

PATIENCE_SECONDS = 120
PORT_TAKEN = (
    "Port {port} is taken by another program: stop that, or choose other ports, for example"
    " `make run PORT=8100 SIMULATOR_PORT=8101`."
)
NOT_READY = "StreamWatch does not answer after {seconds} s: look for the reason in the lines above."


def refuse_taken_ports(wanted: Iterable[int]) -> None:
    """End the command with one sentence when one of the ports is in use."""
    for port in wanted:
        if ports.taken(port):
            sys.exit(PORT_TAKEN.format(port=port))


def announce(health: dict[int, str], sentences: tuple[str, ...]) -> None:
    """Print `sentences` as soon as each port answers 200 at its path."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = dict(health)
    while waiting and time.monotonic() < deadline:
        waiting = {port: path for port, path in waiting.items() if not answers(port, path)}
        time.sleep(0.1 if waiting else 0)
    lines = (NOT_READY.format(seconds=PATIENCE_SECONDS),) if waiting else sentences
    print("\n".join(lines), flush=True)


def answers(port: int, path: str) -> bool:
    """True when http://localhost:`port``path` answers 200 within 2 s."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
