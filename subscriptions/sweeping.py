"""Taking up what killed workers, a broker that was away and Twitch's failures left undone."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from streamwatch.models import Lease
from streamwatch.twitch.helix import Helix
from subscriptions.agreeing import LEASE, agree
from subscriptions.consenting import agree_with_consents
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback

logger = logging.getLogger(__name__)

SWEEP_LEASE = "subscriptions.sweep"
# Two sweeps at once do no harm, a worker that was killed in one delays the next.
SWEEP_LIFETIME = timedelta(seconds=20)
# Of one run. At one run in 5 s and one comparison in 10 min: some 2,400 streamers.
MOST_SUBJECTS = 20
BUDGET_SECONDS = 10.0
MOST_WANTS = 1_000
LEASES_KEPT = timedelta(hours=1)


def sweep(*, twitch: Helix) -> int:
    """Reconcile the Twitch ids that are due, at most 20 and for some 10 s; how many it were.

    Due are: wants without a row, rows that nobody wants, rows whose `due_at` has passed (never
    asked, pending for long, in trouble, or not compared for 10 min) and rows that name an
    address which is not ours any more.
    """
    token = Lease.objects.take(SWEEP_LEASE, lifetime=SWEEP_LIFETIME)
    if not token:
        return 0
    try:
        _forget_ownerless_wants()
        agree_with_consents()
        return _reconcile_due(twitch)
    finally:
        _forget_leases()
        Lease.objects.give_back(SWEEP_LEASE, token)


def _reconcile_due(twitch: Helix) -> int:
    return reconcile_each(_subjects(timezone.now()), twitch=twitch)


def reconcile_each(subject_ids: Iterable[str], *, twitch: Helix) -> int:
    """Reconcile these for some 10 s, one after the other; how many it were.

    What is left has to be due: the sweep goes on with it.
    """
    stop_at = time.monotonic() + BUDGET_SECONDS
    done = 0
    for subject_id in subject_ids:
        if time.monotonic() >= stop_at:
            break
        try:
            done += agree(subject_id=subject_id, twitch=twitch)
        except Exception:
            # One that cannot be done must not stand before all others for ever.
            logger.exception("reconciling %s failed", subject_id)
    return done


def _subjects(now: datetime) -> list[str]:
    """Twitch ids that are due, the urgent ones first (4 queries)."""
    found: dict[str, None] = {}
    for query in _queries(now):
        for subject_id in query.values_list("subject_id", flat=True)[: 6 * MOST_SUBJECTS]:
            found[subject_id] = None
    return list(found)[:MOST_SUBJECTS]


def _queries(now: datetime) -> Iterator[models.QuerySet[models.Model]]:
    yield EventSubWant.objects.current(now).without_row().order_by("pk")
    yield EventSubSubscription.objects.unwanted(now).order_by("pk")
    if settings.CAN_RECEIVE_WEBHOOKS:
        yield EventSubSubscription.objects.moved(callback()).order_by("pk")
    yield EventSubSubscription.objects.due(now)


def _forget_ownerless_wants() -> None:
    pks = list(EventSubWant.objects.ownerless().values_list("pk", flat=True)[:MOST_WANTS])
    if pks:
        EventSubWant.objects.filter(pk__in=pks).delete()


def _forget_leases() -> None:
    """There would be one for every streamer that was ever watched."""
    past = timezone.now() - LEASES_KEPT
    Lease.objects.filter(name__startswith=LEASE, until__lt=past).delete()
