"""The last Broadcasts of a streamer as its page shows them: gaps, chapters, raids.

Chapters are derived from Activities (docs/decisions/0009-broadcasts.md): title and category as
they were at the beginning, then each `changed` within the Broadcast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activity.models import Activity, Broadcast, Segment
from activity.viewers import Viewers, viewers_of
from subscriptions.models import Streamer

BROADCASTS = 10
# Of the Activities that lie in them; the oldest Broadcasts go without when there are more.
MOST_ACTIVITIES = 500
WITHIN = (
    Activity.Kind.ONLINE,
    Activity.Kind.CHANGED,
    Activity.Kind.RAID_IN,
    Activity.Kind.RAID_OUT,
)


@dataclass(frozen=True, slots=True)
class Gap:
    """The streamer was off the air for a moment, so many seconds after the beginning."""

    after: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a Broadcast with one title and category; None where nobody told.

    `after` is in seconds from the beginning.
    """

    after: int
    title: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A Broadcast as it is shown; `seconds` is None while it is on the air."""

    broadcast: Broadcast
    is_on_air: bool
    is_beginning_known: bool
    is_end_known: bool
    seconds: int | None
    gaps: Sequence[Gap]
    chapters: Sequence[Chapter]
    raids: Sequence[Activity]
    viewers: Viewers | None


def last_broadcasts(streamer: Streamer, limit: int = BROADCASTS) -> list[Stretch]:
    """The streamer's last Broadcasts, newest first (3 queries, 1 when there are none)."""
    newest = Broadcast.objects.filter(streamer=streamer).order_by("-began_at", "-pk")
    broadcasts = list(newest.prefetch_related("segments")[:limit])
    if not broadcasts:
        return []
    inside = Activity.objects.filter(
        streamer=streamer, kind__in=WITHIN, occurred_at__gte=broadcasts[-1].began_at
    )
    found = list(inside.order_by("-occurred_at", "-pk")[:MOST_ACTIVITIES])[::-1]
    return [_stretch(one, streamer, found) for one in broadcasts]


def _stretch(broadcast: Broadcast, streamer: Streamer, found: Iterable[Activity]) -> Stretch:
    segments = sorted(broadcast.segments.all(), key=lambda one: (one.began_at, one.stream_id))
    # The snapshot decides what is live: nobody may have told of the end.
    is_on_air = broadcast.ended_at is None and streamer.is_live
    began_at, ended_at = broadcast.began_at, broadcast.ended_at
    mine = [
        one
        for one in found
        if began_at <= one.occurred_at and (ended_at is None or one.occurred_at <= ended_at)
    ]
    return Stretch(
        broadcast=broadcast,
        is_on_air=is_on_air,
        is_beginning_known=segments[0].is_beginning_known,
        is_end_known=ended_at is not None and _ended_last(segments).is_end_known,
        seconds=None if ended_at is None else _seconds(ended_at - began_at),
        gaps=_gaps(segments),
        chapters=_chapters(began_at, mine, streamer if is_on_air else None),
        raids=[one for one in mine if one.kind in (Activity.Kind.RAID_IN, Activity.Kind.RAID_OUT)],
        viewers=viewers_of(segments),
    )


def _ended_last(segments: Sequence[Segment]) -> Segment:
    return max(segments, key=lambda one: one.end or one.began_at)


def _gaps(segments: Sequence[Segment]) -> list[Gap]:
    """Between Segments in order of their beginnings; none where they overlap."""
    gaps: list[Gap] = []
    end: datetime | None = None
    for segment in segments:
        if end is not None and end < segment.began_at:
            after = _seconds(end - segments[0].began_at)
            gaps.append(Gap(after, _seconds(segment.began_at - end)))
        its_end = segment.end or segment.began_at
        end = its_end if end is None else max(end, its_end)
    return gaps


def _chapters(
    began_at: datetime, mine: Sequence[Activity], live: Streamer | None
) -> Sequence[Chapter]:
    """From the beginning on; `live` is the streamer when the last chapter is what it shows now."""
    changes = [one for one in mine if one.kind == Activity.Kind.CHANGED]
    online = next((one for one in mine if one.kind == Activity.Kind.ONLINE), None)
    now = {"title": live.title, "category": live.category_name} if live else {}
    told = online.details if online else now
    title = _at_first("title", changes, told)
    category = _at_first("category", changes, told)
    chapters = [Chapter(0, title, category)]
    for change in changes:
        title = change.details.get("title", {}).get("new", title)
        category = change.details.get("category", {}).get("new", category)
        last = chapters[-1]
        if (title, category) != (last.title, last.category):
            after = _seconds(change.occurred_at - began_at)
            chapters.append(Chapter(after, title, category))
    return chapters


def _at_first(field: str, changes: Iterable[Activity], told: Mapping[str, str]) -> str | None:
    """What the first change in it took the place of, where it changed.

    An `online` that was heard of late says what was true then.
    """
    olds = (one.details[field]["old"] for one in changes if field in one.details)
    return next(olds, told.get(field))


def _seconds(length: timedelta) -> int:
    return max(0, int(length.total_seconds()))
