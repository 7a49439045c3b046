"""The tailer: what changed reaches the streams of its streamer, once, and a slow page is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.test import override_settings
from django.utils import timezone

from streamwatch import live, wakeups
from streamwatch.live import RESYNC, WAITING_EVENTS, Address, Change, Event, Stream, Tailer

LONG_ENOUGH = 5.0
A_MOMENT = 0.6


class Table:
    """A Source in memory."""

    def __init__(self) -> None:
        self.rows: list[Change] = []
        self.readings = 0
        self.is_away = False

    def write(self, key: str, streamer_id: int, *, at: datetime | None = None) -> None:
        self.rows.append(Change(key, at or timezone.now(), streamer_id))

    def changed_since(self, moment: datetime) -> Iterable[Change]:
        self.readings += 1
        if self.is_away:
            raise OSError("away")
        return [row for row in self.rows if row.changed_at >= moment]

    def render(self, changes: Sequence[Change]) -> Iterable[tuple[Address, Event]]:
        return [(one.address, Event("activity", one.key)) for one in changes]


@pytest.fixture
def table() -> Iterator[Table]:
    source = Table()
    with patch.object(live, "_sources", [source]):
        yield source


async def tailing(*streams: Stream) -> Tailer:
    tailer = Tailer()
    tailer.start()
    for stream in streams:
        tailer.open(stream)
    return tailer


async def next_html(stream: Stream) -> str:
    event = await stream.next(seconds=LONG_ENOUGH)
    assert event is not None, "nothing came"
    return event.html


def test_a_row_reaches_the_streams_of_its_streamer_only(table: Table) -> None:
    async def play() -> None:
        mine, other = Stream([1, 2]), Stream([3])
        tailer = await tailing(mine, other)
        table.write("activity:1", 2)
        assert await next_html(mine) == "activity:1"
        assert await other.next(seconds=A_MOMENT) is None
        await tailer.stop()

    asyncio.run(play())


def test_each_row_comes_once_and_again_when_it_was_written_again(table: Table) -> None:
    async def play() -> None:
        stream = Stream([1])
        tailer = await tailing(stream)
        table.write("activity:1", 1)
        assert await next_html(stream) == "activity:1"
        assert await stream.next(seconds=A_MOMENT) is None
        table.write("activity:1", 1)
        assert await next_html(stream) == "activity:1"
        await tailer.stop()

    asyncio.run(play())


def test_a_row_that_was_committed_late_is_found(table: Table) -> None:
    async def play() -> None:
        stream = Stream([1])
        tailer = await tailing(stream)
        table.write("activity:2", 1)
        assert await next_html(stream) == "activity:2"
        table.write("activity:1", 1, at=timezone.now() - timedelta(seconds=8))
        assert await next_html(stream) == "activity:1"
        await tailer.stop()

    asyncio.run(play())


def test_nothing_is_read_while_nobody_looks(table: Table) -> None:
    async def play() -> None:
        tailer = await tailing()
        await asyncio.sleep(A_MOMENT)
        assert table.readings == 0
        await tailer.stop()

    asyncio.run(play())


def test_what_was_written_while_the_database_was_away_comes_afterwards(
    table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        stream = Stream([1])
        table.is_away = True
        tailer = await tailing(stream)
        table.write("activity:1", 1)
        assert await stream.next(seconds=A_MOMENT) is None
        table.is_away = False
        assert await next_html(stream) == "activity:1"
        await tailer.stop()

    asyncio.run(play())
    assert "reading for open pages failed" in caplog.text


def test_a_wake_up_is_quicker_than_the_poll(table: Table) -> None:
    async def play() -> None:
        stream = Stream([1])
        with patch.object(live, "POLL_SECONDS", 60.0):
            tailer = await tailing(stream)
            await asyncio.sleep(A_MOMENT)
            table.write("activity:1", 1)
            tailer.wake()
            assert await next_html(stream) == "activity:1"
            await tailer.stop()

    asyncio.run(play())


def test_a_page_that_is_too_slow_is_told_to_read_anew() -> None:
    async def play() -> None:
        stream = Stream([1])
        for number in range(WAITING_EVENTS + 1):
            stream.put(Event("activity", str(number)))
        assert await stream.next(seconds=1) == RESYNC
        assert await stream.next(seconds=0.01) is None

    asyncio.run(play())


def test_a_closed_stream_gets_nothing_more(table: Table) -> None:
    async def play() -> None:
        closed, open_one = Stream([1]), Stream([1])
        tailer = await tailing(closed, open_one)
        tailer.close(closed)
        table.write("activity:1", 1)
        assert await next_html(open_one) == "activity:1"
        assert await closed.next(seconds=0.01) is None
        await tailer.stop()

    asyncio.run(play())


def test_a_redis_that_is_away_is_skipped_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    sender = wakeups.Sender()
    with override_settings(REDIS_URL="redis://127.0.0.1:9/0"):
        sender.send("activity")
        sender.send("activity")
    assert caplog.text.count("Redis away") == 1


def test_another_process_is_woken_through_redis(redis_url: str, table: Table) -> None:
    async def play() -> None:
        stream = Stream([1])
        tailer = await tailing(stream)
        while not tailer._subscriber.is_connected:
            await asyncio.sleep(0.01)
        # The readings that the connection itself led to.
        await asyncio.sleep(A_MOMENT)
        table.write("activity:1", 1)
        await asyncio.to_thread(wakeups.Sender().send, "activity")
        event = await stream.next(seconds=1)
        assert event is not None
        assert event.html == "activity:1"
        await tailer.stop()

    with override_settings(REDIS_URL=redis_url):
        asyncio.run(play())


def test_an_open_stream_can_be_about_more_or_less(table: Table) -> None:
    async def play() -> None:
        stream = Stream()
        tailer = await tailing(stream)
        tailer.add(stream, [("topic", "a"), ("topic", "b")])
        tailer.remove(stream, [("topic", "a")])
        for number, letter in enumerate("ab"):
            table.rows.append(Change(f"topic:{number}", timezone.now(), ("topic", letter)))
        assert await next_html(stream) == "topic:1"
        tailer.close(stream)
        await tailer.stop()

    asyncio.run(play())


def test_a_tailer_can_be_started_again_in_another_loop(table: Table) -> None:
    tailer = Tailer()

    async def play(key: str) -> None:
        stream = Stream([1])
        tailer.start()
        tailer.open(stream)
        table.write(key, 1)
        assert await next_html(stream) == key
        tailer.close(stream)
        await tailer.stop()

    for key in ("activity:1", "activity:2"):
        asyncio.run(play(key))
