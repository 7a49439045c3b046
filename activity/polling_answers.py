"""What becomes of Twitch's answers to a ring: record() first, then what only polling remembers.

In this order a process that is killed between says the same again, which is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from activity import rings
from activity.drafts import Draft
from activity.follow_readings import FollowerTotal, Listed, read_followed, read_totals
from activity.models import FollowedCursor, FollowerCount, Ring
from activity.readings import Moment, read_channels, read_profiles, read_streams
from activity.recording import record
from activity.viewers import note_viewers
from streamwatch.crashing import crash_point
from streamwatch.twitch.eventsub import EventType, Status
from subscriptions.models import EventSubSubscription, Streamer

# Drafts in one transaction: what it locks, pushes wait for.
RECORDED_AT_ONCE = 100
COUNTED = ("total", "as_of", "base_total", "base_at")


def write(ring: Ring, read: Sequence[Streamer], found: Sequence[Any], asked_at: datetime) -> None:
    """Take in what was `found` about the streamers that were `read`; at most 5 queries besides
    those of record()."""
    match ring.name:
        case rings.STREAMS:
            moment = Moment(asked_at, ring.round_began_at or asked_at)
            streams = read_streams(read, found, moment)
            _record(streams.drafts)
            streams.write_absences()
            note_viewers([streamer.pk for streamer in read], found)
        case rings.CHANNELS:
            _record(read_channels(read, found, asked_at))
        case rings.PROFILES:
            _record(read_profiles(read, found, asked_at))
        case rings.FOLLOWERS:
            _write_totals(read, found, asked_at)
        case rings.FOLLOWED:
            _write_followed(found, asked_at)


def _write_totals(
    read: Sequence[Streamer], found: Sequence[FollowerTotal], asked_at: datetime
) -> None:
    rows = FollowerCount.objects.filter(streamer__in=[streamer.pk for streamer in read])
    totals = read_totals(
        read,
        found,
        asked_at,
        counts={row.streamer_id: row for row in rows},
        pushed=_pushed([streamer.twitch_id for streamer in read]),
    )
    _record(totals.drafts)
    crash_point("after-recording-followers")
    # Whoever asked at the same time has counted the same.
    FollowerCount.objects.bulk_create(totals.new, ignore_conflicts=True)
    FollowerCount.objects.bulk_update(totals.known, COUNTED)


def _pushed(twitch_ids: Sequence[str]) -> set[str]:
    """Those of whose new followers Twitch tells us (1 query, none where it cannot)."""
    if not settings.CAN_RECEIVE_WEBHOOKS:
        return set()
    promises = EventSubSubscription.objects.of_streamers(twitch_ids)
    mine = promises.filter(type=EventType.FOLLOW, status=Status.ENABLED)
    return set(mine.values_list("subject_id", flat=True))


def _write_followed(found: Sequence[Listed], asked_at: datetime) -> None:
    drafts: list[Draft] = []
    new, moved = [], []
    for listed in found:
        before = _position(listed.cursor)
        follows, cursor = read_followed(listed, asked_at)
        drafts += follows
        if cursor._state.adding:  # noqa: SLF001  # Django's documented way to ask
            new.append(cursor)
        elif before != _position(cursor):
            moved.append(cursor)
    _record(drafts)
    crash_point("after-recording-followed")
    FollowedCursor.objects.bulk_create(new, ignore_conflicts=True)
    FollowedCursor.objects.bulk_update(moved, ("newest_at", "taken"))


def _position(cursor: FollowedCursor) -> tuple[datetime, list[str]]:
    return cursor.newest_at, cursor.taken


def _record(drafts: Sequence[Draft]) -> None:
    for start in range(0, len(drafts), RECORDED_AT_ONCE):
        record(drafts[start : start + RECORDED_AT_ONCE])
