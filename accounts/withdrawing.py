"""A viewer takes back what was allowed at Twitch."""

from __future__ import annotations

import logging

from accounts.models import Grant, User
from accounts.revoking import end_grant
from streamwatch.encryption import Undecipherable
from streamwatch.twitch.errors import TwitchError, TwitchRefused
from streamwatch.twitch.oauth import OAuth

logger = logging.getLogger(__name__)


def withdraw(*, user: User, oauth: OAuth) -> bool:
    """End the viewer's Grant and have Twitch forget it; whether Twitch knows.

    Ours ends first and whatever Twitch answers: from then on nothing is done with it. Three
    queries and at most two calls to Twitch, outside any transaction.
    """
    tokens = _tokens(user)
    end_grant(user_id=user.pk, ending=Grant.Ending.WITHDRAWN)
    if not tokens:
        return False
    try:
        _revoke_one(tokens, oauth)
    except TwitchError as error:
        logger.warning("viewer %d withdrew, but Twitch could not be told: %s", user.pk, error)
        return False
    return True


def _tokens(user: User) -> list[str]:
    grants = Grant.objects.active().filter(user=user)
    try:
        found = grants.values_list("access_token", "refresh_token").first()
    except Undecipherable:
        logger.warning("the grant of viewer %d is sealed with an unknown key", user.pk)
        return []
    return [token for token in found or () if token]


def _revoke_one(tokens: list[str], oauth: OAuth) -> None:
    """Either stands for both; an access token that has run out may be unknown already."""
    for token in tokens:
        try:
            oauth.revoke(token)
        except TwitchRefused as error:
            if error.status != 400:
                raise
        else:
            return
