"""EventSub over WebSocket: what is sent, and how it ends. TWITCH.md section 4."""

from __future__ import annotations

import re
import socket as sockets
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from simulator.testing import Simulator, running, wait_for
from tests.simulator.sockets import Socket, connected, listed, subscribe

ADA, BOB = "700000001", "700000002"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
# So fast that ten seconds of a socket take a fifth of one.
PACE = 50.0


@pytest.fixture(scope="module")
def hasty_again() -> Iterator[Simulator]:
    """The simulator behind `hasty`."""
    with running(socket_pace=PACE) as started:
        yield started


@pytest.fixture
def hasty(hasty_again: Simulator) -> Simulator:
    """One whose sockets' times pass quickly."""
    hasty_again.begin_anew()
    return hasty_again


@pytest.fixture
def ada(simulator: Simulator) -> str:
    """A token of Ada's."""
    return str(simulator.log_in("ada_streams", "user:read:email")["access_token"])


def statuses(simulator: Simulator, token: str) -> list[str]:
    """The statuses of the user's subscriptions."""
    return [one["status"] for one in listed(simulator, token)]


class TestWelcome:
    def test_tells_the_session(self, simulator: Simulator) -> None:
        with connected(simulator) as socket:
            metadata, session = socket.welcome["metadata"], dict(socket.session)
        assert set(metadata) == {"message_id", "message_type", "message_timestamp"}
        assert STAMP.fullmatch(metadata["message_timestamp"])
        assert STAMP.fullmatch(session.pop("connected_at"))
        assert session.pop("id")
        assert session == {
            "status": "connected", "keepalive_timeout_seconds": 10, "reconnect_url": None,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("asked", "told"),
        [("30", 30), ("1", 10), ("-5", 10), ("601", 600), ("1e9", 600), ("soon", 10), ("nan", 10)],
    )
    def test_the_keepalive_asked_for_is_held_within_bounds(
        self, shared: Simulator, asked: str, told: int
    ) -> None:
        with connected(shared, f"?keepalive_timeout_seconds={asked}") as socket:
            assert socket.session["keepalive_timeout_seconds"] == told


