"""A viewer's access token, refreshed by one process at a time when Twitch refuses it.

Claim (a conditional UPDATE), ask Twitch, settle (another one): no lock is held and no
transaction is open while Twitch is asked. What becomes of the refresh token that was sent:

- Twitch gives other tokens: both are stored.
- Twitch refuses it: the Grant is dead and its tokens are deleted, so it is never sent again.
- Twitch gives no usable answer: it may be used up or not. Nothing is lost by sending it again,
  for the tokens that may have come of it are lost either way; that is done after a pause.
- The process is killed with its claim: nobody knows whether Twitch has said no. The token is
  sent once more when the claim has run out, by when nothing of the old request can be under way
  any more. When that is not heard of either, the Grant is dead, and the token is not sent again.

A login in between replaces tokens and claim, so what an older refresh brings changes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import uuid4

from django.db.models import Q
from django.utils import timezone

from accounts.models import Grant
from accounts.revoking import end_grant
from streamwatch.crashing import crash_point
from streamwatch.encryption import Undecipherable
from streamwatch.twitch.errors import TwitchError, TwitchRefused, TwitchUnavailable
from streamwatch.twitch.oauth import OAuth, UserTokens

logger = logging.getLogger(__name__)

# A claim is another's after it: longer than any answer is waited for.
CLAIM: Final = timedelta(seconds=60)
# After Twitch gave no usable answer.
PAUSE_AFTER_FAILURE: Final = timedelta(seconds=10)
MOST_DOUBTS: Final = 1
PATIENCE_SECONDS: Final = 8.0
PAUSE_SECONDS: Final = 0.1


class GrantEnded(TwitchError):
    """The viewer has no live Grant (any more), or one that cannot be read; a login mends it."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """A claimed refresh; `refresh_token` is "" where Twitch gave none."""

    user_id: int
    claim: str
    refresh_token: str = field(repr=False)


class GrantTokens:
    """A `TokenSource` of one viewer's token. Every method raises `TwitchError`s.

    `GrantEnded` when there is none any more: what the viewer must do is said on the next page.
    """

    def __init__(self, *, user_id: int, oauth: OAuth) -> None:
        self._user_id = user_id
        self._oauth = oauth

    def current(self) -> str:
        """The token to use now, which Twitch may refuse. One query."""
        return access_token(self._user_id)

    def renew(self, dead: str) -> str:
        """Another token than `dead`, which Twitch refused: the stored one if it is another.

        At most 8 s of waiting for another process, or one call to Twitch.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        has_asked = False
        while (token := access_token(self._user_id)) == dead:
            if has_asked:
                raise TwitchUnavailable("the refused token came back from the refresh")
            if refresh := claim_refresh(self._user_id, dead=dead):
                settle(refresh, ask(refresh, self._oauth))
                has_asked = True
                continue
            if _is_resting(self._user_id):
                raise TwitchUnavailable("the token could not be refreshed a moment ago")
            if time.monotonic() > deadline:
                raise TwitchUnavailable("another process is still refreshing the token")
            time.sleep(PAUSE_SECONDS)
        return token


def access_token(user_id: int) -> str:
    """The access token of the viewer's live Grant. One query.

    Raises:
        GrantEnded: there is none, or its key has left FIELD_ENCRYPTION_KEYS.
    """
    found = Grant.objects.active().filter(user_id=user_id).values_list("access_token", flat=True)
    try:
        token = found.first()
    except Undecipherable as error:
        raise GrantEnded(f"the grant of viewer {user_id} is sealed with an unknown key") from error
    if not token:
        raise GrantEnded(f"viewer {user_id} has no live grant")
    return token


def access_tokens(user_ids: Collection[int]) -> dict[int, str]:
    """The access tokens of those viewers who have a live Grant that can be read.

    One query; one a viewer more where the key of one has left FIELD_ENCRYPTION_KEYS.
    """
    grants = Grant.objects.active().filter(user_id__in=user_ids)
    try:
        return {pk: token for pk, token in grants.values_list("user_id", "access_token") if token}
    except Undecipherable:
        pass
    found = {}
    for user_id in user_ids:
        with suppress(GrantEnded):
            found[user_id] = access_token(user_id)
    return found


