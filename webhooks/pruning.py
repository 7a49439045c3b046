"""Deleting messages whose time is over, and blanking private bodies soon after processing."""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from webhooks.models import InboxMessage

CHUNK = 1000
# The rest waits for the next minute.
SECONDS = 30.0
# Twitch may send again for 10 min, and a repeat is known by its row.
SHORTEST = timedelta(hours=1)


def prune() -> int:
    """Blank what is due, then delete processed messages after INBOX_DAYS; how many were deleted.

    In chunks of 1,000 rows, each its own transaction, for at most 30 s.
    """
    give_up_at = time.monotonic() + SECONDS
    blank()
    deleted = 0
    while time.monotonic() < give_up_at and (count := _delete_chunk()):
        deleted += count
    return deleted


def blank() -> int:
    """Empty the private bodies that are due; how many (1 query)."""
    due = InboxMessage.objects.to_blank(timezone.now())
    return due.update(body=b"", blank_at=None)


def _delete_chunk() -> int:
    kept = max(timedelta(days=settings.INBOX_DAYS), SHORTEST)
    old = InboxMessage.objects.processed_before(timezone.now() - kept)
    pks = list(old.values_list("pk", flat=True)[:CHUNK])
    count, _ = InboxMessage.objects.filter(pk__in=pks).delete()
    return count
