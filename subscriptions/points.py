"""How many of Twitch's points reconciling may take now.

People who search and subscribe come first, then polling, which leaves an eighth of the bucket to
them; reconciling takes what is above a quarter, so that it never keeps polling waiting.
"""

from __future__ import annotations

import time

from streamwatch.twitch.helix import RateLimit

RESERVE = 1 / 4
PLENTY = 1 / 2


def allowed(seen: RateLimit | None, *, unknown: int = 1) -> int:
    """How many requests may go out now; `unknown` while Twitch has not told yet."""
    if seen is None:
        return unknown
    return max(0, int(seen.points_at(time.time()) - seen.limit * RESERVE))


def are_plenty(seen: RateLimit | None) -> bool:
    """Whether points may be spent on what would come about without them, only later."""
    return seen is None or seen.points_at(time.time()) >= seen.limit * PLENTY
