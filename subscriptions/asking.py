"""Asking Twitch for many promises that were never asked for: one point and one query each.

What is not plainly promised (it exists already, Twitch says no) is left to `agree()`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from streamwatch.crashing import crash_point
from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchUnavailable,
)
from streamwatch.twitch.eventsub import VERSIONS
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions import points
from subscriptions.agreeing import agree
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import Key, callback, row_key, write_promise

logger = logging.getLogger(__name__)

# Asked for before any of them is written down: so many a killed worker leaves to be adopted.
GROUP = 40
LATER = timedelta(minutes=1)

Condition = Mapping[str, str]


def ask_new(*, twitch: Helix, at_once: int, stop_at: float) -> int:
    """Ask for what has a place and was never asked for; how many have been promised.

    Until `stop_at` (of `time.monotonic()`), and as long as points allow; at most `at_once`
    requests in flight, which need no database. A group of 40 is a query for its wants, two for
    the token and one for each promise. Another worker that asks for the same is told 409, and
    adopts. Nothing of Twitch's is raised.
    """
    most = points.allowed(twitch.rate_limit, unknown=GROUP)
    rows = list(EventSubSubscription.objects.never_asked(timezone.now())[:most])
    done = 0
    for start in range(0, len(rows), GROUP):
        if time.monotonic() >= stop_at or points.allowed(twitch.rate_limit) < 1:
            break
        promised, goes_on = _group(rows[start : start + GROUP], twitch, at_once)
        done += promised
        if not goes_on:
            break
    return done


def _conditions(rows: Sequence[EventSubSubscription]) -> dict[Key, Condition]:
    wants = EventSubWant.objects.current(timezone.now())
    wants = wants.filter(subject_id__in={row.subject_id for row in rows})
    found = wants.values_list("type", "condition_key", "condition")
    return {(type_, key): condition for type_, key, condition in found}


def _group(rows: Sequence[EventSubSubscription], twitch: Helix, at_once: int) -> tuple[int, bool]:
    """How many were promised, and whether others may be asked for."""
    conditions = _conditions(rows)
    wanted = [row for row in rows if row_key(row) in conditions]
    try:
        held = twitch.hold()
    except TwitchError as error:
        logger.warning("nothing asked for: %s", error)
        return 0, False
    with ThreadPoolExecutor(at_once, "asking") as threads:
        asked = [threads.submit(_ask, held, row, conditions[row_key(row)]) for row in wanted]
    crash_point("in-task")
    answers = [future.result() for future in asked]
    done = [_write(row, answer, twitch) for row, answer in zip(wanted, answers, strict=True)]
    return done.count(True), not any(map(_is_away, answers))


def _write(row: EventSubSubscription, answer: Promise | TwitchError, twitch: Helix) -> bool:
    """Write down what was answered; whether it is a promise."""
    if _is_away(answer):
        return False
    try:
        if isinstance(answer, Promise):
            write_promise(row, answer)
            return True
        agree(subject_id=row.subject_id, twitch=twitch)
    except Exception:
        # One that cannot be done must not stand before all others for ever.
        logger.exception("%s was asked for, but not written down", row)
        EventSubSubscription.objects.filter(pk=row.pk).update(due_at=timezone.now() + LATER)
    return False


def _ask(twitch: Helix, row: EventSubSubscription, condition: Condition) -> Promise | TwitchError:
    try:
        return twitch.make_promise(
            type_name=row.type,
            version=VERSIONS.get(row.type, "1"),
            condition=condition,
            callback=callback(),
            secret=settings.TWITCH_EVENTSUB_SECRETS[0],
        )
    except TwitchError as error:
        return error


def _is_away(answer: Promise | TwitchError) -> bool:
    """Whether it would be the same for the next one."""
    are_points_gone = isinstance(answer, LimitReached) and answer.reset_at is not None
    return are_points_gone or isinstance(answer, TwitchUnavailable | TokenRefused)
