"""Having messages processed again, when an operator asks for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone

from streamwatch.queue import enqueue
from webhooks import tasks
from webhooks.models import InboxMessage


@dataclass(frozen=True, slots=True)
class Reworked:
    """How many are taken up again, and how many cannot be: their private body was blanked."""

    taken_up: int
    blanked: int


def process_again(*, pks: Collection[int]) -> Reworked:
    """Have the sweep take these up, as if they had just come; safe to do twice (4 queries).

    What a process works at is left to it. record() knows what was recorded already, so nothing
    is told twice. The body of a private one stays until it is processed, and is blanked then.
    """
    chosen = InboxMessage.objects.filter(pk__in=pks)
    blanked = chosen.exclude(processed_at=None).filter(is_private=True, body=b"").count()
    fresh = {"claim": "", "claimed_at": None, "attempts": 0, "problem": ""}
    taken_up = chosen.can_be_worked_at_again().update(**fresh, processed_at=None, blank_at=None)
    taken_up += chosen.stuck(timezone.now()).update(**fresh)
    if taken_up:
        enqueue(tasks.sweep)
    return Reworked(taken_up, blanked)
