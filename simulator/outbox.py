"""Messages to callbacks: written down first, in one transaction with what they tell of."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import uuid
from collections.abc import Callable
from typing import Any

from simulator.clock import NANOSECONDS, Clock, rfc3339_nanoseconds
from simulator.config import Config
from simulator.faults import MESSAGE_FAULTS, SOCKET_MESSAGE_FAULTS, Faults
from simulator.store import Store
from simulator.subscriptions import Subscriptions

NOTIFICATION = "notification"
VERIFICATION = "webhook_callback_verification"
REVOCATION = "revocation"

# The event as one subscription is told it; None where it is not told at all.
EventFor = Callable[[sqlite3.Row], dict[str, Any] | None]


class Outbox:
    """Puts messages where the courier finds them, and wakes him."""

    def __init__(
        self,
        store: Store,
        subscriptions: Subscriptions,
        faults: Faults,
        clock: Clock,
        config: Config,
    ) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._faults = faults
        self._clock = clock
        self._config = config
        self.news = asyncio.Event()

    def notify(self, kind: str, subject: str, event: dict[str, Any] | EventFor) -> list[str]:
        """One message for each enabled subscription of that type and subject; their ids."""
        rows = self._subscriptions.enabled_for(kind, subject)
        told = [(row, event(row) if callable(event) else event) for row in rows]
        return [self._notify_one(row, one) for row, one in told if one is not None]

    def _notify_one(self, row: sqlite3.Row, event: dict[str, Any]) -> str:
        body = {"subscription": self._subscriptions.as_json(row), "event": event}
        # A WebSocket gets each message once, unsigned: only some things can go wrong with it.
        possible = SOCKET_MESSAGE_FAULTS if row["session_id"] else MESSAGE_FAULTS
        fault = self._faults.take(*possible)
        delay = self._config.held_back if fault == "out_of_order" else 0.0
        return self._put(row["id"], NOTIFICATION, body, delay=delay, fault=fault)

    def challenge(self, row: sqlite3.Row) -> None:
        """Ask the callback of a pending subscription to prove that it wants it."""
        delay = self._config.challenge_delay
        body = {"challenge": str(uuid.uuid4()), "subscription": self._subscriptions.as_json(row)}
        self._put(row["id"], VERIFICATION, body, delay=delay)

    def revoke(self, subscription_id: str, status: str) -> None:
        """End a subscription and say so to its callback, once."""
        with self._store.transaction():
            self._subscriptions.set_status(subscription_id, status)
            row = self._subscriptions.get(subscription_id)
            if row is not None:
                body = {"subscription": self._subscriptions.as_json(row)}
                self._put(subscription_id, REVOCATION, body)

    def _put(
        self,
        subscription_id: str,
        kind: str,
        body: dict[str, Any],
        *,
        delay: float = 0.0,
        fault: str = "",
    ) -> str:
        message_id = str(uuid.uuid4())
        now_ns = self._clock.now_ns()
        # One message lost on its way is written down like the others, so that it can be seen.
        state = "lost" if fault == "lost" else "waiting"
        for _ in range(2 if fault == "repeated" else 1):
            self._store.insert(
                "messages",
                id=message_id,
                subscription_id=subscription_id,
                kind=kind,
                body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
                sent_ns=now_ns,
                due_at=now_ns / NANOSECONDS + delay,
                state=state,
                fault=fault,
            )
        self.news.set()
        return message_id

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The last messages, newest first, with the number of tries and the last answer."""
        rows = self._store.rows(
            "SELECT m.*, s.type, s.subject FROM messages m"
            " LEFT JOIN subscriptions s ON s.id = m.subscription_id ORDER BY m.seq DESC LIMIT ?",
            limit,
        )
        return [
            {
                "id": row["id"],
                "kind": row["kind"],
                "type": row["type"] or "",
                "subject": row["subject"] or "",
                "subscription_id": row["subscription_id"],
                "state": row["state"],
                "retries": row["attempt"],
                "answer": row["outcome"],
                "fault": row["fault"],
                "at": rfc3339_nanoseconds(row["sent_ns"]),
            }
            for row in rows
        ]
