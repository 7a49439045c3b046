"""A client of EventSub's WebSocket, as another program has one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from simulator.testing import Simulator
from tests.simulator.callbacks import VERSION_2

PATIENCE_SECONDS = 10


class Socket:
    """One connection; `id` is that of its session."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.welcome = self.read("session_welcome")
        self.session: dict[str, Any] = self.welcome["payload"]["session"]
        self.id: str = self.session["id"]

    def read(self, kind: str) -> dict[str, Any]:
        """The next message of a kind; keepalives before it are passed over."""
        while True:
            found: dict[str, Any] = json.loads(self.connection.recv(PATIENCE_SECONDS))
            told = found["metadata"]["message_type"]
            if told == kind:
                return found
            assert told == "session_keepalive", found

    def close_code(self) -> int | None:
        """The code with which Twitch closes; None when it does so without a word."""
        try:
            while True:
                self.connection.recv(PATIENCE_SECONDS)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@contextmanager
def connected(simulator: Simulator, query: str = "", url: str = "") -> Iterator[Socket]:
    """A connection that has been welcomed."""
    address = url or f"{simulator.url.replace('http', 'ws', 1)}/ws{query}"
    with connect(address, proxy=None, close_timeout=1) as connection:
        yield Socket(connection)


def body_for(socket: Socket, kind: str, **condition: str) -> dict[str, Any]:
    """The body that asks for a subscription, typed from Twitch's reference."""
    return {
        "type": kind,
        "version": "2" if kind in VERSION_2 else "1",
        "condition": condition,
        "transport": {"method": "websocket", "session_id": socket.id},
    }


def ask(simulator: Simulator, token: str, body: dict[str, Any]) -> httpx.Response:
    """Ask for a subscription with a token."""
    return simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)


def subscribe(
    simulator: Simulator, token: str, socket: Socket, kind: str, **condition: str
) -> dict[str, Any]:
    """A subscription on the socket, as Helix shows it."""
    answer = ask(simulator, token, body_for(socket, kind, **condition))
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()["data"][0]
    return found


def listed(simulator: Simulator, token: str) -> list[dict[str, Any]]:
    """What Helix lists for a user token."""
    answer = simulator.helix("GET", "/eventsub/subscriptions", token=token)
    found: list[dict[str, Any]] = answer.json()["data"]
    return found
