"""Reading Twitch's whole list of promises, page by page, against our rows.

A hundred promises cost one point so, where the sweep's look at one Twitch id costs one, too. What
is as it should be is noted; what is not is left to the sweep, which compares it for itself before
it does anything: so a page may be read twice, by two workers, or be wrong.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from streamwatch.models import Lease
from streamwatch.twitch.errors import LimitReached, TwitchError, TwitchRefused
from streamwatch.twitch.eventsub import VERSIONS, Status, condition_key
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions import points
from subscriptions.agreeing import end_stray
from subscriptions.models import EventSubSubscription, ListReading
from subscriptions.promises import (
    ALIVE,
    COMPARE_EVERY,
    LISTED_AGAIN,
    POLLED_AGAIN,
    Key,
    back_off,
    callback,
    is_our_address,
    row_key,
    write_promise,
)

logger = logging.getLogger(__name__)

LEASE = "subscriptions.read_list"
# Two at once do no harm, a worker that was killed delays the next.
LEASE_LIFETIME = timedelta(seconds=30)
# No page is asked for later than this; the next run goes on.
RUN_SECONDS = 4.0
EVERY = COMPARE_EVERY
# From one beginning to the next, when many wait for what the list says.
SOONEST = timedelta(minutes=1)
# A list that goes on for ever must end somewhere: half a million promises.
MOST_PAGES = 5_000
BATCH = 1_000


class Overtaken(Exception):
    """Another worker has read on meanwhile: leave it to that one."""


def read_on(*, twitch: Helix) -> int:
    """Read on in the list when it is due, for about 4 s; how many pages that were.

    Each page is one call (at most 5 s a phase) and 4 queries, besides one for each promise that
    has changed and 2 and a call for each that nobody knows of. Leaves a quarter of Twitch's
    points. The next reading begins 10 min after this one began, or sooner (`hurry()`). Nothing of
    Twitch's is raised.
    """
    if not settings.CAN_RECEIVE_WEBHOOKS:
        return 0
    token = Lease.objects.take(LEASE, lifetime=LEASE_LIFETIME)
    if not token:
        return 0
    try:
        return _Run(ListReading.objects.now(), twitch).go()
    finally:
        Lease.objects.give_back(LEASE, token)


def hurry() -> None:
    """Have the list read soon, for many wait for what it says; at most once a minute (1 query)."""
    now = timezone.now()
    idle = ListReading.objects.filter(began_at__lte=now - SOONEST, due_at__gt=now, failures=0)
    idle.exclude(ended_at=None).update(due_at=now)


class _Is(Enum):
    """What a listed promise says about a row."""

    AS_WRITTEN = auto()
    FURTHER = auto()  # Enabled by now, or at another cost.
    STANDING = auto()  # It is there, and somebody has it in hand.
    NEWS = auto()  # The sweep should see to it.
    FOREIGN = auto()  # Of another house of the same client.


class _Run:
    def __init__(self, reading: ListReading, twitch: Helix) -> None:
        self.reading = reading
        self.twitch = twitch
        self.pages = 0
        self.stop_at = time.monotonic() + RUN_SECONDS

    def go(self) -> int:
        now = timezone.now()
        if self.reading.due_at > now:
            return 0
        try:
            if not self.reading.is_under_way:
                self._move(cursor="", pages=0, began_at=now, ended_at=None)
            while self._may_go_on() and self._read_page():
                pass
        except Overtaken:
            logger.info("the list of promises is being read by another worker")
        except TwitchError as error:
            self._wait(error)
        return self.pages

    def _may_go_on(self) -> bool:
        return time.monotonic() < self.stop_at and points.allowed(self.twitch.rate_limit) > 0

    def _read_page(self) -> bool:
        """Compare one page; False when it was the last, or when it is not done with."""
        page = self.twitch.promise_page(self.reading.cursor)
        self.pages += 1
        if not self._compare(page.promises):
            return False
        pages = self.reading.pages + 1
        if page.cursor and pages < MOST_PAGES and len(page.cursor) <= 1000:
            self._move(cursor=page.cursor, pages=pages, failures=0)
            return True
        self._finish(pages)
        return False

    def _compare(self, promises: Sequence[Promise]) -> bool:
        """Note what is as it should be, have the rest looked at; False while strays are left."""
        rows = _rows_of(promises)
        found: defaultdict[_Is, list[int]] = defaultdict(list)
        strays: list[tuple[Key, Promise]] = []
        for promise in promises:
            key = (promise.type, condition_key(promise.condition))
            if (row := rows.get(key)) is None:
                strays.append((key, promise))
                continue
            verdict = _verdict(row, promise)
            if verdict == _Is.FURTHER:
                write_promise(row, promise)
            found[verdict].append(row.pk)
        now = timezone.now()
        _update(found[_Is.STANDING], checked_at=now)
        _update(found[_Is.AS_WRITTEN], checked_at=now, due_at=now + LISTED_AGAIN)
        _update(found[_Is.NEWS], checked_at=now, due_at=None)
        return self._end(strays)

    def _end(self, strays: Iterable[tuple[Key, Promise]]) -> bool:
        for key, promise in strays:
            if not is_our_address(promise.callback):
                continue
            if not self._may_go_on():
                return False
            end_stray(key, [promise], twitch=self.twitch)
        return True

    def _finish(self, pages: int) -> None:
        """The list is over: what was promised and not in it has vanished."""
        began_at, now = self.reading.began_at or timezone.now(), timezone.now()
        rows = EventSubSubscription.objects.all()
        is_missing = models.Q(checked_at__lt=began_at) | models.Q(checked_at=None)
        vanished = rows.filter(is_missing, status__in=ALIVE).exclude(twitch_id="")
        _update(list(vanished.values_list("pk", flat=True)), checked_at=now, due_at=None)
        # Nothing of it was listed, and it costs a point each to hear that once more.
        polled = rows.filter(has_place=False, twitch_id="", trouble="", due_at__lte=now + EVERY)
        _update(list(polled.values_list("pk", flat=True)), due_at=now + POLLED_AGAIN)
        self._move(
            cursor="", pages=pages, ended_at=now, due_at=max(now, began_at + EVERY), failures=0
        )

    def _wait(self, error: TwitchError) -> None:
        """The same page after a while; from the first one if Twitch does not take its cursor."""
        logger.warning("the list of promises was not read: %s", error)
        again = {}
        if isinstance(error, TwitchRefused) and not isinstance(error, LimitReached):
            again = {"cursor": "", "pages": 0, "began_at": timezone.now()}
        failures = self.reading.failures + 1
        try:
            self._move(due_at=timezone.now() + back_off(failures), failures=failures, **again)
        except Overtaken:
            return

    def _move(self, **values: Any) -> None:
        """Write the values, if nobody moved it meanwhile (1 query)."""
        mine = ("cursor", "pages", "began_at", "ended_at")
        unmoved = {name: getattr(self.reading, name) for name in mine}
        if not ListReading.objects.filter(pk=self.reading.pk, **unmoved).update(**values):
            raise Overtaken
        for name, value in values.items():
            setattr(self.reading, name, value)


def _rows_of(promises: Sequence[Promise]) -> dict[Key, EventSubSubscription]:
    """The rows for what is promised (1 query)."""
    types = {promise.type for promise in promises}
    keys = {condition_key(promise.condition) for promise in promises}
    rows = EventSubSubscription.objects.filter(type__in=types, condition_key__in=keys)
    return {row_key(row): row for row in rows}


def _verdict(row: EventSubSubscription, promise: Promise) -> _Is:
    is_known = promise.twitch_id in (row.twitch_id, row.replacement_id)
    is_current = promise.callback == callback() and promise.version == VERSIONS.get(row.type, "1")
    if not is_known and not is_our_address(promise.callback):
        return _Is.FOREIGN
    if row.failures and row.due_at and row.due_at > timezone.now():
        return _Is.STANDING  # It waits to be tried again.
    if is_known and promise.status in ALIVE and (row.replacement_id or not is_current):
        return _Is.STANDING  # It is being replaced, or will be.
    if not row.has_place or not is_known or promise.status not in ALIVE:
        return _Is.NEWS
    if promise.status == Status.PENDING and row.is_enabled:
        return _Is.STANDING  # None becomes pending again: this page is old.
    is_same = (promise.status, promise.cost, "") == (row.status, row.cost, row.trouble)
    return _Is.AS_WRITTEN if is_same and row.is_enabled else _Is.FURTHER


def _update(pks: Sequence[int], **values: datetime | None) -> None:
    for start in range(0, len(pks), BATCH):
        EventSubSubscription.objects.filter(pk__in=pks[start : start + BATCH]).update(**values)
