"""How open pages learn of what was written: publish() wakes, one tailer a process reads.

Apps register a Source each: tables with an indexed `changed_at`, which every write sets. The
tailer reads what changed since 10 s before its last reading, for rows may commit out of order,
leaves out what it has seen, has each row rendered once, and hands it to the open streams at its
address: a streamer's pages, or whoever listens for one sort of message. Nothing is lost when a
wake-up is: it only takes longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import connection
from django.utils import timezone

from streamwatch import wakeups

logger = logging.getLogger(__name__)
T = TypeVar("T")
# Whom a row concerns: the primary key of a streamer, or whatever else a Source hands out.
Address = Hashable

OVERLAP = timedelta(seconds=10)
# Without Redis to wake us; with it, in case a wake-up was lost.
POLL_SECONDS, POLL_SECONDS_WOKEN = 0.25, 10.0
# Many wake-ups within a moment are one reading.
REST_SECONDS = 0.05
WAITING_EVENTS = 200  # A page that takes less than that is told to read its fragments anew.


@dataclass(frozen=True, slots=True)
class Change:
    """A row that was written: `key` names it, e.g. `activity:12`."""

    key: str
    changed_at: datetime
    address: Address


@dataclass(frozen=True, slots=True)
class Event:
    """What an open page is sent. Amended rows and states have no `id`."""

    kind: str
    html: str = ""
    id: str = ""


RESYNC = Event("resync")


class Source(Protocol):
    """Tables that the tailer reads; called in the tailer's own thread."""

    def changed_since(self, moment: datetime) -> Iterable[Change]:
        """Rows with `changed_at` from `moment` on (1 query)."""

    def render(self, changes: Sequence[Change]) -> Iterable[tuple[Address, Event]]:
        """For each change its address and the event (few queries, however many changes)."""


_sources: list[Source] = []


def register(source: Source) -> None:
    """Have the tailer read `source` too; called by an app when it is ready."""
    _sources.append(source)


def publish(topic: str) -> None:
    """Wake the tailers of all processes after a commit. Never raises; may be lost."""
    tailer.wake()
    wakeups.send(topic)


class Stream:
    """One open page or socket: the addresses it is about, and what waits to be sent."""

    def __init__(self, addresses: Iterable[Address] = ()) -> None:
        self.addresses = set(addresses)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(WAITING_EVENTS)

    def put(self, event: Event) -> None:
        """Hand over; what waits in vain is replaced by one `resync`."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put_nowait(RESYNC)

    async def next(self, *, seconds: float | None) -> Event | None:
        """The next event; None when none came for so long; without `seconds` it waits on."""
        try:
            async with asyncio.timeout(seconds):
                return await self._waiting.get()
        except TimeoutError:
            return None


class Tailer:
    """Reads the sources and feeds the open streams of this process."""

    def __init__(self) -> None:
        self._streams: defaultdict[Address, set[Stream]] = defaultdict(set)
        self._seen: dict[tuple[str, datetime], datetime] = {}
        self._read_at: datetime | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        # One thread and so one connection to the database, which is kept.
        self._thread = ThreadPoolExecutor(1, "tailer")
        self._subscriber = wakeups.Subscriber(lambda: self._woken.set())

    def start(self) -> None:
        """Begin; called in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._tasks = [self._loop.create_task(self._run())]
        if settings.REDIS_URL:
            self._tasks.append(self._loop.create_task(self._subscriber.run()))

    async def stop(self) -> None:
        """End, and let go of the database."""
        self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.in_thread(_disconnect)
        self._tasks = []

    def wake(self) -> None:
        """Read soon; from any thread."""
        if self._loop is not None:
            # The loop may be closing; then nobody listens any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._woken.set)

    async def in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `function`, which may use the database, in the tailer's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, partial(_with_connection, function, *args, **kwargs)
        )

    def open(self, stream: Stream) -> None:
        """From now on `stream` gets what changes."""
        for address in stream.addresses:
            self._streams[address].add(stream)

    def close(self, stream: Stream) -> None:
        """Forget `stream`."""
        for address in stream.addresses:
            self._forget(stream, address)

    def add(self, stream: Stream, addresses: Iterable[Address]) -> None:
        """From now on `stream`, which is open, gets what changes there too."""
        for address in addresses:
            stream.addresses.add(address)
            self._streams[address].add(stream)

    def remove(self, stream: Stream, addresses: Iterable[Address]) -> None:
        """From now on `stream` gets no more of what changes there."""
        for address in addresses:
            stream.addresses.discard(address)
            self._forget(stream, address)

    def _forget(self, stream: Stream, address: Address) -> None:
        streams = self._streams[address]
        streams.discard(stream)
        if not streams:
            del self._streams[address]

    async def _run(self) -> None:
        while True:
            await self._rest()
            if not self._streams:
                self._read_at = None
                continue
            try:
                events = await self.in_thread(self._read)
            except Exception:
                # The database is away, say; the pages keep what they show.
                logger.exception("reading for open pages failed")
                await asyncio.sleep(1)
                continue
            for address, event in events:
                for stream in self._streams.get(address, ()):
                    stream.put(event)

    async def _rest(self) -> None:
        seconds = POLL_SECONDS_WOKEN if self._subscriber.is_connected else POLL_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
            await asyncio.sleep(REST_SECONDS)
        self._woken.clear()

    def _read(self) -> list[tuple[Address, Event]]:
        now = timezone.now()
        since = (self._read_at or now) - OVERLAP
        events: list[tuple[Address, Event]] = []
        fresh: list[tuple[str, datetime]] = []
        for source in _sources:
            changes = [
                change
                for change in source.changed_since(since)
                if (change.key, change.changed_at) not in self._seen
            ]
            fresh += [(change.key, change.changed_at) for change in changes]
            wanted = [change for change in changes if change.address in self._streams]
            events += source.render(wanted) if wanted else []
        # Remembered only now: when a source fails, all is read again.
        self._seen.update(dict.fromkeys(fresh, now))
        self._seen = {one: at for one, at in self._seen.items() if at > now - 3 * OVERLAP}
        self._read_at = now
        return events


def _with_connection(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call `function`; a connection that broke is closed, so that the next call has a new one."""
    try:
        return function(*args, **kwargs)
    except Exception:
        connection.close()
        raise


def _disconnect() -> None:
    # Looked up here, for each thread has a connection of its own.
    connection.close()


tailer = Tailer()
