"""Group commit: messages that arrive while one commit is in flight share the next one.

No timer: a message that comes alone is written at once, many that come together cost one
statement. One thread with one connection to the database writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from uuid import uuid4

from django.db import connection

from streamwatch.crashing import crash_point
from webhooks.storing import Arrival, store

logger = logging.getLogger(__name__)

BATCH_ROWS = 500
# Escaped it may double, and the server takes 16 MB at once.
BATCH_BYTES = 4 * 1024 * 1024
WAITING_ROWS = 10_000
WAITING_BYTES = 64 * 1024 * 1024
STOP_SECONDS = 10.0

Waiting = tuple[Arrival, "asyncio.Future[bool]"]


class Inbox:
    """Keeps messages; `on_commit(claim)` is told, in the writing thread, of what was committed."""

    def __init__(self, on_commit: Callable[[str], None]) -> None:
        self._on_commit = on_commit
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_open = False
        # Counted in the loop alone, so that no lock is needed.
        self._rows = 0
        self._bytes = 0

    def start(self) -> None:
        """Begin to take messages; nothing happens when it has begun."""
        if self._thread is None:
            self._is_open = True
            self._thread = Thread(target=self._run, name="inbox", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Take no more, write what waits, answer it, end the thread (at most 10 s)."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._is_open = False
            self._queue.put(None)
            thread.join(STOP_SECONDS)

    async def keep(self, arrival: Arrival) -> bool:
        """True when `arrival` is committed (or was before); False: not, and Twitch shall resend.

        False at once when too much waits already, or after `stop()`.
        """
        if not self._is_open or self._rows >= WAITING_ROWS or self._bytes >= WAITING_BYTES:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._rows += 1
        self._bytes += len(arrival.body)
        self._queue.put((arrival, future))
        return await future

    # --- In the writing thread

    def _run(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._next_batch()
            if batch:
                self._write(batch)
        connection.close()

    def _next_batch(self) -> tuple[list[Waiting], bool]:
        """What waits, at least one; and whether it is the last."""
        batch: list[Waiting] = []
        size = 0
        with suppress(Empty):
            while len(batch) < BATCH_ROWS and size < BATCH_BYTES:
                waiting = self._queue.get_nowait() if batch else self._queue.get()
                if waiting is None:
                    return batch, True
                batch.append(waiting)
                size += len(waiting[0].body)
        return batch, False

    def _write(self, batch: Sequence[Waiting]) -> None:
        claim = uuid4().hex
        try:
            kept = store(arrivals=[arrival for arrival, _ in batch], claim=claim)
        except Exception:
            # This thread must live: without it nothing is ever answered again.
            logger.exception("inbox: %d messages not kept", len(batch))
            kept = [False] * len(batch)
        if any(kept):
            crash_point("after-inbox-commit")
        self._answer(batch, kept)
        if any(kept):
            self._on_commit(claim)

    def _answer(self, batch: Sequence[Waiting], kept: Sequence[bool]) -> None:
        by_loop = defaultdict(list)
        for waiting, is_kept in zip(batch, kept, strict=True):
            by_loop[waiting[1].get_loop()].append((waiting, is_kept))
        for loop, answers in by_loop.items():
            # A loop that has closed has nobody left to answer.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._settle, answers)

    # --- In the loop

    def _settle(self, answers: Sequence[tuple[Waiting, bool]]) -> None:
        for (arrival, future), is_kept in answers:
            self._rows -= 1
            self._bytes -= len(arrival.body)
            if not future.done():  # Whoever waited may have gone.
                future.set_result(is_kept)