def renew_together(
    dead: Mapping[int, str], *, oauth: OAuth, threads: Executor
) -> dict[int, str | TwitchError]:
    """Another token for each viewer whose token Twitch refused, or why there is none.

    Twitch is asked in `threads`, the database by the caller's alone. Whose refresh another
    process has under way, or whose Grant ends by it, is left out. A few queries a viewer.
    """
    claims = [claim for pk, token in dead.items() if (claim := claim_refresh(pk, dead=token))]
    found: dict[int, str | TwitchError] = {}
    for claim, answer in zip(claims, threads.map(lambda one: ask(one, oauth), claims), strict=True):
        try:
            settle(claim, answer)
        except TwitchError as error:
            found[claim.user_id] = error
        else:
            if isinstance(answer, UserTokens):
                found[claim.user_id] = answer.access_token
    return found


def claim_refresh(user_id: int, *, dead: str) -> Refresh | None:
    """Claim the refresh of the access token `dead`; None when it is not ours to do.

    Two or three queries. Ends the Grant when two refreshes in a row were never heard of again.
    """
    now, claim = timezone.now(), uuid4().hex
    grants = Grant.objects.active().filter(user_id=user_id)
    held, doubts = grants.values_list("refresh_claim", "refresh_doubts").first() or ("", 0)
    if held and doubts >= MOST_DOUBTS:
        lost = Q(refresh_claim=held, refresh_until__lte=now)
        end_grant(user_id=user_id, ending=Grant.Ending.REFUSED, only=lost)
        return None
    free = Q(refresh_claim=held) & (Q(refresh_until=None) | Q(refresh_until__lte=now))
    values = {"refresh_claim": claim, "refresh_until": now + CLAIM}
    if not grants.filter(free).update(**values, refresh_doubts=doubts + bool(held)):
        return None
    access, refresh_token = _tokens(user_id, claim)
    if access != dead:
        # Another process has refreshed it, or there was a login, just before the claim.
        _let_go(user_id, claim, rest=None)
        return None
    return Refresh(user_id=user_id, claim=claim, refresh_token=refresh_token)


def ask(refresh: Refresh, oauth: OAuth) -> UserTokens | TwitchError:
    """What Twitch answers; no query, so that it can be asked in another thread."""
    if not refresh.refresh_token:
        return TwitchRefused(400, "no refresh token was ever given")
    try:
        answer = oauth.refresh(refresh.refresh_token)
    except TwitchError as error:
        return error
    finally:
        crash_point("after-refresh")
    return answer


def settle(refresh: Refresh, answer: UserTokens | TwitchError) -> None:
    """Store what came of it. One query, three when the Grant dies of it.

    Raises:
        TwitchUnavailable: Twitch gave no usable answer; nobody asks again for 10 s.
    """
    match answer:
        case UserTokens():
            _store(refresh, answer)
        case TwitchRefused():
            mine = Q(refresh_claim=refresh.claim)
            end_grant(user_id=refresh.user_id, ending=Grant.Ending.REFUSED, only=mine)
        case _:
            _let_go(refresh.user_id, refresh.claim, rest=PAUSE_AFTER_FAILURE)
            raise answer


def _store(refresh: Refresh, tokens: UserTokens) -> None:
    now = timezone.now()
    mine = Grant.objects.active().filter(user_id=refresh.user_id, refresh_claim=refresh.claim)
    mine.update(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_at=now + tokens.lifetime,
        refresh_claim="",
        refresh_until=None,
        refresh_doubts=0,
        updated_at=now,
    )
    logger.info("token of viewer %d refreshed", refresh.user_id)


def _let_go(user_id: int, claim: str, *, rest: timedelta | None) -> None:
    until = timezone.now() + rest if rest else None
    mine = Grant.objects.filter(user_id=user_id, refresh_claim=claim)
    mine.update(refresh_claim="", refresh_until=until)


def _tokens(user_id: int, claim: str) -> tuple[str, str]:
    mine = Grant.objects.filter(user_id=user_id, refresh_claim=claim)
    return mine.values_list("access_token", "refresh_token").first() or ("", "")


def _is_resting(user_id: int) -> bool:
    """Whether nobody is at it, and nobody may be for some seconds."""
    resting = Grant.objects.filter(refresh_claim="", refresh_until__gt=timezone.now())
    return resting.filter(user_id=user_id).exists()
