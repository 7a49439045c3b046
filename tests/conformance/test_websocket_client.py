"""Another project's client of EventSub over WebSocket, against the simulator."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.testing import Simulator, wait_for
from tests.simulator.sockets import listed

CLIENT = Path(__file__).parent / "websocket_client.py"
SCOPES = ("user:read:whispers", "moderator:read:followers")


@pytest.fixture
def listener(simulator: Simulator) -> Iterator[subprocess.Popen[str]]:
    """A process in which twitchAPI listens with Ada's token; it ends in the end."""
    tokens = simulator.log_in("ada_streams", *SCOPES)
    process = subprocess.Popen(
        [
            sys.executable,
            str(CLIENT),
            simulator.url,
            simulator.client_id,
            simulator.client_secret,
            tokens["access_token"],
            tokens["refresh_token"],
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_listens_reconnects_subscribes_anew_and_is_revoked(
    simulator: Simulator, listener: subprocess.Popen[str]
) -> None:
    def hear() -> dict[str, Any]:
        assert listener.stdout is not None
        line: dict[str, Any] = json.loads(listener.stdout.readline())
        return line

    def enabled() -> list[str]:
        mine = listed(simulator, token)
        return [one["id"] for one in mine if one["status"] == "enabled"]

    assert hear() == {"conflict": "subscription already exists"}
    token = simulator.log_in("ada_streams")["access_token"]
    simulator.control.event("stream.online", "ada_streams")
    assert hear()["event"]["broadcaster_user_login"] == "ada_streams"
    simulator.control.event("user.whisper.message", "bob_watches", to="ada_streams", text="psst")
    simulator.control.event("channel.follow", "ada_streams", user="dan_plays")
    assert [hear()["type"] for _ in range(2)] == ["user.whisper.message", "channel.follow"]

    before = enabled()
    simulator.control.fault("ws_reconnect")
    simulator.control.event("stream.online", "ada_streams")
    assert hear()["type"] == "stream.online"
    assert enabled() == before

    simulator.control.fault("ws_drop")
    wait_for(lambda: len(set(enabled()) - set(before)) == 3, "its subscribing anew")
    simulator.control.event("channel.follow", "ada_streams", user="hana_games")
    assert hear()["event"]["user_login"] == "hana_games"

    simulator.control.event("user.authorization.revoke", "ada_streams")
    assert [hear() for _ in range(3)] == [{"revoked": "authorization_revoked"}] * 3
    listener.communicate(timeout=10)
    assert listener.returncode == 0
