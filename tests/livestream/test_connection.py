"""A connection by itself: clients that do not read, what happens between, and what is owed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import Mock, patch

from django.db import OperationalError
from django.test import SimpleTestCase
from django.utils import timezone
from starlette.websockets import WebSocketState

from livestream import connection, gateway, leasing, listening
from livestream.connection import Connection
from livestream.gateway import Gateway
from livestream.listening import Listening, Right
from livestream.models import Heard
from livestream.shares import Shares
from livestream.telling import Told
from livestream.topics import needs, parse
from streamwatch.live import tailer

MINE = "700000001"
AWAY = OperationalError(2002, "away")


def listening_on(text: str) -> Listening:
    topic = parse(text, resolve=lambda _login: None)
    user = Mock(pk=1, twitch_id=MINE)
    return Listening(text, topic, needs(topic, viewer_id=MINE), Right(user), timezone.now())


def prepared(texts: tuple[str, ...], **_right: str) -> list[Listening]:
    return [listening_on(text) for text in texts]


def told(one: Listening) -> Told:
    type_name, key = next(iter(one.keys))
    heard = Heard("m-1", type_name, key, timezone.now(), {})
    return Told("topic", heard=heard, changed_at=timezone.now())


class Client:
    """In the place of a WebSocket: reads what it is sent, or does not."""

    application_state = WebSocketState.CONNECTED

    def __init__(self) -> None:
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed_with: list[int] = []
        self.is_sent_something = asyncio.Event()
        self.is_reading = asyncio.Event()
        self.is_reading.set()

    async def receive(self) -> dict[str, Any]:
        return await self.says.get()

    async def send_text(self, text: str) -> None:
        self.is_sent_something.set()
        await self.is_reading.wait()
        self.heard.put_nowait(json.loads(text))

    async def close(self, code: int) -> None:
        await self.is_reading.wait()
        self.closed_with.append(code)

    async def say(self, kind: str, *topics: str) -> str:
        """The error word, "" for none."""
        frame = json.dumps({"type": kind, "nonce": "n", "data": {"topics": topics}})
        self.says.put_nowait({"type": "websocket.receive", "text": frame})
        return str((await self.heard.get())["error"])

    def go(self) -> None:
        self.says.put_nowait({"type": "websocket.disconnect"})


async def in_thread(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    await asyncio.sleep(0)
    return function(*args, **options)


class ConnectionCase(SimpleTestCase):
    def setUp(self) -> None:
        self.shares = Shares()
        self.enterContext(patch.object(connection, "SEND_SECONDS", 0.02))
        self.enterContext(patch.object(listening, "prepare", prepared))
        self.commit = self.enterContext(patch.object(listening, "commit"))
        self.release = self.enterContext(patch.object(leasing, "release"))

    def play(self, scene: Callable[[Client, Connection], Awaitable[None]]) -> Client:
        """Have it served while the scene goes on, until it has ended by itself."""

        async def run() -> Client:
            client = Client()
            one = Connection(
                client,  # type: ignore[arg-type]
                "session",
                in_thread=in_thread,
                asking=in_thread,
                shares=self.shares,
            )
            async with asyncio.timeout(5):
                serving = asyncio.create_task(one.run())
                await scene(client, one)
                await serving
            return client

        return asyncio.run(run())

    def released(self) -> list[set[tuple[str, str]]]:
        return [set(call.kwargs["keys"]) for call in self.release.call_args_list]


class SlowTests(ConnectionCase):
    def test_one_that_does_not_take_its_answer_is_given_up(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            client.is_reading.clear()
            client.says.put_nowait({"type": "websocket.receive", "text": '{"type":"PING"}'})

        assert self.play(scene).closed_with == []

    def test_so_is_one_that_takes_no_messages(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            assert await client.say("LISTEN", f"whispers.{MINE}") == ""
            client.is_reading.clear()
            one._stream.put(told(one.listenings[f"whispers.{MINE}"]))

        assert self.play(scene).closed_with == []
        assert not tailer._streams
        assert not self.shares._held

    def test_so_is_one_that_does_not_take_its_farewell(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            client.is_reading.clear()
            await one.reconnect()

        assert self.play(scene).closed_with == []

    def test_no_close_waits_for_it_either(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            client.says.put_nowait({"type": "websocket.receive", "text": "nonsense"})
            await client.heard.get()
            client.is_reading.clear()

        assert self.play(scene).closed_with == []

    def test_whoever_looks_after_all_waits_for_none_and_leases_end_first(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            assert await client.say("LISTEN", f"whispers.{MINE}") == ""
            client.is_reading.clear()
            over = Gateway()
            over._connections.add(one)
            with patch.object(over, "_keeping", in_thread):
                await over.look()
            assert one.listenings == {}
            assert client.heard.empty()
            client.is_reading.set()
            assert (await client.heard.get())["type"] == "AUTH_REVOKED"
            client.go()

        with (
            patch.object(connection, "SEND_SECONDS", 3600.0),
            patch.object(leasing, "renew", return_value={}),
            patch.object(leasing, "refused", return_value=set()),
            patch.object(listening, "lost", list),
        ):
            self.play(scene)
        assert self.released() == [{OwedTests.key}]


class TellingTests(ConnectionCase):
    cheers = (f"channel-bits-events-v1.{MINE}", f"channel-bits-events-v2.{MINE}")

    def test_what_is_let_go_while_another_is_told_is_told_no_more(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            assert await client.say("LISTEN", *self.cheers) == ""
            client.is_reading.clear()
            client.is_sent_something.clear()
            one._stream.put(told(one.listenings[self.cheers[0]]))
            await client.is_sent_something.wait()
            await one.revoke([one.listenings[self.cheers[1]]])
            client.is_reading.set()
            assert (await client.heard.get())["data"]["topic"] == self.cheers[0]
            assert (await client.heard.get())["type"] == "AUTH_REVOKED"
            assert await client.say("UNLISTEN", self.cheers[0]) == ""
            client.go()

        with patch.object(connection, "SEND_SECONDS", 5.0):
            assert self.play(scene).closed_with == []

    def test_one_that_could_not_be_told_comes_again(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            assert await client.say("LISTEN", f"whispers.{MINE}") == ""
            one._stream.put(told(one.listenings[f"whispers.{MINE}"]))
            assert await client.heard.get() == {"type": "RECONNECT"}

        with patch.object(connection, "shaped", side_effect=ValueError), self.assertLogs() as logs:
            assert self.play(scene).closed_with == [connection.LATER]
        assert "by a defect" in logs.output[0]


class OwedTests(ConnectionCase):
    """What could not be released is, later."""

    whispers = f"whispers.{MINE}"
    key = ("user.whisper.message", f"user_id={MINE}")

    def test_what_was_let_go_while_the_database_was_away(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            assert await client.say("LISTEN", self.whispers) == ""
            self.release.side_effect = AWAY
            assert await client.say("UNLISTEN", self.whispers) == "ERR_SERVER"
            assert await client.say("UNLISTEN", self.whispers) == ""
            self.release.reset_mock(side_effect=True)
            assert one.gone == {self.key}
            await one.settle()
            assert one.gone == set()
            client.go()

        self.play(scene)
        assert self.released() == [{self.key}]

    def test_what_may_have_been_leased_when_the_database_went_away(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            self.commit.side_effect = AWAY
            assert await client.say("LISTEN", self.whispers) == "ERR_SERVER"
            client.go()

        self.play(scene)
        assert self.released() == [{self.key}]

    def test_not_what_is_listened_on_again(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            for kind in ("LISTEN", "UNLISTEN", "LISTEN"):
                assert await client.say(kind, self.whispers) == ""
            self.release.reset_mock()
            await one.settle()
            client.go()

        self.play(scene)
        self.release.assert_not_called()


class RenewingTests(ConnectionCase):
    def test_what_is_let_go_while_it_is_renewed_stays_gone(self) -> None:
        async def scene(client: Client, one: Connection) -> None:
            topic = f"whispers.{MINE}"
            assert await client.say("LISTEN", topic, *TellingTests.cheers) == ""
            over = Gateway()
            over._connections.add(one)

            async def renewing(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
                if function is leasing.renew:
                    assert await client.say("UNLISTEN", topic) == ""
                    self.release.reset_mock()
                    return {one.number: {("stream.online", "broadcaster_user_id=1")}}
                return await in_thread(function, *args, **options)

            with (
                patch.object(over, "_keeping", renewing),
                patch.object(leasing, "renew"),
                patch.object(leasing, "refused", return_value=set()),
            ):
                await over.look(check=False)
            client.go()

        with patch.object(gateway, "LOOK_SECONDS", 3600.0):
            self.play(scene)
        assert self.released() == [{OwedTests.key, ("stream.online", "broadcaster_user_id=1")}]
