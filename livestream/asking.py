"""Asking Twitch once for all viewers: answers are kept in the cache for a moment.

Whoever finds an answer that is no longer fresh, and takes its turn, asks; all others are told
what was known before. So a thousand open pages make one call, and a Twitch that is away is asked
every 10 s, not by everybody. However many different streams are watched, it is asked at most 200
times a minute: polling lives on the same points. Without Redis each process keeps its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from streamwatch.twitch.errors import TwitchError
from subscriptions.troubles import beside_field

logger = logging.getLogger(__name__)

# Raised with the shape of what is kept: a cache outlives a release.
VERSION = 1
# Longer than a call takes; after a failure so long nobody asks again.
TURN_SECONDS = 10
MOST_CALLS_A_MINUTE = 200
BEING_ASKED = "Twitch is being asked. Look again in a moment."


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of question: how long an answer is fresh, and how long it is kept at all."""

    word: str
    fresh_seconds: int
    kept_seconds: int

    def key(self, name: str) -> str:
        """Where the answer about `name` is kept."""
        return f"livestream:{VERSION}:{self.word}:{name}"


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and when it was given."""

    value: Any
    as_of: datetime


class NoAnswer(Exception):
    """Twitch has not answered, and nothing is known from before; `str()` is for the viewer."""


def known(kind: Kind, names: Sequence[str]) -> dict[str, Kept]:
    """What is kept about these names; asks nobody."""
    keys = {kind.key(name): name for name in names}
    return {keys[key]: kept for key, kept in cache.get_many(keys).items()}


def ask(
    kind: Kind,
    names: Sequence[str],
    question: Callable[[Sequence[str], Mapping[str, Kept]], Mapping[str, Any]],
) -> dict[str, Kept]:
    """What is known about these names, after `question` was put for those it is time for.

    `question` gets their names and what was known of all, and gives a value for each it has an
    answer about. Names of which nothing is known are left out.
    """
    found = known(kind, names)
    fresh_from = timezone.now() - timedelta(seconds=kind.fresh_seconds)
    stale = [one for one in names if one not in found or found[one].as_of < fresh_from]
    mine = [one for one in stale if cache.add(f"{kind.key(one)}:turn", 1, TURN_SECONDS)]
    if not mine or not _may_call():
        return found
    try:
        answers = question(mine, found)
    except TwitchError as error:
        logger.warning("%s of %s not answered: %s", kind.word, ",".join(mine), error)
        _keep(kind, "trouble", dict.fromkeys(mine, beside_field(error)), TURN_SECONDS)
        return found
    kept = {name: Kept(value, timezone.now()) for name, value in answers.items()}
    _keep(kind, "", kept, kind.kept_seconds)
    cache.delete_many([f"{kind.key(one)}:{word}" for one in mine for word in ("turn", "trouble")])
    return found | kept


def ask_one(kind: Kind, name: str, question: Callable[[], Any]) -> Any:
    """The answer about one name.

    Raises:
        NoAnswer: there is none, from before neither.
    """
    found = ask(kind, [name], lambda names, _: {name: question() for name in names})
    if name not in found:
        raise NoAnswer(trouble(kind, name))
    return found[name].value


def trouble(kind: Kind, name: str) -> str:
    """Why nothing is known about `name`."""
    said: str = cache.get(f"{kind.key(name)}:trouble") or BEING_ASKED
    return said


def _may_call() -> bool:
    key = f"livestream:{VERSION}:calls:{timezone.now():%H%M}"
    cache.add(key, 0, 120)
    try:
        calls: int | None = cache.incr(key)
    except ValueError:  # It went between the two.
        return True
    # None while Redis is away.
    return calls is not None and calls <= MOST_CALLS_A_MINUTE


def _keep(kind: Kind, word: str, values: Mapping[str, Any], seconds: int) -> None:
    ending = f":{word}" if word else ""
    cache.set_many({kind.key(name) + ending: one for name, one in values.items()}, seconds)
