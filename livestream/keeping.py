"""Keeping what somebody listens for, until all processes have told it; and forgetting it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from livestream.event_types import TYPES
from livestream.models import KEPT, Heard, TopicMessage, leased_keys
from streamwatch import live
from streamwatch.encryption import encrypt

CHUNK = 1000
# The rest waits for the next minute.
SECONDS = 20.0


def wanted(heard: Sequence[Heard]) -> list[TopicMessage]:
    """Rows for those of them that somebody listens for, not written yet (1 query, 0 for none).

    What is older than rows are kept was told when it came: an operator has it processed again.
    """
    now = timezone.now()
    heard = [one for one in heard if one.type in TYPES and one.sent_at > now - KEPT]
    if not heard:
        return []
    keys = leased_keys([(one.type, one.condition_key) for one in heard], now)
    return [
        TopicMessage(
            message_id=one.message_id,
            type=one.type,
            condition_key=one.condition_key,
            sent_at=one.sent_at,
            body=encrypt(json.dumps(one.event).encode()),
            changed_at=now,
        )
        for one in heard
        if (one.type, one.condition_key) in keys
    ]


def keep(*, rows: Sequence[TopicMessage]) -> None:
    """Write them, within the caller's transaction; one that is there already stays (1 query)."""
    if rows:
        TopicMessage.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(lambda: live.publish("topics"), robust=True)


def prune() -> int:
    """Delete what is older than 10 min, in chunks of 1,000 for at most 20 s; how many."""
    give_up_at = time.monotonic() + SECONDS
    deleted = 0
    while time.monotonic() < give_up_at and (count := _delete_chunk()):
        deleted += count
    return deleted


def _delete_chunk() -> int:
    old = TopicMessage.objects.old(timezone.now()).order_by("changed_at")
    pks = list(old.values_list("pk", flat=True)[:CHUNK])
    return TopicMessage.objects.filter(pk__in=pks).delete()[0] if pks else 0
