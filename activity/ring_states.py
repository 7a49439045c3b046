"""How the rings of polling go, for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from activity.models import Ring
from activity.rings import PERIODS

# Rings take turns every few seconds, and wait for two minutes at most.
STALE_AFTER = timedelta(minutes=3)
# Rounds are a little longer than they should be, always.
SLOW = 1.5


@dataclass(frozen=True, slots=True)
class RingState:
    """One ring: how often it should look at a streamer, and how often it does (None: unknown)."""

    name: str
    wanted_seconds: float
    real_seconds: float | None
    failures: int
    due_at: datetime
    # For how long it has not moved though it was due; 0 when it goes on.
    stale_seconds: float

    @property
    def is_slow(self) -> bool:
        """Whether it takes clearly longer than it should."""
        return (self.real_seconds or 0) > SLOW * self.wanted_seconds

    @property
    def is_stale(self) -> bool:
        """Whether nobody has moved it for longer than there is a reason for."""
        return self.stale_seconds > STALE_AFTER.total_seconds()


def ring_states(now: datetime) -> list[RingState]:
    """All rings (1 query); none where nobody polls."""
    if not settings.POLL_POINTS_SHARE:
        return []
    rings = Ring.objects.filter(name__in=PERIODS).order_by("pk")
    return [_state(ring, now) for ring in rings]


def _state(ring: Ring, now: datetime) -> RingState:
    measured = [one for one in (ring.period_seconds, ring.round_seconds) if one is not None]
    # What it spent reaches to the moment it last moved, or a little further.
    moved_at = max(ring.due_at, ring.spent_until)
    return RingState(
        name=ring.name,
        wanted_seconds=PERIODS[ring.name].total_seconds(),
        real_seconds=max(measured, default=None),
        failures=ring.failures,
        due_at=ring.due_at,
        stale_seconds=max(0.0, (now - moved_at).total_seconds()),
    )
