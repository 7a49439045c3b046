"""Keeping Segments and Broadcasts: record() loads and writes them here, under its locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from activity.airing import BROADCAST_FIELDS, SEGMENT_FIELDS, Airing
from activity.drafts import Draft, WentLive, WentOffline
from activity.models import Broadcast, Segment
from subscriptions.models import Streamer

SWEPT_AT_ONCE = 500


def grace() -> timedelta:
    """A gap shorter than this is within a Broadcast."""
    return timedelta(seconds=settings.BROADCAST_GRACE_SECONDS)


class Airings:
    """The Airings of all locked Streamers of whose streams something is heard."""

    def __init__(self, streamers: Mapping[str, Streamer], drafts: Iterable[Draft]) -> None:
        """Loads their Segments that may matter: 2 queries, 0 when nothing is said of streams."""
        self._drafts: defaultdict[str, list[WentLive | WentOffline]] = defaultdict(list)
        for draft in drafts:
            if isinstance(draft, WentLive | WentOffline):
                self._drafts[draft.twitch_id].append(draft)
        concerned = {twitch_id: streamers[twitch_id] for twitch_id in self._drafts}
        segments = self._load(concerned)
        self.all = {
            twitch_id: Airing(streamer=streamer, segments=segments.get(streamer.pk, ()))
            for twitch_id, streamer in concerned.items()
        }

    @property
    def are_touched(self) -> bool:
        """Whether there is something to write."""
        return any(airing.is_touched for airing in self.all.values())

    def settle(self, now: datetime) -> None:
        """To be called when the snapshots are up to date."""
        for twitch_id, airing in self.all.items():
            airing.settle(self._drafts[twitch_id], now=now, grace=grace())

    def write(self) -> None:
        """Write what has changed (at most 8 queries, 3 for a beginning, 2 for an end)."""
        airings = list(self.all.values())
        _write_broadcasts([one for airing in airings for one in airing.broadcasts])
        changed = [segment for airing in airings for segment in airing.changed]
        known = sorted((one for one in changed if one.pk), key=lambda one: one.pk)
        Segment.objects.bulk_create([one for one in changed if not one.pk])
        Segment.objects.bulk_update(known, SEGMENT_FIELDS)
        # Their Segments have moved to others.
        if emptied := [one.pk for airing in airings for one in airing.emptied]:
            Broadcast.objects.filter(pk__in=emptied).delete()

    def _load(self, streamers: Mapping[str, Streamer]) -> dict[int, list[Segment]]:
        """Whole Broadcasts: those of the streams named, and all that ended later than these began.

        So no Segment is left out that may be joined to one that changes, or follows it.
        """
        if not streamers:
            return {}
        stream_ids, moments = self._named(streamers)
        mine = Segment.objects.filter(streamer__in=streamers.values())
        named = mine.filter(stream_id__in=stream_ids)
        broadcasts = dict(named.values_list("broadcast_id", "broadcast__began_at"))
        since = min([*moments, *broadcasts.values()]) - grace()
        is_near = Q(broadcast__ended_at=None) | Q(broadcast__ended_at__gte=since)
        near = Segment.objects.filter(is_near, broadcast__streamer__in=streamers.values())
        found: defaultdict[int, list[Segment]] = defaultdict(list)
        shared: dict[int, Broadcast] = {}
        for segment in near.select_related("broadcast"):
            segment.broadcast = shared.setdefault(segment.broadcast_id, segment.broadcast)
            found[segment.streamer_id].append(segment)
        return found

    def _named(self, streamers: Mapping[str, Streamer]) -> tuple[set[str], list[datetime]]:
        stream_ids = {one.live_stream_id for one in streamers.values()}
        moments = [one.live_started_at for one in streamers.values() if one.live_started_at]
        for drafts in self._drafts.values():
            for draft in drafts:
                stream_ids.add(draft.stream_id)
                moments.append(draft.as_of)
                if isinstance(draft, WentLive):
                    moments.append(draft.started_at)
        return stream_ids - {""}, moments


def sweep() -> int:
    """Mark Broadcasts as over whose grace has passed, at most 500 at once; how many.

    Two queries. record() may join another Segment all the same, one that is heard of late.
    """
    due = Broadcast.objects.filter(is_over=False, ended_at__lte=timezone.now() - grace())
    pks = sorted(due.order_by("ended_at").values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    return due.filter(pk__in=pks).update(is_over=True) if pks else 0


def _write_broadcasts(broadcasts: Sequence[Broadcast]) -> None:
    """Insert or update (0 to 3 queries); those that are new know their ids afterwards."""
    known = sorted((one for one in broadcasts if one.pk), key=lambda one: one.pk)
    Broadcast.objects.bulk_update(known, BROADCAST_FIELDS)
    made = [one for one in broadcasts if not one.pk]
    Broadcast.objects.bulk_create(made)
    if not made:
        return
    # Read again, for MySQL does not tell the ids of rows it inserted; the newest is the one.
    mine = Broadcast.objects.filter(
        streamer__in={one.streamer_id for one in made}, began_at__in={one.began_at for one in made}
    )
    rows = mine.order_by("pk").values_list("streamer_id", "began_at", "pk")
    pks = {(streamer, began_at): pk for streamer, began_at, pk in rows}
    for one in made:
        one.pk = pks[one.streamer_id, one.began_at]
