"""Segments and Broadcasts of one Streamer, from what is heard of its streams.

Plain reckoning, no query: broadcasting.py loads and writes. Beginnings and ends are the earliest
that were told, and Broadcasts follow from the Segments alone, so that the outcome does not depend
on when or in which order we hear of things. What is live, the snapshot says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from activity.drafts import WentLive, WentOffline
from activity.models import Broadcast, Segment
from subscriptions.models import Streamer

# `seen_at` is kept in such steps, so that polls do not write it every minute.
SEEN_STEP = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEGMENT_FIELDS = (
    *("broadcast", "began_at", "is_beginning_known", "seen_at", "ended_at", "is_end_known"),
)
BROADCAST_FIELDS = ("began_at", "ended_at", "is_over")

StreamDraft = WentLive | WentOffline
Values = tuple[object, ...]


class Airing:
    """One locked Streamer, and those of its Segments that what is heard may change.

    To be made before the drafts are compared with the snapshot, and settled after.
    """

    def __init__(self, *, streamer: Streamer, segments: Iterable[Segment]) -> None:
        self.streamer = streamer
        self.changed: list[Segment] = []
        self.broadcasts: list[Broadcast] = []
        self.emptied: list[Broadcast] = []
        self._segments = {segment.stream_id: segment for segment in segments}
        self._before: dict[str, Values] = {
            stream_id: _values(segment) for stream_id, segment in self._segments.items()
        }
        self._take_snapshot()

    @property
    def is_touched(self) -> bool:
        """Whether there is something to write."""
        return bool(self.changed or self.broadcasts or self.emptied)

    def settle(self, drafts: Sequence[StreamDraft], *, now: datetime, grace: timedelta) -> None:
        """Take the drafts, which must be about this streamer and clean (cleaning.py).

        Beginnings first: an end without id is the end of a stream that began before it.
        """
        named = [draft for draft in drafts if draft.stream_id]
        for draft in named:
            if isinstance(draft, WentLive):
                self._began(draft)
        for draft in named:
            if isinstance(draft, WentOffline):
                self._ended(draft)
        for draft in drafts:
            if isinstance(draft, WentOffline) and not draft.stream_id:
                self._off_the_air(draft.as_of)
        self._close()
        self._group(now=now, grace=grace)

    # --- What is heard

    def _take_snapshot(self) -> None:
        """subscribe() saw it live before anybody told of its beginning."""
        streamer = self.streamer
        if not streamer.live_stream_id or streamer.live_stream_id in self._segments:
            return
        began_at = streamer.live_started_at or streamer.live_as_of
        self._add(
            stream_id=streamer.live_stream_id,
            began_at=began_at,
            is_beginning_known=streamer.live_started_at is not None,
            seen_at=max(began_at, _step(streamer.live_as_of)),
            is_end_known=False,
        )

    def _began(self, draft: WentLive) -> None:
        seen_at = max(draft.started_at, _step(draft.as_of))
        segment = self._segments.get(draft.stream_id)
        if segment is None:
            self._add(
                stream_id=draft.stream_id,
                began_at=draft.started_at,
                is_beginning_known=True,
                seen_at=seen_at,
                is_end_known=False,
            )
            return
        is_earlier = draft.started_at < segment.began_at
        if is_earlier or not segment.is_beginning_known:
            segment.began_at = draft.started_at
        segment.is_beginning_known = True
        segment.seen_at = max(segment.seen_at or seen_at, seen_at)

    def _ended(self, draft: WentOffline) -> None:
        segment = self._segments.get(draft.stream_id)
        if segment is None:
            self._add(
                stream_id=draft.stream_id,
                began_at=draft.as_of,
                is_beginning_known=False,
                ended_at=draft.as_of,
                is_end_known=True,
            )
            return
        _end(segment, draft.as_of)

    def _off_the_air(self, moment: datetime) -> None:
        """The stream that began last before `moment` had ended by then, unless it is live."""
        begun = [segment for segment in self._in_order() if segment.began_at <= moment]
        if begun and begun[-1].stream_id != self.streamer.live_stream_id:
            _end(begun[-1], moment)

    def _add(self, **fields: object) -> None:
        segment = Segment(streamer=self.streamer, **fields)
        self._segments[segment.stream_id] = segment

    # --- What follows from it

    def _close(self) -> None:
        """End all but the live one: where no end was heard, at the last moment seen."""
        ordered = self._in_order()
        live_id = self.streamer.live_stream_id
        if ordered and not live_id and not ordered[-1].is_end_known:
            # It was heard of after the word that nothing is live.
            self._off_the_air(self.streamer.live_as_of)
        for segment, following in zip_longest(ordered, ordered[1:]):
            if segment.stream_id == live_id:
                segment.ended_at, segment.is_end_known = None, False
            elif not segment.is_end_known:
                seen_at = max(segment.seen_at or segment.began_at, segment.began_at)
                segment.ended_at = min(seen_at, following.began_at) if following else seen_at
            elif following and following.is_beginning_known and segment.ended_at:
                # Nobody streams twice at once: a clock differs, or an end without id was taken
                # for this one's before the stream was heard of that it ended.
                segment.ended_at = min(segment.ended_at, following.began_at)

    def _group(self, *, now: datetime, grace: timedelta) -> None:
        """A Broadcast for each stretch: one that its Segments had, else a new one."""
        had = {one.broadcast_id: one.broadcast for one in self._segments.values() if one.pk}
        for group in _stretches(self._in_order(), grace):
            pk = next((one.broadcast_id for one in group if one.broadcast_id in had), None)
            broadcast = had.pop(pk) if pk else Broadcast(streamer=self.streamer)
            if _set_times(broadcast, group, over_before=now - grace):
                self.broadcasts.append(broadcast)
            for segment in group:
                segment.broadcast = broadcast
        self.emptied = list(had.values())
        self.changed = [
            segment
            for stream_id, segment in self._segments.items()
            if self._before.get(stream_id) != _values(segment)
        ]

    def _in_order(self) -> list[Segment]:
        return sorted(self._segments.values(), key=lambda one: (one.began_at, one.stream_id))


def _end(segment: Segment, moment: datetime) -> None:
    """The earliest end that was told counts; where nobody told of the beginning, it is that too."""
    if segment.is_end_known and segment.ended_at is not None:
        moment = min(segment.ended_at, moment)
    segment.ended_at, segment.is_end_known = moment, True
    if not segment.is_beginning_known:
        segment.began_at = min(segment.began_at, moment)


def _stretches(ordered: Iterable[Segment], grace: timedelta) -> list[list[Segment]]:
    """Segments in order of their beginnings, apart where a gap is as long as the grace."""
    stretches: list[list[Segment]] = []
    end: datetime | None = None
    for segment in ordered:
        its_end = segment.end
        if stretches and (end is None or segment.began_at <= end or segment.began_at - end < grace):
            stretches[-1].append(segment)
            end = max(end, its_end) if end and its_end else None
        else:
            stretches.append([segment])
            end = its_end
    return stretches


def _set_times(broadcast: Broadcast, group: Sequence[Segment], *, over_before: datetime) -> bool:
    """Set the times that follow from the Segments; whether they differ from what is stored."""
    ends = [segment.end for segment in group]
    known = [end for end in ends if end is not None]
    ended_at = max(known) if len(known) == len(ends) else None
    before = (broadcast.began_at, broadcast.ended_at, broadcast.is_over)
    broadcast.began_at = group[0].began_at
    broadcast.ended_at = ended_at
    broadcast.is_over = ended_at is not None and ended_at <= over_before
    after = (broadcast.began_at, broadcast.ended_at, broadcast.is_over)
    return before != after


def _step(moment: datetime) -> datetime:
    return moment - (moment - EPOCH) % SEEN_STEP


def _values(segment: Segment) -> Values:
    return (
        *(segment.broadcast_id, segment.began_at, segment.is_beginning_known),
        *(segment.seen_at, segment.ended_at, segment.is_end_known),
    )
