"""What is written in the chats, and who waits for more of it."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid

from simulator.clock import Clock
from simulator.people import Person
from simulator.store import Store

KEPT = 5_000


class Chat:
    """All rooms. Each has one event that is replaced and set when something is written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._news: dict[str, asyncio.Event] = {}

    def add(self, chatter: Person, broadcaster: Person, text: str) -> str:
        """A line in the room of `broadcaster`; the id that EventSub gives it."""
        message_id = str(uuid.uuid4())
        self._store.insert(
            "chat",
            message_id=message_id,
            broadcaster_id=broadcaster["id"],
            user_id=chatter["id"],
            text=text,
            at_ns=self._clock.now_ns(),
        )
        if (news := self._news.pop(broadcaster["id"], None)) is not None:
            news.set()
        return message_id

    def after(self, broadcaster_id: str, number: int, limit: int) -> list[sqlite3.Row]:
        """The lines after one, oldest first, with who wrote them as they are called now."""
        return self._store.rows(
            "SELECT c.id, c.text, c.at_ns, p.id AS user_id, p.login, p.name FROM chat c"
            " JOIN people p ON p.id = c.user_id"
            " WHERE c.broadcaster_id = ? AND c.id > ? ORDER BY c.id DESC LIMIT ?",
            broadcaster_id,
            number,
            limit,
        )[::-1]

    def news(self, broadcaster_id: str) -> asyncio.Event:
        """What is set at the next line; to be had before looking for lines."""
        return self._news.setdefault(broadcaster_id, asyncio.Event())

    def prune(self) -> None:
        """Keep the newest lines only; their numbers are not given again."""
        self._store.run("DELETE FROM chat WHERE id <= (SELECT max(id) FROM chat) - ?", KEPT)
