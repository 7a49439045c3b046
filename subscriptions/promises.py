"""Twitch's list of promises, and writing down what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from streamwatch import live
from streamwatch.twitch.eventsub import VERSIONS, Status, condition_key
from streamwatch.twitch.payloads import Promise
from subscriptions import troubles
from subscriptions.models import EventSubSubscription

ALIVE = (Status.ENABLED, Status.PENDING)
# Promises that died silently are found when the list is compared again.
COMPARE_EVERY = timedelta(minutes=10)
# A challenge that is not answered by then is looked after.
LOOK_AGAIN = timedelta(seconds=20)
BACK_OFF = [timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 3600)]

Key = tuple[str, str]


def back_off(failures: int) -> timedelta:
    """How long to wait after the `failures`-th failure in a row (counted from 1)."""
    return BACK_OFF[min(max(failures, 1), len(BACK_OFF)) - 1]


class Listed:
    """What Twitch lists about one Twitch id, as far as it is promised to our address."""

    def __init__(self, promises: Iterable[Promise]) -> None:
        self.by_id: dict[str, Promise] = {}
        self._ours: defaultdict[Key, list[Promise]] = defaultdict(list)
        for promise in promises:
            self.by_id[promise.twitch_id] = promise
            # Others, at another address, belong to another house of the same client.
            if promise.callback == settings.EVENTSUB_CALLBACK:
                self._ours[promise.type, condition_key(promise.condition)].append(promise)

    def keys(self) -> set[Key]:
        """Type and condition of all."""
        return set(self._ours)

    def all(self, key: Key) -> Sequence[Promise]:
        """All for one type and condition, dead ones too."""
        return self._ours.get(key, ())

    def alive(self, key: Key) -> Promise | None:
        """The one that sends messages, or may soon; an enabled one first."""
        found = [
            promise
            for promise in self.all(key)
            if promise.status in ALIVE and promise.version == VERSIONS.get(promise.type, "1")
        ]
        return min(found, key=lambda promise: ALIVE.index(Status(promise.status)), default=None)

    def at_former_address(self, row: EventSubSubscription) -> Promise | None:
        """What the row was promised when StreamWatch had another address."""
        promise = self.by_id.get(row.twitch_id)
        has_moved = promise is not None and promise.callback != settings.EVENTSUB_CALLBACK
        return promise if has_moved and promise and promise.callback == row.callback else None


def write(row: EventSubSubscription, **values: Any) -> None:
    """Update one row (1 query), and tell open pages when status or trouble changed."""
    _write(EventSubSubscription.objects.filter(pk=row.pk), row, values)


def write_promise(row: EventSubSubscription, promise: Promise) -> None:
    """Write down a living promise (1 query)."""
    now = timezone.now()
    rows = EventSubSubscription.objects.filter(pk=row.pk)
    values = {
        "twitch_id": promise.twitch_id[:64],
        "status": promise.status[:64],
        "callback": promise.callback[:500],
        "cost": max(0, promise.cost),
        "checked_at": now,
    }
    if promise.status == Status.ENABLED:
        values |= {"trouble": "", "failures": 0, "due_at": now + COMPARE_EVERY}
    else:
        # Another process may have read the list after us; no promise becomes pending again.
        rows = rows.exclude(twitch_id=promise.twitch_id, status=Status.ENABLED)
        values |= {"due_at": now + LOOK_AGAIN}
    _write(rows, row, values)


def write_death(row: EventSubSubscription, promise: Promise) -> None:
    """Write down that Twitch ended a promise, and have the sweep see to it (1 query)."""
    write(
        row,
        status=promise.status[:64],
        trouble=troubles.of_status(promise.status, callback=promise.callback or row.callback),
        due_at=timezone.now(),
    )


def write_failure(
    row: EventSubSubscription, trouble: str, *, at: datetime | None = None, **values: Any
) -> None:
    """Write down why it does not work; it is tried again at `at`, else after the back-off."""
    failures = row.failures + 1
    due_at = at or timezone.now() + back_off(failures)
    write(row, trouble=trouble, failures=failures, due_at=due_at, **values)


def _write(rows: Any, row: EventSubSubscription, values: dict[str, Any]) -> None:
    is_news = any(
        getattr(row, name) != values[name] for name in ("status", "trouble") if name in values
    )
    if is_news:
        values["changed_at"] = timezone.now()
    if not rows.update(**values):
        return
    for name, value in values.items():
        setattr(row, name, value)
    if is_news:
        live.publish("subscriptions")