class TestNotifications:
    def test_carry_what_a_callback_gets_too(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            made = subscribe(simulator, ada, socket, "channel.raid", to_broadcaster_user_id=ADA)
            ids = simulator.control.event("channel.raid", "bob_watches", to="ada_streams")
            told = socket.read("notification")
        assert told["metadata"] | {"message_timestamp": ""} == {
            "message_id": ids[0],
            "message_type": "notification",
            "message_timestamp": "",
            "subscription_type": "channel.raid",
            "subscription_version": "1",
        }
        assert told["payload"]["event"]["from_broadcaster_user_login"] == "bob_watches"
        assert told["payload"]["subscription"] == {
            "id": made["id"],
            "status": "enabled",
            "type": "channel.raid",
            "version": "1",
            "condition": {"to_broadcaster_user_id": ADA},
            "created_at": made["created_at"],
            "transport": {"method": "websocket", "session_id": socket.id},
            "cost": 0,
        }
        (settled,) = simulator.control.settled(ids)
        assert (settled["state"], settled["answer"]) == ("delivered", "taken")

    def test_a_whisper(self, simulator: Simulator) -> None:
        token = simulator.log_in("bob_watches", "user:read:whispers")["access_token"]
        with connected(simulator) as socket:
            subscribe(simulator, token, socket, "user.whisper.message", user_id=BOB)
            simulator.control.event(
                "user.whisper.message", "ada_streams", to="bob_watches", text="psst 🤫"
            )
            event = socket.read("notification")["payload"]["event"]
        assert event | {"whisper_id": ""} == {
            "from_user_id": ADA,
            "from_user_login": "ada_streams",
            "from_user_name": "Ada_Streams",
            "to_user_id": BOB,
            "to_user_login": "bob_watches",
            "to_user_name": "Bob_Watches",
            "whisper_id": "",
            "whisper": {"text": "psst 🤫"},
        }

    def test_come_in_order_to_every_socket(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as one, connected(simulator) as other:
            for socket in (one, other):
                subscribe(simulator, ada, socket, "channel.update", broadcaster_user_id=ADA)
            titles = [f"title {number}" for number in range(5)]
            for title in titles:
                simulator.control.event("channel.update", "ada_streams", title=title)
            for socket in (one, other):
                told = [socket.read("notification")["payload"]["event"] for _ in titles]
                assert [event["title"] for event in told] == titles

    def test_repeated_lost_and_out_of_order_by_order(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "channel.update", broadcaster_user_id=ADA)
            ids = []
            for fault in ("out_of_order", "lost", "repeated"):
                simulator.control.fault(fault)
                ids += simulator.control.event("channel.update", "ada_streams", title=fault)
            told = [socket.read("notification")["metadata"]["message_id"] for _ in range(3)]
        assert told == [ids[2], ids[2], ids[0]]


class TestRevocation:
    def test_when_the_user_disconnects_the_client(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            made = subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=BOB)
            simulator.control.event("user.authorization.revoke", "ada_streams")
            told = socket.read("revocation")
        assert told["metadata"]["subscription_type"] == "stream.online"
        assert set(told["payload"]) == {"subscription"}
        assert told["payload"]["subscription"]["id"] == made["id"]
        assert told["payload"]["subscription"]["status"] == "authorization_revoked"

    def test_of_somebody_else_says_nothing_here(self, simulator: Simulator, ada: str) -> None:
        simulator.log_in("bob_watches")
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=ADA)
            simulator.control.event("user.authorization.revoke", "bob_watches")
            simulator.control.event("stream.online", "ada_streams")
            assert socket.read("notification")


class TestEnds:
    def test_what_a_client_says_closes_with_4001(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=ADA)
            socket.connection.send("hello?")
            assert socket.close_code() == 4001
        assert statuses(simulator, ada) == ["websocket_received_inbound_traffic"]

    def test_without_a_subscription_in_time_it_is_4003(self, hasty: Simulator) -> None:
        with connected(hasty) as socket:
            assert socket.session["keepalive_timeout_seconds"] == 1
            assert socket.close_code() == 4003

    def test_keepalives_come_while_nothing_happens(self, hasty: Simulator) -> None:
        token = hasty.log_in("ada_streams")["access_token"]
        with connected(hasty) as socket:
            subscribe(hasty, token, socket, "stream.online", broadcaster_user_id=ADA)
            for _ in range(3):
                assert socket.read("session_keepalive")["payload"] == {}
            hasty.control.event("stream.online", "ada_streams")
            assert socket.read("notification")

    def test_a_client_that_goes_is_disconnected_and_forgotten(
        self, simulator: Simulator, ada: str
    ) -> None:
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=ADA)
        wait_for(
            lambda: statuses(simulator, ada) == ["websocket_disconnected"], "the end being noticed"
        )
        (gone,) = listed(simulator, ada)
        assert gone["transport"]["disconnected_at"] >= gone["transport"]["connected_at"]
        assert simulator.control.event("stream.online", "ada_streams") == []
        simulator.advance(61)
        assert listed(simulator, ada) == []

    def test_without_a_pong_it_is_4002(self) -> None:
        with running(ping_seconds=0.1) as simulator:
            token = simulator.log_in("ada_streams")["access_token"]
            port = int(simulator.url.rpartition(":")[2])
            with sockets.create_connection(("127.0.0.1", port), timeout=10) as raw:
                raw.sendall(
                    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                )
                said = b""
                while piece := raw.recv(4096):
                    said += piece
            assert b"\x0f\xa2failed ping pong" in said  # 4002
            assert listed(simulator, token) == []

    @pytest.mark.parametrize("code", range(4000, 4008))
    def test_each_code_by_order(self, simulator: Simulator, code: int) -> None:
        with connected(simulator) as socket:
            simulator.control.fault(f"ws_close_{code}")
            assert socket.close_code() == code

    def test_a_cut_without_a_word_by_order(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=ADA)
            simulator.control.fault("ws_drop")
            assert socket.close_code() is None
        assert statuses(simulator, ada) == ["websocket_network_error"]

    def test_silence_by_order(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as socket:
            subscribe(simulator, ada, socket, "stream.online", broadcaster_user_id=ADA)
            simulator.control.fault("ws_silent")
            ids = simulator.control.event("stream.online", "ada_streams")
            (settled,) = simulator.control.settled(ids)
            assert settled["state"] == "failed"
            assert statuses(simulator, ada) == ["enabled"]
            simulator.control.fault("ws_close_4000")
            with pytest.raises(ConnectionClosed):
                socket.connection.recv(10)

    def test_a_restart_leaves_none(self, tmp_path: Path) -> None:
        state = tmp_path / "state.sqlite3"
        with running(state=state) as simulator:
            token = simulator.log_in("ada_streams")["access_token"]
            with connected(simulator) as socket:
                subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=ADA)
        with running(state=state) as simulator:
            assert statuses(simulator, token) == ["websocket_disconnected"]


