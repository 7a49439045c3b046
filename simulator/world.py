"""What people can do, and the log of what they did."""

from __future__ import annotations

import json
import sqlite3
import uuid
from dataclasses import dataclass, field
from typing import Any

from simulator import chat_payloads, payloads
from simulator.chat import Chat
from simulator.clock import Clock, rfc3339_nanoseconds
from simulator.config import Config
from simulator.eventsub_types import BROADCASTER, CLIENT, FROM, TO, USER
from simulator.outbox import EventFor, Outbox
from simulator.people import People
from simulator.store import Store, marks
from simulator.subscriptions import Subscriptions
from simulator.tokens import Tokens

Person = sqlite3.Row
LOG_ROWS = 50_000


@dataclass
class Happened:
    """What one deed led to: log entries, and the messages sent because of them."""

    events: list[dict[str, Any]] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)

    def then(self, other: Happened) -> Happened:
        """Both, in this order."""
        return Happened(self.events + other.events, self.message_ids + other.message_ids)


class World:
    """Deeds. Each changes the world, logs it and writes its messages in one transaction."""

    def __init__(
        self,
        store: Store,
        people: People,
        subscriptions: Subscriptions,
        outbox: Outbox,
        chat: Chat,
        tokens: Tokens,
        clock: Clock,
        config: Config,
    ) -> None:
        self._store = store
        self._people = people
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._chat = chat
        self._tokens = tokens
        self._clock = clock
        self._config = config

    def go_live(self, person: Person) -> Happened:
        """Start a stream; one that is on already is ended before."""
        with self._store.transaction():
            before = self.go_offline(person) if person["stream_id"] else Happened()
            now = self._clock.now()
            stream_id = str(self._store.next_number("stream_id", int(now * 1000)))
            person = self._people.change(
                person["id"], stream_id=stream_id, started_at=now, last_streamed_at=now
            )
            event = payloads.stream_online(person)
            subject = f"{BROADCASTER}:{person['id']}"
            return before.then(self._tell("stream.online", [subject], event))

    def go_offline(self, person: Person) -> Happened:
        """End the stream; somebody off the air goes on it first, so that it can be true."""
        with self._store.transaction():
            before = Happened()
            if not person["stream_id"]:
                before = self.go_live(person)
                person = self._people.get(person["id"])
            stream_id = person["stream_id"]
            person = self._people.change(
                person["id"],
                stream_id=None,
                started_at=None,
                last_streamed_at=self._clock.now(),
            )
            event = payloads.stream_offline(person, stream_id)
            subject = f"{BROADCASTER}:{person['id']}"
            return before.then(self._tell("stream.offline", [subject], event))

    def update_channel(self, person: Person, **changes: str) -> Happened:
        """Set title, category_id, language or labels; told even when nothing differs."""
        with self._store.transaction():
            person = self._people.change(person["id"], **changes)
            category = self._people.category_name(person["category_id"])
            event = payloads.channel_update(person, category)
            return self._tell("channel.update", [f"{BROADCASTER}:{person['id']}"], event)

    def raid(self, raider: Person, target: Person, viewers: int) -> Happened:
        """`raider` sends his viewers to `target`; both sides' subscriptions are told."""
        event = payloads.channel_raid(raider, target, viewers)
        subjects = [f"{FROM}:{raider['id']}", f"{TO}:{target['id']}"]
        return self._tell("channel.raid", subjects, event)

    def follow(self, follower: Person, broadcaster: Person) -> Happened:
        """Follow anew: somebody who follows already has unfollowed a moment ago."""
        with self._store.transaction():
            followed_ns = self._clock.now_ns()
            self._store.run(
                "DELETE FROM follows WHERE user_id = ? AND broadcaster_id = ?",
                follower["id"],
                broadcaster["id"],
            )
            self._store.insert(
                "follows",
                user_id=follower["id"],
                broadcaster_id=broadcaster["id"],
                followed_ns=followed_ns,
            )
            event = payloads.channel_follow(follower, broadcaster, followed_ns)
            return self._tell("channel.follow", [f"{BROADCASTER}:{broadcaster['id']}"], event)

    def update_user(self, person: Person, **changes: str) -> Happened:
        """Set login, name or description."""
        with self._store.transaction():
            person = self._people.change(person["id"], **changes)
            logged = payloads.user_update(person, may_see_email=False)

            def event(_: sqlite3.Row) -> dict[str, Any]:
                scopes = self._subscriptions.scopes_of(person["id"])
                return payloads.user_update(person, may_see_email="user:read:email" in scopes)

            return self._tell("user.update", [f"{USER}:{person['id']}"], logged, event)

    def whisper(self, sender: Person, receiver: Person, text: str) -> Happened:
        """`sender` writes to `receiver`, whose subscriptions are told."""
        with self._store.transaction():
            whisper_id = str(uuid.uuid4())
            event = payloads.user_whisper(sender, receiver, whisper_id, text)
            return self._tell("user.whisper.message", [f"{USER}:{receiver['id']}"], event)

    def write(self, chatter: Person, broadcaster: Person, text: str) -> Happened:
        """`chatter` writes into the chat of `broadcaster`; whoever reads it is told."""
        with self._store.transaction():
            line = self._chat.add(chatter, broadcaster, text)
            event = chat_payloads.message(self._people, chatter, broadcaster, line, text)
            return self.tell("channel.chat.message", broadcaster, event)

    def tell(self, kind: str, broadcaster: Person, event: dict[str, Any]) -> Happened:
        """Something happened in a channel that changes nothing here."""

        def event_for(row: sqlite3.Row) -> dict[str, Any] | None:
            wanted = json.loads(row["condition"]).get("reward_id")
            return event if wanted in (None, event.get("reward", {}).get("id")) else None

        return self._tell(kind, [f"{BROADCASTER}:{broadcaster['id']}"], event, event_for)

    def authorize(self, person: Person, scopes: list[str]) -> Happened:
        """`person` gives consent to the client."""
        with self._store.transaction():
            self._tokens.grant(person["id"], scopes)
            return self._tell_client("user.authorization.grant", person)

    def revoke_authorization(self, person: Person) -> Happened:
        """`person` disconnects the client; what rested on the consent ends.

        Nothing happens where there was no consent.
        """
        with self._store.transaction():
            if not self._tokens.end_grant(person["id"]):
                return Happened()
            for row in self._subscriptions.enabled_resting_on(person["id"]):
                self._outbox.revoke(row["id"], "authorization_revoked")
            return self._tell_client("user.authorization.revoke", person)

    def remove_user(self, person: Person) -> Happened:
        """Ban the account: Helix knows it no more, and what names it ends."""
        with self._store.transaction():
            ended = self.go_offline(person) if person["stream_id"] else Happened()
            self._people.change(person["id"], gone=1)
            for row in self._subscriptions.enabled_naming(person["id"]):
                self._outbox.revoke(row["id"], "user_removed")
            gone = self._tell("user.removed", [], payloads.naming(person, "user"))
            return ended.then(gone)

    def restore_user(self, person: Person) -> Happened:
        """Take the ban back; subscriptions stay ended."""
        with self._store.transaction():
            self._people.change(person["id"], gone=0)
            return self._tell("user.restored", [], payloads.naming(person, "user"))

    def _tell_client(self, kind: str, person: Person) -> Happened:
        client_id = self._config.client_id
        event = payloads.authorization(person, client_id)
        return self._tell(kind, [f"{CLIENT}:{client_id}"], event)

    def _tell(
        self,
        kind: str,
        subjects: list[str],
        event: dict[str, Any],
        event_for: EventFor | None = None,
    ) -> Happened:
        with self._store.transaction():
            told: list[str] = []
            for subject in subjects:
                told += self._outbox.notify(kind, subject, event_for or event)
            entry = self._store.insert(
                "log",
                type=kind,
                at_ns=self._clock.now_ns(),
                payload=json.dumps(event, ensure_ascii=False),
                message_ids=json.dumps(told),
            )
            return Happened([{"id": entry, "type": kind}], told)

    def log_newest(self, limit: int) -> list[dict[str, Any]]:
        """The last things that happened, newest first."""
        rows = self._store.rows("SELECT * FROM log ORDER BY id DESC LIMIT ?", limit)
        return [_entry(row) for row in rows]

    def log_after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """What happened after the entry with this id, oldest first, with its messages' states."""
        rows = self._store.rows("SELECT * FROM log WHERE id > ? ORDER BY id LIMIT ?", number, limit)
        return [{**_entry(row), "messages": self._states(row)} for row in rows]

    def _states(self, row: sqlite3.Row) -> dict[str, str]:
        """What became of each message; one sent twice counts as delivered when either was."""
        ids = json.loads(row["message_ids"])
        sql = f"SELECT id, state FROM messages WHERE id IN ({marks(ids)}) ORDER BY state != ?"  # noqa: S608
        states: dict[str, str] = {}
        for message in self._store.rows(sql, *ids, "delivered"):
            states.setdefault(message["id"], message["state"])
        return states

    def prune(self) -> None:
        """Keep the newest entries of the log only; their ids are not given again."""
        self._store.run("DELETE FROM log WHERE id <= (SELECT max(id) FROM log) - ?", LOG_ROWS)


def _entry(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "type": row["type"],
        "at": rfc3339_nanoseconds(row["at_ns"]),
        "payload": json.loads(row["payload"]),
        "message_ids": json.loads(row["message_ids"]),
    }
