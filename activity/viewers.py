"""How many watched each stream, as every round of Get Streams counts them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Greatest

from activity.models import Segment
from streamwatch.twitch.payloads import LiveStream

FIELDS = ("viewers_peak", "viewers_sum", "viewers_readings")
# More people than there are: a number that no column keeps is no number of viewers.
MOST_VIEWERS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Viewers:
    """Of a Broadcast: the most that were read at once, and the mean of all readings."""

    peak: int
    average: int


def note_viewers(streamer_pks: Collection[int], streams: Iterable[LiveStream]) -> None:
    """Add a reading to the Segments of these streamers that Twitch lists (at most 2 queries).

    To be called after record(), so that a stream first heard of now has its Segment. A reading
    that a killed worker takes twice counts twice in the mean, which bears it.
    """
    counts = {stream.stream_id: min(stream.viewer_count, MOST_VIEWERS) for stream in streams}
    if not counts:
        return
    found = Segment.objects.filter(streamer__in=streamer_pks, stream_id__in=counts)
    segments = list(found.only("pk", "stream_id").order_by("pk"))
    for segment in segments:
        count = max(0, counts[segment.stream_id])
        # Added up by the database: record() may write other fields of the row meanwhile.
        segment.viewers_peak = Greatest(F("viewers_peak"), count)
        segment.viewers_sum = F("viewers_sum") + count
        segment.viewers_readings = F("viewers_readings") + 1
    Segment.objects.bulk_update(segments, FIELDS)


def viewers_of(segments: Collection[Segment]) -> Viewers | None:
    """Of the Broadcast with these Segments; None while nothing was counted."""
    readings = sum(segment.viewers_readings for segment in segments)
    if not readings:
        return None
    total = sum(segment.viewers_sum for segment in segments)
    return Viewers(
        peak=max(segment.viewers_peak for segment in segments), average=round(total / readings)
    )
