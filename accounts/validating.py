"""Asking Twitch about every live Grant once an hour, as it demands of who keeps people logged in.

Source: https://dev.twitch.tv/docs/authentication/validate-tokens

The database is read and written by the calling thread alone; the ten others only ask Twitch.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import SystemRandom
from typing import Final, TypeVar

from django.utils import timezone

from accounts.granting import until_next_validation
from accounts.models import Grant
from accounts.refreshing import GrantEnded, access_token, ask, claim_refresh, settle
from streamwatch.twitch.errors import TokenRefused, TwitchError, TwitchUnavailable
from streamwatch.twitch.oauth import OAuth

logger = logging.getLogger(__name__)

IN_FLIGHT: Final = 10
# Of one run. At one run in 5 s that is enough for 100,000 an hour when Twitch takes 0.1 s.
MOST_GRANTS: Final = 500
BUDGET_SECONDS: Final = 4.0
# Between tries while Twitch does not answer, in minutes; by chance, so that not all come at once.
RETRY_MINUTES: Final = (1.0, 5.0)
_random = SystemRandom()
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class _Held:
    user_id: int
    token: str = field(repr=False)


def validate_due(*, oauth: OAuth) -> int:
    """Validate Grants that are due, ten at a time, at most 500 or for 4 s; how many were asked.

    A token that Twitch calls dead is refreshed, which ends the Grant where Twitch refuses that
    too. Where it does not answer nothing ends: asked again in 1 to 5 min, and the run stops when
    it answered none of ten. A few queries a Grant, one or two calls to Twitch.
    """
    stop_at = time.monotonic() + BUDGET_SECONDS
    found = Counter[str]()
    due = Grant.objects.due(timezone.now()).values_list("user_id", flat=True)
    user_ids = list(due[:MOST_GRANTS])
    with ThreadPoolExecutor(IN_FLIGHT, "validating") as threads:
        for start in range(0, len(user_ids), IN_FLIGHT):
            go = _validate(user_ids[start : start + IN_FLIGHT], oauth, threads)
            found += go
            if 0 < go["away"] == go.total() or time.monotonic() >= stop_at:
                break
    if found:
        logger.info("grants validated: %s", dict(found))
    return found.total()


def _validate(user_ids: Sequence[int], oauth: OAuth, threads: ThreadPoolExecutor) -> Counter[str]:
    held = [one for user_id in user_ids if (one := _held(user_id))]
    found = Counter[str]()
    dead: list[_Held] = []
    trouble: TwitchError | None = None
    for one, answer in _at_once(lambda one: _ask(one, oauth), held, threads):
        match answer:
            case None:
                _note_valid(one.user_id)
                found["valid"] += 1
            case TokenRefused():
                dead.append(one)
            case trouble:
                _again_soon(one.user_id)
                found["away"] += 1
    if trouble:
        logger.warning("validation of %d grants put off: %s", found["away"], trouble)
    return found + _refresh(dead, oauth, threads)


def _refresh(dead: Sequence[_Held], oauth: OAuth, threads: ThreadPoolExecutor) -> Counter[str]:
    found = Counter[str]()
    claimed = []
    for one in dead:
        if refresh := claim_refresh(one.user_id, dead=one.token):
            claimed.append(refresh)
        else:
            # Another process is at it, or was: its new token is asked about then.
            _again_soon(one.user_id)
            found["left"] += 1
    for refresh, answer in _at_once(lambda refresh: ask(refresh, oauth), claimed, threads):
        try:
            settle(refresh, answer)
        except TwitchUnavailable as error:
            logger.warning("validation of viewer %d put off: %s", refresh.user_id, error)
            _again_soon(refresh.user_id)
            found["away"] += 1
        else:
            is_alive = not isinstance(answer, TwitchError)
            found["refreshed" if is_alive else "ended"] += 1
            if is_alive:
                # Twitch has just given it.
                _note_valid(refresh.user_id)
    return found


def _held(user_id: int) -> _Held | None:
    """One by one: a token whose key is gone must not keep the others from being asked about."""
    try:
        return _Held(user_id, access_token(user_id))
    except GrantEnded as error:
        logger.warning("validation: %s", error)
        due = Grant.objects.active().filter(user_id=user_id)
        due.update(due_at=timezone.now() + until_next_validation())
        return None


def _at_once(
    work: Callable[[In], Out], items: Sequence[In], threads: ThreadPoolExecutor
) -> list[tuple[In, Out]]:
    return list(zip(items, threads.map(work, items), strict=True))


def _ask(one: _Held, oauth: OAuth) -> TwitchError | None:
    try:
        oauth.validate(one.token)
    except TwitchError as error:
        return error
    return None


def _note_valid(user_id: int) -> None:
    now = timezone.now()
    active = Grant.objects.active().filter(user_id=user_id)
    active.update(validated_at=now, due_at=now + until_next_validation())


def _again_soon(user_id: int) -> None:
    pause = timedelta(minutes=_random.uniform(*RETRY_MINUTES))
    Grant.objects.active().filter(user_id=user_id).update(due_at=timezone.now() + pause)
