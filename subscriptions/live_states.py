"""States of streamers for open pages: on the air or not, watched or in trouble and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.utils import timezone

from streamwatch.live import Change, Event
from subscriptions.models import EventSubSubscription, Streamer
from subscriptions.panel import states_of

# Longer than a page takes from its rendering to its open stream.
RECENT = timedelta(seconds=30)


class StreamerStates:
    """A Source: a change of the snapshot or of a promise of Twitch's is a `change`."""

    def changed_since(self, moment: datetime) -> Iterable[Change]:
        """By the two indexes on changed_at (2 queries, 3 when promises changed)."""
        streamers = Streamer.objects.filter(changed_at__gte=moment)
        for pk, changed_at in streamers.values_list("pk", "changed_at"):
            yield Change(f"streamer:{pk}", changed_at, pk)
        promises = EventSubSubscription.objects.filter(changed_at__gte=moment)
        changed = list(promises.values_list("pk", "changed_at", "subject_id"))
        subjects = {subject for _, _, subject in changed}
        pks = dict(
            Streamer.objects.filter(twitch_id__in=subjects).values_list("twitch_id", "pk")
            if subjects
            else ()
        )
        for pk, changed_at, subject in changed:
            if subject in pks:
                yield Change(f"promise:{pk}", changed_at, pks[subject])

    def render(self, changes: Sequence[Change]) -> Iterable[tuple[int, Event]]:
        """One event a streamer, however many of its promises changed."""
        addresses = (one.address for one in changes)
        pks: set[int] = {address for address in addresses if isinstance(address, int)}
        return _events(Streamer.objects.filter(pk__in=pks))


def recent(streamer_ids: Collection[int]) -> list[Event]:
    """States that changed while a page was on its way to the viewer."""
    since = timezone.now() - RECENT
    changed = {one.address for one in StreamerStates().changed_since(since)}
    mine = [pk for pk in streamer_ids if pk in changed]
    return [event for _, event in _events(Streamer.objects.filter(pk__in=mine))] if mine else []


def _events(streamers: Iterable[Streamer]) -> list[tuple[int, Event]]:
    rows = list(streamers)
    states = states_of(rows)
    return [(row.pk, Event("change", _html(row, states[row.pk]))) for row in rows]


def _html(streamer: Streamer, state: object) -> str:
    return render_to_string("subscriptions/_state.html", {"streamer": streamer, "state": state})