class TestReconnect:
    def asked(self, simulator: Simulator, socket: Socket) -> str:
        """The address at which to go on."""
        simulator.control.fault("ws_reconnect")
        session = socket.read("session_reconnect")["payload"]["session"]
        assert (session["id"], session["status"]) == (socket.id, "reconnecting")
        assert session["keepalive_timeout_seconds"] is None
        return str(session["reconnect_url"])

    def test_carries_the_subscriptions_over(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as old:
            made = subscribe(simulator, ada, old, "stream.online", broadcaster_user_id=ADA)
            url = self.asked(simulator, old)
            simulator.control.event("stream.online", "ada_streams")
            assert old.read("notification")  # the old one serves until the new one is welcomed
            with connected(simulator, url=url) as new:
                assert new.session["status"] == "connected"
                assert new.id == old.id
                old.connection.close()
                simulator.control.event("stream.online", "ada_streams")
                told = new.read("notification")["payload"]["subscription"]
                assert told["id"] == made["id"]
                assert statuses(simulator, ada) == ["enabled"]

    def test_the_old_connection_is_closed_with_4004(self, hasty: Simulator) -> None:
        token = hasty.log_in("ada_streams")["access_token"]
        with connected(hasty) as old:
            subscribe(hasty, token, old, "stream.online", broadcaster_user_id=ADA)
            with connected(hasty, url=self.asked(hasty, old)):
                assert old.close_code() == 4004
                assert statuses(hasty, token) == ["enabled"]

    def test_who_does_not_come_in_time_has_lost_the_session(self, hasty: Simulator) -> None:
        token = hasty.log_in("ada_streams")["access_token"]
        with connected(hasty) as old:
            subscribe(hasty, token, old, "stream.online", broadcaster_user_id=ADA)
            url = self.asked(hasty, old)
            assert old.close_code() == 4004
        assert statuses(hasty, token) == ["websocket_failed_to_reconnect"]
        assert closed_at_once(url) == 4007

    def test_an_address_is_good_once(self, simulator: Simulator, ada: str) -> None:
        with connected(simulator) as old:
            subscribe(simulator, ada, old, "stream.online", broadcaster_user_id=ADA)
            url = self.asked(simulator, old)
            with connected(simulator, url=url):
                assert closed_at_once(url) == 4007
        assert closed_at_once(f"{url}x") == 4007
        assert closed_at_once(f"{url.partition('=')[0]}=%C3%BC") == 4007


def closed_at_once(url: str) -> int | None:
    """The code that comes in the welcome's place."""
    with connect(url, proxy=None) as connection, pytest.raises(ConnectionClosed) as closed:
        connection.recv(10)
    return closed.value.rcvd.code if closed.value.rcvd else None
