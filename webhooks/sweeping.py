"""Taking up the messages that a killed process left, or that failed and are tried again."""

from __future__ import annotations

import time

from webhooks.processing import claim_left_over, process

# Others want the worker too; the next sweep goes on.
SECONDS = 20.0
ROWS = 200


def sweep(*, seconds: float | None = None) -> int:
    """Claim and process what is left over, for about `seconds` (20) at most; how many messages."""
    give_up_at = time.monotonic() + (SECONDS if seconds is None else seconds)
    done = 0
    while time.monotonic() < give_up_at and (claim := claim_left_over(limit=ROWS)):
        done += process(claim)
    return done
