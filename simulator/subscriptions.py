"""EventSub subscriptions: who may have which, what they cost, how they end."""

from __future__ import annotations

import json
import sqlite3
import uuid
from dataclasses import dataclass
from typing import Any

from simulator.clock import NANOSECONDS, Clock, rfc3339_nanoseconds
from simulator.config import Config
from simulator.eventsub_types import BROADCASTER, CLIENT, MODERATOR, TYPES, SubscriptionType
from simulator.eventsub_types import subject_of as subject_of_condition
from simulator.store import Store

PENDING = "webhook_callback_verification_pending"
FAILED = "webhook_callback_verification_failed"
ENABLED = "enabled"
LIVE_STATUSES = (ENABLED, PENDING)
SAME_TYPE_AND_CONDITION = 3
PAGE = 100
# Of the WebSockets of one user.
SOCKETS, ON_ONE_SOCKET, WEBSOCKET_MAX_COST = 3, 300, 10
# Whose subscriptions go to callbacks: the application's own, no user's.
NOBODY = ""
# The ids of the people whose doings are sent to somebody, as a query: they may be thousands.
WATCHED = (
    "SELECT substr(subject, instr(subject, ':') + 1) FROM subscriptions WHERE status = 'enabled'"
)


class Refused(Exception):
    """A subscription that Twitch does not make; `existing` is the id it clashes with."""

    def __init__(self, status: int, message: str, existing: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.existing = existing


@dataclass(frozen=True)
class Asked:
    """A POST body that has been read and found well-formed."""

    kind: SubscriptionType
    condition: dict[str, str]
    callback: str = ""
    secret: str = ""
    # Of a WebSocket: its session, since when it is connected, and the token's user and scopes.
    session_id: str = ""
    connected_ns: int = 0
    user_id: str = NOBODY
    scopes: frozenset[str] = frozenset()


class Subscriptions:
    """The table of subscriptions and the rules of it."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._watched: set[str] | None = None

    def create(self, asked: Asked) -> sqlite3.Row:
        """Make a subscription: pending for a callback, enabled at once for a WebSocket.

        Raises:
            Refused: 403 without consent, 409 when it exists, 429 beyond a limit.
        """
        self._forget_ended()
        self._check_consent(asked)
        self._check_same(asked)
        self._check_limits(asked)
        made = str(uuid.uuid4())
        self._store.insert(
            "subscriptions",
            id=made,
            client_id=self._config.client_id,
            type=asked.kind.name,
            version=asked.kind.version,
            condition=json.dumps(asked.condition, sort_keys=True),
            subject=subject_of_condition(asked.condition),
            callback=asked.callback,
            secret=asked.secret,
            session_id=asked.session_id,
            connected_ns=asked.connected_ns,
            user_id=asked.user_id,
            status=ENABLED if asked.session_id else PENDING,
            created_ns=self._clock.now_ns(),
        )
        self.forget_watched()
        return self._store.rows("SELECT * FROM subscriptions WHERE id = ?", made)[0]

    def _check_same(self, asked: Asked) -> None:
        same = self._store.rows(
            "SELECT id, callback, session_id FROM subscriptions WHERE client_id = ? AND type = ?"
            " AND subject = ? AND version = ? AND condition = ? AND user_id = ?"
            " AND status IN (?, ?) ORDER BY seq",
            self._config.client_id,
            asked.kind.name,
            subject_of_condition(asked.condition),
            asked.kind.version,
            json.dumps(asked.condition, sort_keys=True),
            asked.user_id,
            *LIVE_STATUSES,
        )
        for row in same:
            if (row["callback"], row["session_id"]) == (asked.callback, asked.session_id):
                raise Refused(409, "subscription already exists", row["id"])
        if len(same) >= SAME_TYPE_AND_CONDITION:
            raise Refused(429, "maximum subscriptions with type and condition exceeded")

    def _check_limits(self, asked: Asked) -> None:
        cost = self._cost(asked.kind.name, asked.kind.version, asked.condition)
        if self.total_cost(asked.user_id) + cost > self.max_total_cost(asked.user_id):
            raise Refused(429, "maximum total cost exceeded")
        if not asked.session_id:
            return
        sockets = {
            row["session_id"]: row["n"]
            for row in self._store.rows(
                "SELECT session_id, count(*) AS n FROM subscriptions WHERE user_id = ?"
                " AND status = ? GROUP BY session_id",
                asked.user_id,
                ENABLED,
            )
        }
        if asked.session_id not in sockets and len(sockets) >= SOCKETS:
            raise Refused(429, "number of websocket transports limit exceeded")
        if sockets.get(asked.session_id, 0) >= ON_ONE_SOCKET:
            raise Refused(429, "maximum subscriptions on a websocket transport exceeded")

    def _check_consent(self, asked: Asked) -> None:
        condition, kind = asked.condition, asked.kind
        if condition.get(CLIENT, self._config.client_id) != self._config.client_id:
            raise Refused(403, "subscription missing proper authorization")
        if not kind.scopes:
            return
        whose = condition[kind.consent]
        # With a WebSocket the token speaks for its own user only; with a callback the
        # application needs to have been told yes once.
        granted = asked.scopes if asked.session_id else self.scopes_of(whose)
        other = asked.session_id and whose != asked.user_id
        if other or not kind.allowed_by(granted) or not self._may_moderate(condition):
            raise Refused(403, "subscription missing proper authorization")

    def _may_moderate(self, condition: dict[str, str]) -> bool:
        """Where a moderator is named, he moderates that channel or owns it."""
        moderator, broadcaster = condition.get(MODERATOR), condition.get(BROADCASTER)
        if moderator is None or moderator == broadcaster:
            return True
        return (
            self._store.row(
                "SELECT 1 FROM moderators WHERE broadcaster_id = ? AND moderator_id = ?",
                broadcaster,
                moderator,
            )
            is not None
        )

    def scopes_of(self, user_id: str) -> frozenset[str]:
        """What `user_id` has granted the client; empty when nothing or no scope."""
        scopes: str | None = self._store.value(
            "SELECT scopes FROM grants WHERE client_id = ? AND user_id = ?",
            self._config.client_id,
            user_id,
        )
        return frozenset((scopes or "").split())

    def _cost(self, name: str, version: str, condition: dict[str, str]) -> int:
        kind = TYPES[name, version]
        if kind.scopes:
            return 0
        _, _, person = subject_of_condition(condition).partition(":")
        return 0 if self.scopes_of(person) else 1

    def total(self, user_id: str = NOBODY) -> int:
        """How many the user's WebSockets have, or all callbacks, whatever their status."""
        sql = "SELECT count(*) FROM subscriptions WHERE user_id = ?"
        return int(self._store.value(sql, user_id))

    def total_on_sockets(self) -> int:
        """How many are sent over WebSockets now, whoever's they are."""
        sql = "SELECT count(*) FROM subscriptions WHERE session_id > '' AND status = ?"
        return int(self._store.value(sql, ENABLED))

    def max_total_cost(self, user_id: str = NOBODY) -> int:
        """What they may cost together at most."""
        return WEBSOCKET_MAX_COST if user_id else self._config.max_total_cost

    def total_cost(self, user_id: str = NOBODY) -> int:
        """What those that are or may become enabled cost together.

        One query: a type that needs consent costs nothing, nor does one naming a person
        who has granted the client any scope.
        """
        rows = self._store.rows(
            "SELECT s.type, s.version, count(*) AS n FROM subscriptions s"
            " LEFT JOIN grants g ON g.client_id = s.client_id AND g.scopes != ''"
            " AND g.user_id = substr(s.subject, instr(s.subject, ':') + 1)"
            " WHERE s.status IN (?, ?) AND s.user_id = ? AND g.user_id IS NULL"
            " GROUP BY s.type, s.version",
            *LIVE_STATUSES,
            user_id,
        )
        return sum(row["n"] for row in rows if not TYPES[row["type"], row["version"]].scopes)

    def get(self, subscription_id: str) -> sqlite3.Row | None:
        """The subscription with that id, or None."""
        return self._store.row("SELECT * FROM subscriptions WHERE id = ?", subscription_id)

    def page(self, owner: str, after: int, **filters: str) -> list[sqlite3.Row]:
        """Up to a page of the owner's and one more row, oldest first; at most one filter."""
        self._forget_ended()
        # The plus keeps the index on owners away where a filter finds much fewer.
        where, values, plus = "", [], "+" if filters else ""
        for name, value in filters.items():
            if name == "user_id":
                # A raid's condition names from or to, a follow's also the moderator.
                where = "AND seq IN (SELECT seq FROM named WHERE user_id = ?)"
            else:
                column = {"status": "status", "type": "type", "subscription_id": "id"}[name]
                where = f"AND {column} = ?"
            values.append(value)
        return self._store.rows(
            f"SELECT * FROM subscriptions WHERE {plus}user_id = ? AND seq > ? {where}"  # noqa: S608
            " ORDER BY seq LIMIT ?",
            owner,
            after,
            *values,
            PAGE + 1,
        )

    def of(self, user_id: str, subscription_id: str) -> sqlite3.Row | None:
        """The user's, or the application's own, with that id, or None."""
        self._forget_ended()
        row = self.get(subscription_id)
        return row if row is not None and row["user_id"] == user_id else None

    def _forget_ended(self) -> None:
        """Of WebSockets, some time after they ended; those of callbacks stay."""
        self._store.run(
            "DELETE FROM subscriptions WHERE user_id > '' AND ended_ns BETWEEN 1 AND ?",
            self._clock.now_ns() - int(self._config.ended_kept * NANOSECONDS),
        )

    def end_session(self, session_id: str, status: str) -> None:
        """A WebSocket is gone, and with it what was sent to it."""
        with self._store.transaction():
            sql = "SELECT id FROM subscriptions WHERE session_id = ? AND status = ?"
            for row in self._store.rows(sql, session_id, ENABLED):
                self.set_status(row["id"], status)

    def end_all_sessions(self) -> None:
        """No WebSocket outlives the process it was connected to."""
        sql = "SELECT DISTINCT session_id FROM subscriptions WHERE session_id > '' AND status = ?"
        for row in self._store.rows(sql, ENABLED):
            self.end_session(row["session_id"], "websocket_disconnected")

    def delete(self, subscription_id: str) -> bool:
        """Forget it and what was still to be sent for it."""
        with self._store.transaction():
            self._drop_waiting(subscription_id)
            gone = self._store.run("DELETE FROM subscriptions WHERE id = ?", subscription_id)
        self.forget_watched()
        return gone > 0

    def set_status(self, subscription_id: str, status: str) -> None:
        """Change its status; where it is no longer enabled, nothing more is sent."""
        with self._store.transaction():
            self._store.run(
                "UPDATE subscriptions SET status = ?, ended_ns = ? WHERE id = ?",
                status,
                0 if status == ENABLED else self._clock.now_ns(),
                subscription_id,
            )
            if status != ENABLED:
                self._drop_waiting(subscription_id)
        self.forget_watched()

    def _drop_waiting(self, subscription_id: str) -> None:
        self._store.run(
            "UPDATE messages SET state = 'dropped' WHERE subscription_id = ? AND state = 'waiting'",
            subscription_id,
        )

    def enabled_for(self, kind: str, subject: str) -> list[sqlite3.Row]:
        """Enabled ones of that type and subject, in the order they were made."""
        return self._store.rows(
            "SELECT * FROM subscriptions WHERE type = ? AND subject = ? AND status = ?"
            " ORDER BY seq",
            kind,
            subject,
            ENABLED,
        )

    def oldest_enabled(self) -> str | None:
        """The id of the enabled one that was made first."""
        found: str | None = self._store.value(
            "SELECT id FROM subscriptions WHERE status = ? ORDER BY seq LIMIT 1", ENABLED
        )
        return found

    def newest(self, limit: int) -> list[sqlite3.Row]:
        """The last ones made, newest first, whatever their status."""
        return self._store.rows("SELECT * FROM subscriptions ORDER BY seq DESC LIMIT ?", limit)

    def enabled_resting_on(self, user_id: str) -> list[sqlite3.Row]:
        """Enabled ones that exist only by the consent of `user_id`, or by a token of theirs."""
        rows = self._store.rows("SELECT * FROM subscriptions WHERE status = ?", ENABLED)
        return [
            row
            for row in rows
            if row["user_id"] == user_id
            or (
                (consent := TYPES[row["type"], row["version"]].consent)
                and json.loads(row["condition"]).get(consent) == user_id
            )
        ]

    def enabled_naming(self, user_id: str) -> list[sqlite3.Row]:
        """Enabled subscriptions whose condition names `user_id` anywhere."""
        return self._store.rows(
            "SELECT * FROM subscriptions WHERE status = ?"
            " AND seq IN (SELECT seq FROM named WHERE user_id = ?)",
            ENABLED,
            user_id,
        )

    def forget_watched(self) -> None:
        """Look again who is watched; to be called after whatever changed it."""
        self._watched = None

    def watched(self) -> set[str]:
        """Ids of the people whose doings are sent to somebody."""
        if self._watched is None:
            rows = self._store.rows(
                "SELECT DISTINCT subject FROM subscriptions WHERE status = ?", ENABLED
            )
            self._watched = {row["subject"].partition(":")[2] for row in rows}
        return self._watched

    def as_json(self, row: sqlite3.Row) -> dict[str, Any]:
        """One subscription as Twitch shows it; never with its secret."""
        condition = json.loads(row["condition"])
        return {
            "id": row["id"],
            "status": row["status"],
            "type": row["type"],
            "version": row["version"],
            "condition": condition,
            "created_at": rfc3339_nanoseconds(row["created_ns"]),
            "transport": _transport(row),
            "cost": self._cost(row["type"], row["version"], condition),
        }

    def listed(self, row: sqlite3.Row) -> dict[str, Any]:
        """The same as Helix shows it: with the times of a WebSocket."""
        shown = self.as_json(row)
        if row["session_id"]:
            shown["transport"]["connected_at"] = rfc3339_nanoseconds(row["connected_ns"])
            if row["status"].startswith("websocket_"):
                shown["transport"]["disconnected_at"] = rfc3339_nanoseconds(row["ended_ns"])
        return shown


def _transport(row: sqlite3.Row) -> dict[str, str]:
    if row["session_id"]:
        return {"method": "websocket", "session_id": row["session_id"]}
    return {"method": "webhook", "callback": row["callback"]}
