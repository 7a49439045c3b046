"""Answers of a bad day, over real HTTP, and the lines they leave in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from allauth.socialaccount import app_settings

from accounts.twitch import helix, oauth
from simulator.testing import Simulator

SLOW_SECONDS = 1.0
PATIENCE_SECONDS = 0.4

# Faults of the simulator (simulator/faults.py) that leave no usable answer.
BAD_HELIX = (
    *("helix_error", "helix_down", "rate_limited", "helix_garbage", "odd_status"),
    *("cut_off", "half_body", "helix_slow"),
)
BAD_OAUTH = (
    *("oauth_error", "oauth_down", "oauth_limited", "oauth_garbage", "odd_status"),
    *("cut_off", "half_body", "oauth_slow"),
)
# Those that are odd and good.
ODD = ("unknown_fields", "null_names", "nanoseconds")


@contextmanager
def bad_answer(simulator: Simulator, fault: str, path: str) -> Iterator[list[str]]:
    """The next answer on `path` is spoilt; the block's lines in the log, WARNING and above.

    Who gets a slow one has less patience than usual.
    """
    simulator.control.fault(fault, path=path)
    with lines() as found, patience_for(fault):
        yield found
    waiting = simulator.http.get(f"{simulator.url}/control/faults").json()["waiting"]
    assert waiting == [], "nobody asked"


@contextmanager
def patience_for(fault: str) -> Iterator[None]:
    """The usual time-outs, less where the fault is slowness."""
    if not fault.endswith("_slow"):
        yield
        return
    clients = (helix()._http, oauth()._http)
    before = [client.timeout for client in clients]
    for client in clients:
        client.timeout = PATIENCE_SECONDS
    with patch.object(app_settings, "REQUESTS_TIMEOUT", PATIENCE_SECONDS):
        yield
    for client, timeout in zip(clients, before, strict=True):
        client.timeout = timeout


class _Lines(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        # The simulator's server runs in this process and says when it had to hang up.
        if not record.name.startswith(("uvicorn", "simulator")):
            self._found.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def lines() -> Iterator[list[str]]:
    """What the block writes into the log, WARNING and above."""
    found: list[str] = []
    handler, root = _Lines(found), logging.getLogger()
    root.addHandler(handler)
    try:
        yield found
    finally:
        root.removeHandler(handler)


def begin_anew(simulator: Simulator) -> None:
    """The first day of the simulator, and nothing known of its points."""
    simulator.begin_anew()
    helix()._limits.clear()


def count(*models: Any) -> list[int]:
    """How many rows each has."""
    return [model.objects.count() for model in models]
