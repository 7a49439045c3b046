"""Activities for open pages: what the tailer reads, and what a page missed before it opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.utils import timezone

from activity.models import Activity
from streamwatch.live import OVERLAP, RESYNC, Change, Event

PREFIX = "activity:"
# A page that missed more reads its fragment anew; it shows 10.
MOST_MISSED = 50


class ActivityRows:
    """A Source: new activities as `activity` with id, amended ones as `change`."""

    def changed_since(self, moment: datetime) -> Iterable[Change]:
        """By the index on changed_at (1 query)."""
        rows = Activity.objects.filter(changed_at__gte=moment).order_by("pk")
        for pk, changed_at, streamer_id in rows.values_list("pk", "changed_at", "streamer_id"):
            yield Change(f"{PREFIX}{pk}", changed_at, streamer_id)

    def render(self, changes: Sequence[Change]) -> Iterable[tuple[int, Event]]:
        """One query and one rendering a row."""
        ids = [int(change.key.removeprefix(PREFIX)) for change in changes]
        rows = Activity.objects.filter(pk__in=ids).select_related("streamer").order_by("pk")
        return [(row.streamer_id, _event(row)) for row in rows]


def missed(streamer_ids: Collection[int], after: int) -> list[Event]:
    """What a page whose newest activity is `after` may lack, oldest first (2 queries).

    From some seconds before that one on, since rows may have committed out of order; the page
    drops what it has. One `resync` when it is too much.
    """
    known = Activity.objects.filter(pk=after).values_list("changed_at", flat=True).first()
    since = (known or timezone.now() - timedelta(minutes=1)) - OVERLAP
    rows = list(
        Activity.objects.filter(streamer_id__in=streamer_ids, changed_at__gte=since)
        .select_related("streamer")
        .order_by("pk")[: MOST_MISSED + 1]
    )
    return [RESYNC] if len(rows) > MOST_MISSED else [_event(row) for row in rows]


def _event(row: Activity) -> Event:
    html = render_to_string("activity/_row.html", {"activity": row})
    if row.changed_at != row.recorded_at:
        return Event("change", html)
    return Event("activity", html, id=str(row.pk))
