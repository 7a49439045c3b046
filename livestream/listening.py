"""Who listens on what, and by what right; everything of a connection that asks the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.models import Grant, User
from accounts.sessions import viewer_of_session
from livestream import leasing
from livestream.models import AccessToken, Key
from livestream.resolving import resolver
from livestream.tokens import token_of
from livestream.topics import BAD_AUTH, Need, Refusal, Topic, missing, parse

LOG_IN = "Log in, or make an access token under Settings and send it as auth_token."
DEAD_TOKEN = "This access token does not work (any more). Make another one under Settings."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Right:
    """By which somebody listens: a session, or an access token."""

    user: User
    session_key: str = ""
    token_id: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """One topic of one connection; `text` is how the client wrote it, and reads it again."""

    text: str
    topic: Topic
    needs: tuple[Need, ...]
    right: Right
    since: datetime

    @property
    def keys(self) -> set[Key]:
        """Types and conditions of the messages that it is about."""
        return {leasing.key_of(need) for need in self.needs}


def prepare(texts: Collection[str], *, session_key: str, auth_token: str) -> list[Listening]:
    """What a LISTEN asks for, if it may; nothing is leased yet.

    Twitch may be asked for logins, which takes seconds on a bad day.

    Raises:
        Refusal: nobody is logged in, the token does not work, or a topic is refused.
    """
    right = _right(session_key, auth_token)
    since = timezone.now()
    resolve = resolver(texts, user=right.user)
    topics = [(text, parse(text, resolve=resolve)) for text in texts]
    needs = leasing.permit([topic for _, topic in topics], user=right.user)
    return [
        Listening(text, topic, each, right, since)
        for (text, topic), each in zip(topics, needs, strict=True)
    ]


def commit(listenings: Sequence[Listening], *, connection: int) -> None:
    """Lease what they need.

    Raises:
        Refusal: Twitch's budget has no place for it, or Twitch cannot reach us.
    """
    topics = [one.topic for one in listenings]
    leasing.lease(topics, user=listenings[0].right.user, connection=connection)


def lost(listenings: Sequence[Listening]) -> list[Listening]:
    """Those whose session, token or consent has ended since (2 queries, 1 to 2 a session)."""
    rights = {one.right for one in listenings}
    alive = _alive(rights)
    users = {right.user.pk for right in rights}
    scopes: defaultdict[int, list[str]] = defaultdict(list)
    scopes |= dict(Grant.objects.active().filter(user__in=users).values_list("user_id", "scopes"))
    return [
        one
        for one in listenings
        if one.right not in alive or _lacks(one, scopes[one.right.user.pk])
    ]


def _right(session_key: str, auth_token: str) -> Right:
    if auth_token:
        token = token_of(auth_token)
        if token is None:
            raise Refusal(BAD_AUTH, DEAD_TOKEN)
        return Right(token.user, token_id=token.pk)
    viewer = viewer_of_session(session_key) if session_key else None
    if viewer is None:
        raise Refusal(BAD_AUTH, LOG_IN)
    return Right(viewer, session_key=session_key)


def _alive(rights: Iterable[Right]) -> set[Right]:
    tokens = AccessToken.objects.usable(timezone.now())
    working = set(
        tokens.filter(pk__in={one.token_id for one in rights if one.token_id}).values_list(
            "pk", flat=True
        )
    )
    return {
        one
        for one in rights
        if (one.token_id in working if one.token_id else _still(one.session_key, one.user))
    }


def _still(session_key: str, user: User) -> bool:
    viewer = viewer_of_session(session_key)
    return viewer is not None and viewer.pk == user.pk


def _lacks(one: Listening, scopes: Sequence[str]) -> bool:
    viewer_id = one.right.user.twitch_id
    return bool(missing(one.topic, viewer_id=viewer_id, scopes=scopes, over_webhook=True))
