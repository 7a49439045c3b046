"""The sessions of EventSub's WebSockets: who is connected, and what they are sent.

A session lives on one connection, or for a moment on two: the one that was asked to
reconnect, and the one that took over. What a connection is sent waits in its queue.

https://dev.twitch.tv/docs/eventsub/handling-websocket-events
"""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import sqlite3
import uuid
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Clock, rfc3339_nanoseconds
from simulator.config import Config
from simulator.subscriptions import Subscriptions

USUAL_KEEPALIVE, SHORTEST_KEEPALIVE, LONGEST_KEEPALIVE = 10, 10, 600
GRACE_SECONDS = 30
# Sent a little before the time is over, as whoever waits for it must not wait in vain.
KEEPALIVE_SHARE = 0.9
NEVER = math.inf


@dataclass(frozen=True)
class Ending:
    """How a connection ends, and the status its subscriptions have then.

    Without a code it is cut, or is closed already.
    """

    code: int | None
    reason: str
    status: str


LEFT = Ending(None, "", "websocket_disconnected")
CUT = Ending(None, "", "websocket_network_error")
ENDINGS = {
    4000: Ending(4000, "internal server error", "websocket_internal_error"),
    4001: Ending(4001, "sent inbound traffic", "websocket_received_inbound_traffic"),
    4002: Ending(4002, "failed ping pong", "websocket_failed_ping_pong"),
    4003: Ending(4003, "connection unused", "websocket_connection_unused"),
    4004: Ending(4004, "client reconnect grace time expired", "websocket_failed_to_reconnect"),
    4005: Ending(4005, "network timeout", "websocket_network_timeout"),
    4006: Ending(4006, "network error", "websocket_network_error"),
    4007: Ending(4007, "invalid reconnect attempt", "websocket_failed_to_reconnect"),
}


@dataclass(eq=False)
class Connection:
    """One open WebSocket. Moments are those of the event loop."""

    session: Session
    queue: asyncio.Queue[str | Ending] = field(default_factory=asyncio.Queue)
    # When it has to be left, having been asked to reconnect.
    leave_by: float = NEVER
    # When a subscription has to be there.
    subscribe_by: float = NEVER
    # Nothing is said any more, though it is open.
    silent: bool = False

    async def next(self, until: float) -> str | Ending | None:
        """What is to be sent next, or how it ends; None where there is nothing until then."""
        try:
            async with asyncio.timeout_at(min(until, self.leave_by, self.subscribe_by)):
                return await self.queue.get()
        except TimeoutError:
            now = asyncio.get_running_loop().time()
            if self.leave_by <= now:
                return ENDINGS[4004]
            return ENDINGS[4003] if self.subscribe_by <= now else None

    def say(self, kind: str, payload: dict[str, Any], clock: Clock, **more: str) -> None:
        """Have a message sent."""
        stamp = rfc3339_nanoseconds(clock.now_ns())
        self.queue.put_nowait(_frame(str(uuid.uuid4()), kind, stamp, payload, **more))


@dataclass(eq=False)
class Session:
    """What subscriptions name. `keepalive` is what is told, in seconds."""

    id: str
    connected_ns: int
    keepalive: int
    # How long a keepalive takes at the pace of this simulator.
    pause: float
    # Whose token made its subscriptions.
    user_id: str = ""
    # What the address to reconnect to knows it by.
    pass_word: str = ""
    current: Connection = field(init=False)

    def __post_init__(self) -> None:
        """It begins on one connection."""
        self.current = Connection(self)

    def as_json(self, status: str, reconnect_url: str | None = None) -> dict[str, Any]:
        """The session as messages show it."""
        keepalive = None if status == "reconnecting" else self.keepalive
        return {
            "session": {
                "id": self.id,
                "status": status,
                "connected_at": rfc3339_nanoseconds(self.connected_ns),
                "keepalive_timeout_seconds": keepalive,
                "reconnect_url": reconnect_url,
            }
        }


