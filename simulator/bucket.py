"""The rate limit of Helix: a bucket of points that fills again all the time.

https://dev.twitch.tv/docs/api/guide#twitch-rate-limits
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.tokens import Token


@dataclass(frozen=True)
class Level:
    """What the bucket holds after a call, and whether the call got its point."""

    limit: int
    remaining: int
    reset: int
    granted: bool

    def headers(self) -> dict[str, str]:
        """`Ratelimit-Reset` is the Unix second at which the bucket is full again."""
        return {
            "Ratelimit-Limit": str(self.limit),
            "Ratelimit-Remaining": str(self.remaining),
            "Ratelimit-Reset": str(self.reset),
        }


class Buckets:
    """One bucket for the app tokens of a client, one for each of its users."""

    def __init__(self, points_a_minute: int, clock: Clock) -> None:
        self._limit = points_a_minute
        self._clock = clock
        # Points held at a moment (Unix seconds), for each (client id, user id).
        self._held: dict[tuple[str, str | None], tuple[float, float]] = {}

    def take(self, token: Token) -> Level:
        """One point out of the token's bucket, where there is one."""
        key, now, a_second = (token.client_id, token.user_id), self._clock.now(), self._limit / 60
        points, then = self._held.get(key, (float(self._limit), now))
        points = min(self._limit, points + (now - then) * a_second)
        granted = points >= 1
        points -= 1 if granted else 0
        self._held[key] = (points, now)
        return self._level(points, granted=granted)

    def fill(self) -> None:
        """Every bucket is full again."""
        self._held.clear()

    def empty(self, token: Token) -> Level:
        """The token's bucket loses all its points."""
        self._held[token.client_id, token.user_id] = (0.0, self._clock.now())
        return self._level(0.0, granted=False)

    def _level(self, points: float, *, granted: bool) -> Level:
        full_in = (self._limit - points) / (self._limit / 60)
        reset = math.ceil(self._clock.now() + full_in)
        return Level(self._limit, int(points), reset, granted)
