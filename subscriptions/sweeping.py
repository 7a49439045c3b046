"""Taking up what killed workers, a broker that was away and Twitch's failures left undone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from streamwatch.models import Lease
from streamwatch.twitch.helix import Helix
from subscriptions import paging, points
from subscriptions.agreeing import LEASE, agree
from subscriptions.asking import ask_new
from subscriptions.consenting import agree_with_consents
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback

logger = logging.getLogger(__name__)

SWEEP_LEASE = "subscriptions.sweep"
# Two sweeps at once do no harm, a worker that was killed in one delays the next.
SWEEP_LIFETIME = timedelta(seconds=20)
# One after another, and before Twitch has told how many points there are.
FEW_SUBJECTS = 20
# Requests in flight where there are more: of ten, two are left to those who subscribe just now
# and to the reading of the list.
AT_ONCE = 8
# Promises on a page of Twitch's list.
PAGE = 100
BUDGET_SECONDS = 10.0
ROWS_A_SUBJECT = 6
LOOK_LEASE = "subscriptions.look"
LONG_LOOK_SECONDS = 0.25
MOST_WANTS = 1_000
LEASES_KEPT = timedelta(hours=1)


def sweep(*, twitch: Helix) -> int:
    """Reconcile the Twitch ids that are due, for some 10 s; how many it were.

    Due are: wants without a row, leases that ran out, rows that nobody wants, rows that name an
    address which is not ours any more, and rows whose `due_at` has passed (never asked, pending
    for long, in trouble, or not compared for 10 min). Where only comparing is to be done and it
    would take more points than Twitch's whole list, that one is read instead. Leaves a quarter of
    Twitch's points.
    """
    token = Lease.objects.take(SWEEP_LEASE, lifetime=SWEEP_LIFETIME)
    if not token:
        return 0
    try:
        return _reconcile_due(twitch)
    finally:
        _forget_leases()
        Lease.objects.give_back(SWEEP_LEASE, token)


def reconcile_each(subject_ids: Iterable[str], *, twitch: Helix) -> int:
    """Reconcile these for some 10 s, one after the other; how many it were.

    What is left has to be due: the sweep goes on with it.
    """
    return _Run(subject_ids, twitch, time.monotonic() + BUDGET_SECONDS).one_by_one()


def _reconcile_due(twitch: Helix) -> int:
    stop_at = time.monotonic() + BUDGET_SECONDS
    subjects = _subjects(timezone.now(), _most(twitch))
    if len(subjects) <= FEW_SUBJECTS:
        return _Run(subjects, twitch, stop_at).one_by_one()
    # What is new costs less when it is asked for without agreeing with all of one Twitch id.
    asked = ask_new(twitch=twitch, at_once=AT_ONCE, stop_at=stop_at)
    if asked:
        subjects = _subjects(timezone.now(), _most(twitch))
    return asked + _Run(subjects, twitch, stop_at).at_once()


def _most(twitch: Helix) -> int:
    if not settings.CAN_RECEIVE_WEBHOOKS:
        return FEW_SUBJECTS  # There is nothing to ask Twitch for.
    return points.allowed(twitch.rate_limit, unknown=FEW_SUBJECTS)


class _Run:
    """Twitch ids one after another, or several at once where there are many."""

    def __init__(self, subjects: Iterable[str], twitch: Helix, stop_at: float) -> None:
        self._left = iter(subjects)
        self._twitch = twitch
        self._stop_at = stop_at
        self._taking = threading.Lock()

    def at_once(self) -> int:
        # SQLite has one writer: several would wait for each other.
        if connection.vendor == "sqlite":
            return self.one_by_one()
        with ThreadPoolExecutor(AT_ONCE, "sweep") as threads:
            return sum(threads.map(lambda _: self._work_in_thread(), range(AT_ONCE)))

    def _work_in_thread(self) -> int:
        try:
            return self.one_by_one()
        finally:
            connection.close()

    def one_by_one(self) -> int:
        done = 0
        while (subject_id := self._next()) is not None:
            try:
                done += agree(subject_id=subject_id, twitch=self._twitch)
            except Exception:
                # One that cannot be done must not stand before all others for ever.
                logger.exception("reconciling %s failed", subject_id)
        return done

    def _next(self) -> str | None:
        with self._taking:
            if time.monotonic() >= self._stop_at or not points.allowed(self._twitch.rate_limit):
                return None
            return next(self._left, None)


def _subjects(now: datetime, most: int) -> list[str]:
    """At most so many Twitch ids that are due, the urgent ones first (4 to 11 queries)."""
    found = _left_behind(now, most) | _expired(now)
    found |= _first(EventSubSubscription.objects.urgent(now), most)
    found |= dict.fromkeys(_to_compare(now, most))
    return list(found)[:most]


def _left_behind(now: datetime, most: int) -> dict[str, None]:
    """What consents, wants and rows say when they are all looked through (1 to 9 queries).

    It takes seconds where they are some hundred thousand: then it is done again only after
    twenty times as long.
    """
    if Lease.objects.filter(name=LOOK_LEASE, until__gt=now).exists():
        return {}
    began = time.monotonic()
    _forget_ownerless_wants()
    agree_with_consents()
    found: dict[str, None] = {}
    for query in _queries(now):
        found |= _first(query.order_by("pk"), most)
    took = time.monotonic() - began
    if took > LONG_LOOK_SECONDS and not found:
        Lease.objects.take(LOOK_LEASE, lifetime=timedelta(seconds=20 * took))
    return found


def _queries(now: datetime) -> Iterator[models.QuerySet[Any]]:
    yield EventSubWant.objects.current(now).without_row()
    yield EventSubSubscription.objects.unwanted(now)
    if settings.CAN_RECEIVE_WEBHOOKS:
        yield EventSubSubscription.objects.moved(callback())


def _first(query: models.QuerySet[Any], most: int) -> dict[str, None]:
    """The Twitch ids of its first rows, enough for `most` of them."""
    return dict.fromkeys(query.values_list("subject_id", flat=True)[: ROWS_A_SUBJECT * most])


def _to_compare(now: datetime, most: int) -> list[str]:
    """Twitch ids that are only to be compared; none where reading the whole list is cheaper."""
    calm = EventSubSubscription.objects.calm(now).values_list("subject_id", flat=True)
    found = list(dict.fromkeys(calm[: ROWS_A_SUBJECT * max(most, FEW_SUBJECTS)]))
    if len(found) <= FEW_SUBJECTS or not settings.CAN_RECEIVE_WEBHOOKS:
        return found
    promised = EventSubSubscription.objects.exclude(twitch_id="").count()
    if len(found) <= promised // PAGE:
        return found
    paging.hurry()
    return []


def _expired(now: datetime) -> dict[str, None]:
    """Forget leases that nobody renewed; the Twitch ids they were about (1 to 2 queries)."""
    wants = EventSubWant.objects.leased().filter(until__lte=now)
    found = list(wants.values_list("pk", "subject_id")[:MOST_WANTS])
    if found:
        # What was renewed meanwhile stays.
        wants.filter(pk__in=[pk for pk, _ in found]).delete()
    return dict.fromkeys(subject_id for _, subject_id in found)


def _forget_ownerless_wants() -> None:
    pks = list(EventSubWant.objects.ownerless().values_list("pk", flat=True)[:MOST_WANTS])
    if pks:
        EventSubWant.objects.filter(pk__in=pks).delete()


def _forget_leases() -> None:
    """There would be one for every streamer that was ever watched."""
    past = timezone.now() - LEASES_KEPT
    Lease.objects.filter(name__startswith=LEASE, until__lt=past).delete()
