"""Where each ring of polling stands, in the database, and how fast the rings may go."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from activity.models import Ring
from streamwatch.twitch.helix import RateLimit
from subscriptions.models import Streamer, Subscription

STREAMS, CHANNELS, PROFILES = "streams", "channels", "profiles"
PERIODS = {
    STREAMS: timedelta(seconds=60),
    CHANNELS: timedelta(seconds=60),
    PROFILES: timedelta(days=1),
}
# What Twitch allows an application, as long as it has not told otherwise.
POINTS_A_MINUTE = 800
# What was not spent for so long may be spent at once.
BURST = timedelta(seconds=10)
# Part of Twitch's bucket that is left to people who search and subscribe.
RESERVE = 1 / 8
BACK_OFF = [timedelta(seconds=seconds) for seconds in (5, 15, 60, 120)]
# After 429 without a time, or with one that cannot be: a bucket fills in a minute.
FULL_AFTER = timedelta(seconds=60)
# A round that begins so long after it was due says that nobody was there, not how long it takes.
NOBODY_THERE = timedelta(seconds=60)


class RingMoved(Exception):
    """Another worker moved the ring meanwhile: leave it to that one."""


def all_rings() -> list[Ring]:
    """All rings (1 query, 3 at the very first time)."""
    mine = Ring.objects.filter(name__in=PERIODS).order_by("pk")
    found = list(mine)
    missing = PERIODS.keys() - {ring.name for ring in found}
    if missing:
        now = timezone.now()
        rows = [Ring(name=name, due_at=now, spent_until=now) for name in sorted(missing)]
        Ring.objects.bulk_create(rows, ignore_conflicts=True)
        found = list(mine.all())
    return found


def watched_after(cursor: int, limit: int) -> list[Streamer]:
    """At most `limit` streamers that somebody watches, those after the cursor (1 query)."""
    subscriptions = Subscription.objects.filter(streamer=OuterRef("pk"))
    streamers = Streamer.objects.filter(Exists(subscriptions), pk__gt=cursor)
    return list(streamers.order_by("pk")[:limit])


def period_seconds() -> int:
    """How often a streamer is looked at, by the slower of the two quick rings.

    0 where nobody polls, or no round is over yet. One query.
    """
    if not settings.POLL_POINTS_SHARE:
        return 0
    rows = Ring.objects.filter(name__in=(STREAMS, CHANNELS)).exclude(round_seconds=None)
    measured = [
        seconds
        for row in rows.values_list("period_seconds", "round_seconds")
        for seconds in row
        if seconds is not None
    ]
    return round(max(PERIODS[STREAMS].total_seconds(), *measured)) if measured else 0


class Pace:
    """The points that polling may spend now. Spending is written with the ring that spends."""

    def __init__(self, rings: Iterable[Ring]) -> None:
        self.spent_until = max(ring.spent_until for ring in rings)

    def allowed(self, now: datetime, seen: RateLimit | None) -> int:
        """How many requests may go out now, by our share and by what Twitch last said is left."""
        price = self._price(seen)
        burst = max(BURST, price)
        mine = (now + burst - max(self.spent_until, now)) // price
        if seen is None:
            return mine
        left = seen.points_at(now.timestamp()) - seen.limit * RESERVE
        return max(0, min(mine, int(left)))

    def at_most(self, seen: RateLimit | None) -> int:
        """How many may go out at once after a long rest; at least one."""
        return max(BURST, self._price(seen)) // self._price(seen)

    def spend(self, points: int, now: datetime, seen: RateLimit | None) -> None:
        """So many requests went out."""
        self.spent_until = max(self.spent_until, now) + points * self._price(seen)

    def _price(self, seen: RateLimit | None) -> timedelta:
        limit = seen.limit if seen and seen.limit else POINTS_A_MINUTE
        share = min(settings.POLL_POINTS_SHARE, 100) / 100
        return timedelta(minutes=1) / max(limit * share, 1)


def begin(ring: Ring, now: datetime) -> None:
    """A new round begins: the time since the last one began is the real period."""
    values: dict[str, Any] = {"round_began_at": now}
    if ring.round_began_at and now - ring.due_at < NOBODY_THERE and not ring.failures:
        values["period_seconds"] = (now - ring.round_began_at).total_seconds()
    _move(ring, **values)


def advance(ring: Ring, cursor: int, pace: Pace) -> None:
    """All streamers up to `cursor` have been read."""
    _move(ring, cursor=cursor, spent_until=pace.spent_until, failures=0)


def finish(ring: Ring, now: datetime, pace: Pace) -> None:
    """The round is over; the next one is due a period after it began."""
    began_at = ring.round_began_at or now
    _move(
        ring,
        cursor=0,
        round_seconds=(now - began_at).total_seconds(),
        due_at=max(now, began_at + PERIODS[ring.name]),
        spent_until=pace.spent_until,
        failures=0,
    )


def back_off(ring: Ring, now: datetime, pace: Pace) -> None:
    """Twitch gave no usable answer; the round goes on a while later."""
    wait = BACK_OFF[min(ring.failures, len(BACK_OFF) - 1)]
    _move(ring, due_at=now + wait, failures=ring.failures + 1, spent_until=pace.spent_until)


def pause(ring: Ring, reset_at: int | None, now: datetime, pace: Pace) -> datetime:
    """The points have run out: no ring goes on before `reset_at` (Unix seconds); until when.

    At least a second and at most a minute, whatever Twitch's clock says.
    """
    told = (reset_at or 0) - now.timestamp()
    wait = FULL_AFTER if reset_at is None else timedelta(seconds=min(max(told, 1), 60))
    until = now + wait
    _move(ring, failures=ring.failures + 1, spent_until=pace.spent_until, due_at=until)
    Ring.objects.filter(name__in=PERIODS, due_at__lt=until).update(due_at=until)
    return until


def _move(ring: Ring, **values: Any) -> None:
    """Write the values, if nobody moved the ring meanwhile (1 query); RingMoved otherwise."""
    unmoved = Ring.objects.filter(pk=ring.pk, cursor=ring.cursor, due_at=ring.due_at)
    if not unmoved.update(**values):
        raise RingMoved(ring.name)
    for name, value in values.items():
        setattr(ring, name, value)
