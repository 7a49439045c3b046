"""Which Twitch id a login has."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache

from accounts.twitch import helix
from livestream.topics import SERVER, Refusal
from streamwatch.twitch.errors import TwitchError
from subscriptions import points, troubles
from subscriptions.models import Streamer

# Somebody who writes on, or connects again, asks for the same login many times.
KEPT_SECONDS: Final = 60
ASKED_TOO_MUCH: Final = "Twitch is asked too much at the moment. Try again in a minute."


def resolve(login: str) -> str | None:
    """The id of a watched streamer, else what Twitch says (at most 5 s a phase); None: nobody's.

    What Twitch said is remembered for a minute. A quarter of its points is left to those who
    search.

    Raises:
        Refusal: Twitch does not answer, or is asked too much.
    """
    # What nobody watches may have been renamed, and the login be another's.
    watched = Streamer.objects.filter(login=login, subscription__isnull=False)
    known = watched.order_by("-name_as_of").values_list("twitch_id", flat=True).first()
    if known is not None:
        return known
    key = f"livestream.login:{login}"
    said = cache.get(key)
    if said is None:
        said = _ask(login)
        cache.set(key, said, KEPT_SECONDS)
    return str(said) or None


def _ask(login: str) -> str:
    twitch = helix()
    if not points.allowed(twitch.rate_limit):
        raise Refusal(SERVER, ASKED_TOO_MUCH)
    try:
        profile = next(iter(twitch.profiles(logins=[login])), None)
    except TwitchError as error:
        raise Refusal(SERVER, troubles.beside_field(error)) from error
    return profile.twitch_id if profile else ""
