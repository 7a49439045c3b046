"""Deleting Activities, Broadcasts and Follows that have been kept long enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from activity.models import Activity, Broadcast, Follow
from subscriptions.models import Streamer

CHUNK_ROWS = 1000
# What one run does at most; the next one goes on.
CHUNKS = 100
# Since a follow was taken in. Longer where Twitch's messages are kept longer, lest one that is
# processed again count its follow again.
FOLLOWS_KEPT = timedelta(days=14)


def prune() -> int:
    """Delete Activities and Broadcasts over more than settings.ACTIVITY_DAYS ago, and Follows taken
    more than 14 days ago; how many rows.

    In transactions of at most 1,000 rows that hold the locks of their Streamers (Activities go
    Streamer by Streamer, for the index begins with it), so that record() never waits long; at
    most 100 of each.
    """
    now = timezone.now()
    before = now - timedelta(days=settings.ACTIVITY_DAYS)
    kept = max(FOLLOWS_KEPT, timedelta(days=settings.INBOX_DAYS + 1))
    return _prune_activities(before) + _prune_broadcasts(before) + _prune_follows(now - kept)


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
    old = Broadcast.objects.filter(is_over=True, ended_at__lt=before)
    return _prune_oldest(old.order_by("ended_at", "pk"))


def _prune_follows(before: datetime) -> int:
    return _prune_oldest(Follow.objects.filter(taken_at__lt=before).order_by("taken_at", "pk"))


def _prune_oldest(old: QuerySet[Any]) -> int:
    """In the order given, each chunk under the locks of its Streamers, which record() takes too."""
    deleted = chunks = 0
    rows = CHUNK_ROWS
    while rows == CHUNK_ROWS and chunks < CHUNKS:
        chunk = dict(old.values_list("pk", "streamer_id")[:CHUNK_ROWS])
        if chunk:
            _delete(old, chunk)
        rows = len(chunk)
        deleted += rows
        chunks += 1
    return deleted


@transaction.atomic
def _delete(old: QuerySet[Any], streamer_of: Mapping[int, int]) -> None:
    locked = Streamer.objects.select_for_update().filter(pk__in=set(streamer_of.values()))
    list(locked.order_by("pk").values_list("pk", flat=True))
    # Looked at again under the locks: a late word may have made a Broadcast longer.
    old.filter(pk__in=streamer_of).delete()
