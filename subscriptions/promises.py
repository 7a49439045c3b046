"""Twitch's list of promises, and writing down what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.conf import settings
from django.utils import timezone

from streamwatch import live
from streamwatch.twitch.eventsub import VERSIONS, EventType, Status, condition_key
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from streamwatch.twitch.signatures import fingerprint
from subscriptions import troubles
from subscriptions.models import APPLICATION, EventSubSubscription

# What Twitch tells the application about itself. Of `user.authorization.grant` nothing is needed:
# whoever allows something comes back to us with it.
APPLICATION_TYPES = (EventType.AUTHORIZATION_REVOKE,)
ALIVE = (Status.ENABLED, Status.PENDING)
# Promises that died silently are found when the list is compared again.
COMPARE_EVERY = timedelta(minutes=10)
# What was found as it should be in the whole list is compared for itself only when nobody has
# read the whole list for so long.
LISTED_AGAIN = timedelta(minutes=30)
# The same for what has no place in the budget: there is nothing to find for most of it.
POLLED_AGAIN = timedelta(days=1)
# A challenge that is not answered by then is looked after.
LOOK_AGAIN = timedelta(seconds=20)
BACK_OFF = [timedelta(seconds=seconds) for seconds in (10, 30, 120, 600, 3600)]

# What pages show of a row.
SHOWN = ("status", "trouble", "has_place")

Key = tuple[str, str]


def back_off(failures: int) -> timedelta:
    """How long to wait after the `failures`-th failure in a row (counted from 1)."""
    return BACK_OFF[min(max(failures, 1), len(BACK_OFF)) - 1]


def row_key(row: EventSubSubscription) -> Key:
    """What a row is about."""
    return row.type, row.condition_key


def callback() -> str:
    """Where Twitch is asked to send to. It names the secret that messages are signed with.

    So a promise made with another secret is known by its address, in Twitch's list too, and both
    can stand side by side until the new one is enabled.
    """
    return f"{settings.EVENTSUB_CALLBACK}?key={fingerprint(settings.TWITCH_EVENTSUB_SECRETS[0])}"


def is_our_address(url: str) -> bool:
    """Whether it leads here, whatever secret it names."""
    return url.partition("?")[0] == settings.EVENTSUB_CALLBACK


class Listed:
    """What Twitch lists, as far as it is promised to our address, or to a row's former one."""

    def __init__(self, promises: Iterable[Promise]) -> None:
        self.by_id: dict[str, Promise] = {}
        self._ours: defaultdict[Key, list[Promise]] = defaultdict(list)
        self._current = callback()
        for promise in promises:
            # A page may repeat what the one before had.
            if promise.twitch_id in self.by_id:
                continue
            self.by_id[promise.twitch_id] = promise
            # Others, at another address, belong to another house of the same client.
            if is_our_address(promise.callback):
                self._ours[promise.type, condition_key(promise.condition)].append(promise)

    def keys(self) -> set[Key]:
        """Type and condition of all."""
        return set(self._ours)

    def all(self, key: Key) -> Sequence[Promise]:
        """All for one type and condition, dead ones and those of former secrets too."""
        return self._ours.get(key, ())

    def of_row(self, row: EventSubSubscription) -> list[Promise]:
        """All that was ever promised for the row, at its former address too."""
        found = list(self.all(row_key(row)))
        own = self.by_id.get(row.twitch_id)
        replacement = self.by_id.get(row.replacement_id)
        # Twitch may have named us a promise of another house (409): that is left alone.
        if own and own not in found and own.callback == row.callback:
            found.append(own)
        if replacement and replacement not in found:
            found.append(replacement)
        return found

    def alive(self, key: Key) -> Promise | None:
        """The one that sends messages as we want them now, or may soon; an enabled one first."""
        found = [
            promise
            for promise in self.all(key)
            if promise.status in ALIVE
            and promise.callback == self._current
            and promise.version == VERSIONS.get(promise.type, "1")
        ]
        return min(found, key=lambda promise: ALIVE.index(Status(promise.status)), default=None)

    def standing(self, row: EventSubSubscription) -> Promise | None:
        """What still sends messages, to a former address or signed with a former secret."""
        found = [
            promise
            for promise in self.of_row(row)
            if promise.status == Status.ENABLED and promise.callback != self._current
        ]
        return min(found, key=lambda promise: promise.twitch_id != row.twitch_id, default=None)

    def died(self, row: EventSubSubscription) -> Promise | None:
        """The end of what was promised to the address and with the secret of now."""
        for promise in self.of_row(row):
            is_current = promise.callback == self._current
            mine = promise.twitch_id in (row.twitch_id, row.replacement_id)
            if mine and is_current and promise.status not in ALIVE:
                return promise
        return None


def read_list(subject_id: str, twitch: Helix) -> Listed:
    """What Twitch lists about one subject; it cannot be asked for a client id, but for a type.

    Raises:
        TwitchError: the list could not be read.
    """
    if subject_id == APPLICATION:
        lists = (twitch.promises(type_name=type_) for type_ in APPLICATION_TYPES)
        return Listed(chain.from_iterable(lists))
    return Listed(twitch.promises(user_id=subject_id))


def write(row: EventSubSubscription, **values: Any) -> None:
    """Update one row (1 query), and tell open pages when status or trouble changed."""
    _write(EventSubSubscription.objects.filter(pk=row.pk), row, values)


def write_promise(row: EventSubSubscription, promise: Promise) -> None:
    """Write down a living promise (1 query)."""
    now = timezone.now()
    rows = EventSubSubscription.objects.filter(pk=row.pk)
    values = {
        "twitch_id": promise.twitch_id[:64],
        "replacement_id": "",
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


def write_replacement(row: EventSubSubscription, twitch_id: str) -> None:
    """Write down what will take the place of a promise that goes on until then (1 query)."""
    write(row, replacement_id=twitch_id[:64], due_at=timezone.now() + LOOK_AGAIN)


def write_polled(row: EventSubSubscription) -> None:
    """Write down that Twitch's budget has no place for it (1 query); `spending` may give it one."""
    write(
        row,
        has_place=False,
        twitch_id="",
        replacement_id="",
        status="",
        trouble="",
        cost=0,
        failures=0,
        checked_at=timezone.now(),
        due_at=timezone.now() + POLLED_AGAIN,
    )


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
    is_news = any(getattr(row, name) != values[name] for name in SHOWN if name in values)
    if is_news:
        values["changed_at"] = timezone.now()
    if not rows.update(**values):
        return
    for name, value in values.items():
        setattr(row, name, value)
    if is_news:
        live.publish("subscriptions")