class Sessions:
    """All that are open; they end with the process."""

    def __init__(self, subscriptions: Subscriptions, clock: Clock, config: Config) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._config = config
        self._open: dict[str, Session] = {}
        subscriptions.end_all_sessions()

    def begin(self, keepalive: str) -> Connection:
        """A new session, with its welcome on the way; `keepalive` as the address says it."""
        wanted = _clamped(keepalive)
        session = Session(
            id=secrets.token_urlsafe(24),
            connected_ns=self._clock.now_ns(),
            keepalive=math.ceil(wanted / self._config.socket_pace),
            pause=wanted / self._config.socket_pace,
        )
        self._open[session.id] = session
        session.current.subscribe_by = asyncio.get_running_loop().time() + session.pause
        session.current.say("session_welcome", session.as_json("connected"), self._clock)
        return session.current

    def take_over(self, pass_word: str) -> Connection | None:
        """The session goes on here, on a new connection; None when there is none to go on."""
        for session in self._open.values():
            if session.pass_word and session.pass_word == pass_word:
                subscribe_by = session.current.subscribe_by
                session.pass_word = ""
                session.current = Connection(session, subscribe_by=subscribe_by)
                session.current.say("session_welcome", session.as_json("connected"), self._clock)
                return session.current
        return None

    def find(self, session_id: str) -> Session | None:
        """The open session with that id, or None."""
        return self._open.get(session_id)

    def belongs(self, session_id: str, user_id: str) -> None:
        """A subscription has been made on it, so it is in use, and the user's."""
        session = self._open[session_id]
        session.user_id = user_id
        session.current.subscribe_by = NEVER

    def tell(self, message: sqlite3.Row, subscription: sqlite3.Row) -> bool:
        """Hand a notification or revocation over; False when nobody is connected."""
        session = self._open.get(subscription["session_id"])
        if session is None or session.current.silent:
            return False
        frame = _frame(
            message["id"],
            message["kind"],
            rfc3339_nanoseconds(message["sent_ns"]),
            json.loads(message["body"]),
            subscription_type=subscription["type"],
            subscription_version=subscription["version"],
        )
        session.current.queue.put_nowait(frame)
        return True

    def gone(self, connection: Connection, ending: Ending) -> None:
        """A connection has ended, and the session with it, unless it lives on another."""
        session = connection.session
        if session.current is not connection or self._open.get(session.id) is not session:
            return
        del self._open[session.id]
        self._subscriptions.end_session(session.id, ending.status)

    def ask_to_reconnect(self) -> None:
        """Every session gets an address at which it goes on, and half a minute to do so."""
        for session in self._open.values():
            session.pass_word = secrets.token_urlsafe(24)
            origin = self._config.origin.replace("http", "ws", 1)
            url = f"{origin}/ws?reconnect={session.pass_word}"
            loop = asyncio.get_running_loop()
            session.current.leave_by = loop.time() + GRACE_SECONDS / self._config.socket_pace
            session.current.say(
                "session_reconnect", session.as_json("reconnecting", url), self._clock
            )

    def hush(self) -> None:
        """Every connection falls silent and stays open."""
        for session in self._open.values():
            session.current.silent = True

    def end_all(self, ending: Ending) -> None:
        """Every connection ends in this way."""
        for session in self._open.values():
            session.current.queue.put_nowait(ending)


def _frame(message_id: str, kind: str, timestamp: str, payload: dict[str, Any], **more: str) -> str:
    metadata = {
        "message_id": message_id, "message_type": kind, "message_timestamp": timestamp, **more,
    }  # fmt: skip
    return json.dumps({"metadata": metadata, "payload": payload}, ensure_ascii=False)


def _clamped(text: str) -> int:
    """Whole seconds within Twitch's bounds; what is no number counts as not said."""
    try:
        wanted = float(text)
    except ValueError:
        wanted = math.nan
    if math.isnan(wanted):
        return USUAL_KEEPALIVE
    return int(min(max(wanted, SHORTEST_KEEPALIVE), LONGEST_KEEPALIVE))
