"""Doing at once what the sweeps do by and by, when an operator asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone

import activity.announcing
import activity.broadcasting
from streamwatch.queue import enqueue
from subscriptions import reconciling
from webhooks import sweeping, tasks
from webhooks.models import InboxMessage

# Somebody waits for the page; a worker has the rest.
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many of each were found and dealt with."""

    freed: int = 0
    processed: int = 0
    hastened: int = 0
    announced: int = 0
    closed: int = 0

    def words(self) -> Iterator[str]:
        """What was found and done, a part of a sentence for each."""
        for count, one, many in (
            (self.freed, "1 message freed", f"{self.freed} messages freed"),
            (self.processed, "1 message processed", f"{self.processed} messages processed"),
            (self.hastened, "1 promise made due", f"{self.hastened} promises made due"),
            (self.announced, "1 activity announced", f"{self.announced} activities announced"),
            (self.closed, "1 broadcast closed", f"{self.closed} broadcasts closed"),
        ):
            if count:
                yield one if count == 1 else many


def repair() -> Repaired:
    """Free old claims, process what is left over, announce, close, make due; harmless twice.

    Messages are worked at for some 3 s, activities are announced 500 at most. No call to
    Twitch: promises become due, and a worker sees to them.
    """
    freed = InboxMessage.objects.stuck(timezone.now()).update(claim="", claimed_at=None)
    repaired = Repaired(
        freed=freed,
        processed=sweeping.sweep(seconds=SECONDS),
        hastened=reconciling.hasten(),
        announced=activity.announcing.sweep(),
        closed=activity.broadcasting.sweep(),
    )
    enqueue(tasks.sweep)
    return repaired
