"""EventSub subscriptions for a socket that the viewer's own browser holds at Twitch.

The page opens the socket, which needs no token, and tells us its session; the subscriptions are
made here, with the viewer's Grant, so that the token stays on this side. Nothing is stored: a
subscription lives as long as its socket.

Source: https://dev.twitch.tv/docs/eventsub/handling-websocket-events
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from accounts.refreshing import GrantTokens
from accounts.twitch import helix, oauth
from livestream.topics import Need, Topic, needs
from streamwatch.twitch.errors import AlreadySubscribed, TwitchError, TwitchRefused
from streamwatch.twitch.helix import Helix, TotalCost

logger = logging.getLogger(__name__)

GONE: Final = 404
# Requests in flight while subscriptions are deleted, and how long new ones are begun.
AT_ONCE: Final = 10
SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """A subscription that Twitch sends to the socket."""

    id: str
    type: str
    cost: int


@dataclass(frozen=True, slots=True)
class Listening:
    """What a topic became; `total` is None when all of it was there already."""

    made: Sequence[Made]
    total: TotalCost | None


@dataclass(frozen=True, slots=True)
class Removed:
    """How many Twitch still had, and how many were not deleted."""

    removed: int
    left: int


def viewers_helix(user: User) -> Helix:
    """Helix with the tokens of the viewer's Grant, refreshed when Twitch refuses them."""
    return helix().with_tokens(GrantTokens(user_id=user.pk, oauth=oauth()))


def listen(*, user: User, topic: Topic, session_id: str) -> Listening:
    """Have Twitch send what `topic` means to the socket of `session_id`.

    One call to Twitch for each type the topic needs; all of them or none. What the session has
    already is not made again. One query a call, more when the token is refreshed.

    Raises:
        livestream.topics.Refusal: the topic is another's, or means nothing at Twitch.
        TwitchError: Twitch did not answer, or refused one of them.
    """
    twitch = viewers_helix(user)
    made: list[Made] = []
    new: list[str] = []
    total: TotalCost | None = None
    try:
        for need in needs(topic, viewer_id=user.twitch_id):
            one, cost = _make(twitch, need, session_id)
            made.append(one)
            if cost is not None:
                new.append(one.id)
                total = cost
    except TwitchError:
        remove(user=user, ids=new)
        raise
    return Listening(made, total)


def _make(twitch: Helix, need: Need, session_id: str) -> tuple[Made, TotalCost | None]:
    try:
        promise, total = twitch.make_socket_promise(
            type_name=need.type,
            version=need.version,
            condition=need.condition,
            session_id=session_id,
        )
    except AlreadySubscribed as error:
        # Another topic of this socket needs the same.
        if not error.twitch_id:
            raise
        return Made(error.twitch_id, need.type, 0), None
    return Made(promise.twitch_id, need.type, promise.cost), total


def remove(*, user: User, ids: Iterable[str]) -> Removed:
    """Delete the viewer's subscriptions of these ids.

    One call to Twitch each, at most 10 at once, and none is begun after 10 s. Never raises: what
    Twitch does not delete ends with its socket.
    """
    wanted = list(ids)
    if not wanted:
        return Removed(0, 0)
    give_up_at = time.monotonic() + SECONDS
    twitch = viewers_helix(user)
    # By itself: it has a token that ran out refreshed, for all.
    ended = [_end(twitch, wanted[0], give_up_at)]
    with suppress(TwitchError), ThreadPoolExecutor(AT_ONCE, "removing") as threads:
        held = twitch.hold()
        ended += threads.map(lambda one: _end(held, one, give_up_at), wanted[1:])
    left = len(wanted) - ended.count(True) - ended.count(False)
    if left:
        logger.warning("%d subscriptions of sockets were not deleted", left)
    return Removed(ended.count(True), left)


def _end(twitch: Helix, twitch_id: str, give_up_at: float) -> bool | None:
    """Whether Twitch still had it; None when it has it yet, as far as we know."""
    if time.monotonic() >= give_up_at:
        return None
    try:
        twitch.end_promise(twitch_id)
    except TwitchError as error:
        is_gone = isinstance(error, TwitchRefused) and error.status == GONE
        return False if is_gone else None
    return True
