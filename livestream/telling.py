"""Messages for those who listen: what the tailer reads for `/pubsub`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from livestream.models import Heard, Key, TopicMessage
from streamwatch.encryption import Undecipherable, decrypt
from streamwatch.live import Address, Change, Event

logger = logging.getLogger(__name__)

PREFIX = "topic:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """A message that somebody listens for; `changed_at` is when it was written."""

    heard: Heard
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """A frame of StreamWatch's own, told in its turn."""

    frame: str


def address(key: Key) -> Address:
    """Where messages of one type for one condition arrive."""
    return ("topic", *key)


class TopicMessages:
    """A Source: each message once, at the address of its type and condition."""

    def changed_since(self, moment: datetime) -> Iterable[Change]:
        """By the index on changed_at (1 query)."""
        rows = TopicMessage.objects.filter(changed_at__gte=moment).order_by("pk")
        for pk, changed_at, *key in rows.values_list("pk", "changed_at", "type", "condition_key"):
            yield Change(f"{PREFIX}{pk}", changed_at, ("topic", *key))

    def render(self, changes: Sequence[Change]) -> Iterable[tuple[Address, Event]]:
        """One query, and one decryption a message."""
        pks = [int(change.key.removeprefix(PREFIX)) for change in changes]
        for row in TopicMessage.objects.filter(pk__in=pks).order_by("pk"):
            try:
                event = json.loads(decrypt(bytes(row.body)))
            except Undecipherable:
                logger.warning("message %d for topics cannot be opened any more", row.pk)
                continue
            heard = Heard(row.message_id, row.type, row.condition_key, row.sent_at, event)
            told = Told("topic", heard=heard, changed_at=row.changed_at)
            yield address((row.type, row.condition_key)), told
