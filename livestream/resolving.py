"""Which Twitch id a login has."""

from __future__ import annotations

from accounts.twitch import helix
from livestream.topics import SERVER, Refusal
from streamwatch.twitch.errors import TwitchError
from subscriptions import troubles
from subscriptions.models import Streamer


def resolve(login: str) -> str | None:
    """The id of a watched streamer, else what Twitch says (at most 5 s a phase); None: nobody's.

    Raises:
        Refusal: Twitch does not answer.
    """
    # What nobody watches may have been renamed, and the login be another's.
    watched = Streamer.objects.filter(login=login, subscription__isnull=False)
    known = watched.order_by("-name_as_of").values_list("twitch_id", flat=True).first()
    if known is not None:
        return known
    try:
        profile = next(iter(helix().profiles(logins=[login])), None)
    except TwitchError as error:
        raise Refusal(SERVER, troubles.beside_field(error)) from error
    return profile.twitch_id if profile else None
