"""What is to be done at Twitch for one row: the algorithm of every reconciliation.

Decides from the row, the wants and Twitch's list alone: no query, no call. `agreeing` carries
it out for one Twitch id, `manage.py reconcile` shows it for all before it has that done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from streamwatch.twitch.eventsub import VERSIONS, Status
from streamwatch.twitch.payloads import Promise
from subscriptions import troubles
from subscriptions.models import EventSubSubscription
from subscriptions.promises import ALIVE, Key, Listed, callback, row_key


class Deed(StrEnum):
    """What is done about one type and condition."""

    CREATE = "create"
    ADOPT = "adopt"
    RECREATE = "recreate"
    BURY = "bury"  # What died is ended and its death noted; it is recreated when due.
    KEEP = "keep"  # A former promise goes on until its replacement is enabled.
    DELETE = "delete"
    POLL = "poll"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Step:
    """One deed; `promise` is what it is about, `ends` are promises to be ended first."""

    deed: Deed
    row: EventSubSubscription
    why: str = ""
    promise: Promise | None = None
    ends: tuple[Promise, ...] = ()


def decide(row: EventSubSubscription, *, is_wanted: bool, listed: Listed, now: datetime) -> Step:
    """The step for one row."""
    if not is_wanted:
        return Step(Deed.DELETE, row, "nobody wants it any more", ends=_all(row, listed))
    if not row.has_place:
        return Step(Deed.POLL, row, troubles.POLLED, ends=_all(row, listed))
    if not settings.CAN_RECEIVE_WEBHOOKS:
        return Step(Deed.LEAVE, row, troubles.NO_ADDRESS)
    alive = listed.alive(row_key(row))
    standing = listed.standing(row)
    if standing and not (alive and alive.status == Status.ENABLED):
        return _replace(row, standing, alive, listed, now)
    ends = _others(row, listed, alive)
    if alive:
        return _alive(row, alive, ends)
    return _without(row, listed, ends, now)


def strays(listed: Listed, known: Collection[Key]) -> Iterator[tuple[Key, tuple[Promise, ...]]]:
    """What is promised to our address though neither want nor row knows of it."""
    for key in sorted(listed.keys() - set(known)):
        yield key, tuple(listed.all(key))


def is_due(row: EventSubSubscription, now: datetime) -> bool:
    """Whether the time for another try has come."""
    return row.due_at is None or row.due_at <= now


def _replace(
    row: EventSubSubscription,
    standing: Promise,
    alive: Promise | None,
    listed: Listed,
    now: datetime,
) -> Step:
    """The former promise goes on; the new one is made beside it."""
    died = listed.died(row)
    ends = tuple(one for one in _others(row, listed, alive) if one is not standing)
    if alive:
        return Step(Deed.KEEP, row, "until its replacement is enabled", alive, ends)
    if died:
        why = troubles.of_status(died.status, callback=died.callback)
        return Step(Deed.KEEP, row, why, died, ends)
    if row.failures and not is_due(row, now):
        return Step(Deed.LEAVE, row, row.trouble or "its replacement is tried again", None, ends)
    why = "address or secret has changed; the former promise stays until then"
    return Step(Deed.RECREATE, row, why, standing, ends)


def _without(
    row: EventSubSubscription, listed: Listed, ends: tuple[Promise, ...], now: datetime
) -> Step:
    """Nothing is promised (any more)."""
    if row.twitch_id and (ended := _how_it_ended(row, listed)):
        why = troubles.of_status(ended.status, callback=ended.callback)
        return Step(Deed.BURY, row, why, ended, ends)
    if row.twitch_id:
        has_moved = row.callback != callback()
        why = "address or secret has changed" if has_moved else "it has vanished from Twitch's list"
        return Step(Deed.RECREATE, row, why, ends=ends)
    if is_due(row, now):
        deed = Deed.RECREATE if row.trouble else Deed.CREATE
        return Step(deed, row, row.trouble or "it is wanted", ends=ends)
    why = f"{row.trouble or 'not asked yet'}; asked at {row.due_at:%H:%M:%S}"
    return Step(Deed.LEAVE, row, why, ends=ends)


def _alive(row: EventSubSubscription, alive: Promise, ends: tuple[Promise, ...]) -> Step:
    if row.twitch_id == alive.twitch_id:
        return Step(Deed.LEAVE, row, alive.status, alive, ends)
    return Step(Deed.ADOPT, row, "Twitch has promised it already", alive, ends)


def _all(row: EventSubSubscription, listed: Listed) -> tuple[Promise, ...]:
    return tuple(listed.of_row(row))


def _others(
    row: EventSubSubscription, listed: Listed, alive: Promise | None
) -> tuple[Promise, ...]:
    return tuple(promise for promise in listed.of_row(row) if promise is not alive)


def _how_it_ended(row: EventSubSubscription, listed: Listed) -> Promise | None:
    """The end of the row's own promise, by Twitch's list or by a revocation we were sent."""
    if died := listed.died(row):
        return died
    if row.twitch_id not in listed.by_id and row.status not in ("", *ALIVE):
        return as_promise(row, row.twitch_id, row.status)
    return None


def as_promise(row: EventSubSubscription, twitch_id: str, status: str) -> Promise:
    """The row as Twitch's list would show it."""
    return Promise(
        twitch_id=twitch_id,
        status=status,
        type=row.type,
        version=VERSIONS.get(row.type, "1"),
        condition={},
        callback=callback(),
        cost=row.cost,
    )
