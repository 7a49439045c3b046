"""Deleting Activities and Broadcasts that have been kept long enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from activity.models import Activity, Broadcast
from subscriptions.models import Streamer

CHUNK_ROWS = 1000
# What one run does at most; the next one goes on.
CHUNKS = 100


def prune() -> int:
    """Delete Activities and Broadcasts over more than settings.ACTIVITY_DAYS ago; how many.

    Streamer by streamer, for the index begins with it, in transactions of at most 1,000 rows
    that hold the lock of one Streamer, so that record() never waits long; at most 100 of them.
    """
    before = timezone.now() - timedelta(days=settings.ACTIVITY_DAYS)
    return _prune_activities(before) + _prune_broadcasts(before)


def _prune_activities(before: datetime) -> int:
    old = Activity.objects.filter(streamer=OuterRef("pk"), occurred_at__lt=before)
    streamers = Streamer.objects.filter(Exists(old)).order_by("pk").values_list("pk", flat=True)
    deleted = chunks = 0
    for pk in streamers[:CHUNKS]:
        rows = CHUNK_ROWS
        while rows == CHUNK_ROWS and chunks < CHUNKS:
            rows = _prune_chunk(pk, before)
            deleted += rows
            chunks += 1
    return deleted


@transaction.atomic
def _prune_chunk(streamer_pk: int, before: datetime) -> int:
    # Against a record() that writes `last_activity_at` meanwhile.
    streamer = Streamer.objects.select_for_update().filter(pk=streamer_pk).first()
    if streamer is None:
        return 0
    mine = Activity.objects.filter(streamer=streamer)
    oldest = mine.filter(occurred_at__lt=before).order_by("occurred_at", "pk")
    ids = list(oldest.values_list("pk", flat=True)[:CHUNK_ROWS])
    Activity.objects.filter(pk__in=ids).delete()
    newest = mine.order_by("-occurred_at").values_list("occurred_at", flat=True).first()
    if newest != streamer.last_activity_at:
        streamer.last_activity_at = newest
        streamer.save(update_fields=["last_activity_at"])
    return len(ids)


def _prune_broadcasts(before: datetime) -> int:
    """The oldest first, each chunk under the locks of its Streamers, which record() takes too."""
    old = Broadcast.objects.filter(is_over=True, ended_at__lt=before)
    deleted = chunks = 0
    rows = CHUNK_ROWS
    while rows == CHUNK_ROWS and chunks < CHUNKS:
        oldest = old.order_by("ended_at", "pk").values_list("pk", "streamer_id")
        chunk = dict(oldest[:CHUNK_ROWS])
        if chunk:
            _delete_broadcasts(chunk, before)
        rows = len(chunk)
        deleted += rows
        chunks += 1
    return deleted


@transaction.atomic
def _delete_broadcasts(streamer_of: Mapping[int, int], before: datetime) -> None:
    locked = Streamer.objects.select_for_update().filter(pk__in=set(streamer_of.values()))
    list(locked.order_by("pk").values_list("pk", flat=True))
    # Looked at again under the locks: a late word may have made one longer.
    Broadcast.objects.filter(pk__in=streamer_of, ended_at__lt=before).delete()
