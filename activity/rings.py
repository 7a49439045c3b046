"""Where each ring of polling stands, in the database, and how fast the rings may go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Grant
from activity.models import Ring
from streamwatch.twitch.helix import RateLimit
from subscriptions.models import Streamer, Subscription

STREAMS, CHANNELS, PROFILES = "streams", "channels", "profiles"
FOLLOWERS, FOLLOWED = "followers", "followed"
PERIODS = {
    STREAMS: timedelta(seconds=60),
    CHANNELS: timedelta(seconds=60),
    PROFILES: timedelta(days=1),
    FOLLOWERS: timedelta(hours=1),
    FOLLOWED: timedelta(seconds=60),
}
# What everything else waits for; all streamers are in them, a hundred a request.
QUICK = (STREAMS, CHANNELS)
# Those that ask about one streamer a request.
ONE_BY_ONE = (FOLLOWERS, FOLLOWED)
# Those that spend the points of each streamer's own token, not the application's.
OWN_POINTS = (FOLLOWED,)
# Which ring finds which kind.
FINDS = {"online": STREAMS, "offline": STREAMS, "changed": CHANNELS, "follows": FOLLOWED}
# What Twitch allows an application, as long as it has not told otherwise.
POINTS_A_MINUTE = 800
# What was not spent for so long may be spent at once.
BURST = timedelta(seconds=10)
# While quick rings have a round under way, so many points go to others for one of `followers`.
OTHERS_FOR_ONE = 9
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


def watched_after(name: str, cursor: int, limit: int) -> list[Streamer]:
    """At most `limit` streamers the ring asks about, those after the cursor (1 query)."""
    streamers = followed_ones() if name == FOLLOWED else _watched()
    return list(streamers.filter(pk__gt=cursor).order_by("pk")[:limit])


def followed_ones() -> QuerySet[Streamer]:
    """Watched streamers who let us see whom they follow."""
    theirs = Grant.objects.showing_follows().filter(user__twitch_id=OuterRef("twitch_id"))
    return _watched().filter(Exists(theirs))


def _watched() -> QuerySet[Streamer]:
    return Streamer.objects.filter(Exists(Subscription.objects.filter(streamer=OuterRef("pk"))))


def period_seconds() -> int:
    """How often a streamer is looked at, by the slower of the two quick rings.

    0 where nobody polls, or no round is over yet. One query.
    """
    measured = _measured(QUICK)
    return round(max(PERIODS[STREAMS].total_seconds(), *measured.values())) if measured else 0


def polled_seconds() -> dict[str, float]:
    """How often each kind is really looked for, where a round is over (1 query where polled)."""
    measured = _measured(set(FINDS.values()))
    return {kind: measured[name] for kind, name in FINDS.items() if name in measured}


def _measured(names: Collection[str]) -> dict[str, float]:
    """How long it takes each ring to come round, if it has; nothing where nobody polls."""
    if not settings.POLL_POINTS_SHARE:
        return {}
    rows = Ring.objects.filter(name__in=names).exclude(round_seconds=None)
    return {
        name: max(PERIODS[name].total_seconds(), period or 0, lasted or 0)
        for name, period, lasted in rows.values_list("name", "period_seconds", "round_seconds")
    }


class Pace:
    """The points of the application's that polling may spend now.

    Spending is written with the ring that spends.
    """

    def __init__(self, rings: Sequence[Ring]) -> None:
        self.spent_until = max(ring.spent_until for ring in rings)
        self._rings = rings

    def group(self, ring: Ring, now: datetime, seen: RateLimit | None, most: int) -> int:
        """How many requests may go out now for the ring, at most `most`; a whole group or none.

        For points that come one by one would cost a query each. Goes by our share, and by what
        Twitch last said is left.
        """
        price = self._price(seen)
        burst = max(BURST, price)
        size = min(most, burst // price)
        if ring.name == FOLLOWERS:
            if not self._is_quick_one_due(now):
                # The rest of what may be spent at once is for the beginning of quick rounds.
                burst = max(burst / 2, size * price)
            elif not self._have_others_spent(ring, now, size * price):
                return 0
        mine = (now + burst - max(self.spent_until, now)) // price
        if seen is not None:
            mine = min(mine, int(seen.points_at(now.timestamp()) - seen.limit * RESERVE))
        return size if mine >= size else 0

    def spend(self, points: int, now: datetime, seen: RateLimit | None) -> None:
        """So many requests went out."""
        self.spent_until = max(self.spent_until, now) + points * self._price(seen)

    def _is_quick_one_due(self, now: datetime) -> bool:
        return any(ring.name in QUICK and ring.due_at <= now for ring in self._rings)

    def _have_others_spent(self, ring: Ring, now: datetime, cost: timedelta) -> bool:
        """Whether, since the ring last spent, nine times `cost` went to others or to nobody."""
        return max(self.spent_until, now) - ring.spent_until >= OTHERS_FOR_ONE * cost

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


def advance(ring: Ring, cursor: int, pace: Pace, *, failures: int = 0) -> None:
    """All streamers up to `cursor` have been read, or are passed over until the next round."""
    _move(ring, cursor=cursor, spent_until=pace.spent_until, failures=failures)


def finish(ring: Ring, now: datetime, pace: Pace) -> None:
    """The round is over; the next one is due a period after it began."""
    began_at = ring.round_began_at or now
    _move(
        ring,
        cursor=0,
        round_seconds=(now - began_at).total_seconds(),
        # Not before it may go on, where its last streamers were passed over.
        due_at=max(now, began_at + PERIODS[ring.name], ring.due_at),
        spent_until=pace.spent_until,
    )


def back_off(ring: Ring, now: datetime, pace: Pace) -> None:
    """Twitch gave no usable answer; the round goes on a while later."""
    wait = BACK_OFF[min(ring.failures, len(BACK_OFF) - 1)]
    _move(ring, due_at=now + wait, failures=ring.failures + 1, spent_until=pace.spent_until)


def pause(ring: Ring, reset_at: int | None, now: datetime, pace: Pace) -> datetime:
    """The application's points have run out: until when no ring that spends them goes on.

    That is `reset_at` (Unix seconds), but at least a second and at most a minute, whatever
    Twitch's clock says.
    """
    told = (reset_at or 0) - now.timestamp()
    wait = FULL_AFTER if reset_at is None else timedelta(seconds=min(max(told, 1), 60))
    until = now + wait
    _move(ring, failures=ring.failures + 1, spent_until=pace.spent_until, due_at=until)
    others = Ring.objects.filter(name__in=PERIODS.keys() - set(OWN_POINTS), due_at__lt=until)
    others.update(due_at=until)
    return until


def _move(ring: Ring, **values: Any) -> None:
    """Write the values, if nobody moved the ring meanwhile (1 query); RingMoved otherwise."""
    unmoved = Ring.objects.filter(pk=ring.pk, cursor=ring.cursor, due_at=ring.due_at)
    if not unmoved.update(**values):
        raise RingMoved(ring.name)
    for name, value in values.items():
        setattr(ring, name, value)
