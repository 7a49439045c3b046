"""Telling upper apps what was recorded, until each of them has heard."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from activity.models import Activity
from activity.signals import activities_recorded

logger = logging.getLogger(__name__)

# Younger ones are being announced by the process that recorded them.
OVERDUE_AFTER = timedelta(seconds=5)
SWEPT_AT_ONCE = 500


def announce(ids: Sequence[int]) -> bool:
    """Send `activities_recorded` with `ids`; True, and `announced_at` set, when all have heard.

    One query. A receiver's error is logged and leaves all of them to the sweep: receivers are
    idempotent. Call it after the commit.
    """
    heard_at = timezone.now()
    answers = activities_recorded.send_robust(sender=Activity, ids=list(ids))
    errors = [(receiver, error) for receiver, error in answers if isinstance(error, Exception)]
    for receiver, error in errors:
        logger.error("%s failed for activities %s", receiver, ids, exc_info=error)
    if errors:
        return False
    # What was amended meanwhile is announced by whoever amended it.
    heard = Activity.objects.filter(pk__in=ids, changed_at__lte=heard_at)
    heard.update(announced_at=timezone.now())
    return True


def sweep() -> int:
    """Announce what is unannounced and older than 5 s, oldest first, at most 500 at once; how many.

    Two queries. What a receiver cannot take is announced one by one, so that it holds up no
    other.
    """
    overdue = Activity.objects.unannounced().filter(recorded_at__lt=timezone.now() - OVERDUE_AFTER)
    ids = list(overdue.values_list("pk", flat=True)[:SWEPT_AT_ONCE])
    if ids and not announce(ids):
        return sum(announce([pk]) for pk in ids)
    return len(ids)
