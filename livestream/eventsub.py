"""EventSub subscriptions for a socket that the viewer's own browser holds at Twitch.

The page opens the socket, which needs no token, and tells us its session; the subscriptions are
made here, with the viewer's Grant, so that the token stays on this side. Nothing is stored: a
subscription lives as long as its socket.

Source: https://dev.twitch.tv/docs/eventsub/handling-websocket-events
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
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


def remove(*, user: User, ids: Iterable[str]) -> int:
    """Delete the viewer's subscriptions of these ids; how many Twitch still had.

    One call to Twitch each. Never raises: what Twitch does not delete ends with its socket.
    """
    twitch = viewers_helix(user)
    removed = 0
    for one in ids:
        with suppress(TwitchError):
            removed += _end(twitch, one)
    return removed


def _end(twitch: Helix, twitch_id: str) -> bool:
    try:
        twitch.end_promise(twitch_id)
    except TwitchRefused as error:
        if error.status != GONE:
            logger.warning("a subscription of a socket was not deleted: %s", error)
        return False
    return True
