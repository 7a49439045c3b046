"""Which Twitch ids logins have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from accounts.twitch import helix
from livestream.topics import SERVER, Refusal, Resolve, parse
from streamwatch.twitch.errors import TwitchError
from subscriptions import points, troubles
from subscriptions.models import Streamer

# Somebody who writes on, or connects again, asks for the same login many times.
KEPT_SECONDS: Final = 60
# Of logins that only Twitch knows, for each viewer.
MOST_A_MINUTE: Final = 100
# Twitch takes so many in one call.
CHUNK: Final = 100
ASKED_TOO_MUCH: Final = "Twitch is asked too much at the moment. Try again in a minute."
YOU_ASK_TOO_MUCH: Final = (
    f"You asked for more than {MOST_A_MINUTE} logins within a minute. Try again in a minute, or"
    " write ids."
)


def resolver(texts: Iterable[str], *, user: User) -> Resolve:
    """For `parse` of these topics: it knows all logins in them, which are asked for together.

    Raises:
        Refusal: one of the topics makes no sense, or as `resolve()` does.
    """
    logins: dict[str, None] = {}

    def note(login: str) -> str:
        logins[login] = None
        return login

    for text in texts:
        parse(text, resolve=note)
    return resolve(list(logins), user=user).get


def resolve(logins: Collection[str], *, user: User) -> dict[str, str]:
    """The ids of watched streamers, of others what Twitch says (at most 5 s a phase).

    Whoever Twitch does not know is left out. What Twitch said is remembered for a minute. A
    quarter of its points is left to those who search. One query, and one call for 100 logins.

    Raises:
        Refusal: Twitch does not answer, or is asked too much, by `user` or by all.
    """
    if not logins:
        return {}
    # What nobody watches may have been renamed, and the login be another's.
    watched = Streamer.objects.filter(login__in=logins, subscription__isnull=False)
    # Of two with the same login, the one who was called so last.
    known = dict(watched.order_by("name_as_of").values_list("login", "twitch_id"))
    keys = {_key(login): login for login in logins if login not in known}
    said = {keys[key]: twitch_id for key, twitch_id in cache.get_many(keys).items()}
    unknown = [login for login in keys.values() if login not in said]
    if unknown:
        _count(user, len(unknown))
        said |= _ask(unknown)
    return known | {login: str(twitch_id) for login, twitch_id in said.items() if twitch_id}


def _ask(logins: list[str]) -> dict[str, str]:
    twitch = helix()
    found = dict.fromkeys(logins, "")
    for start in range(0, len(logins), CHUNK):
        if not points.allowed(twitch.rate_limit):
            raise Refusal(SERVER, ASKED_TOO_MUCH)
        try:
            profiles = twitch.profiles(logins=logins[start : start + CHUNK])
        except TwitchError as error:
            raise Refusal(SERVER, troubles.beside_field(error)) from error
        found |= {profile.login: profile.twitch_id for profile in profiles}
    cache.set_many({_key(login): found[login] for login in logins}, KEPT_SECONDS)
    return found


def _count(user: User, asked: int) -> None:
    key = f"livestream.asked:{user.pk}:{timezone.now():%H%M}"
    cache.add(key, 0, 2 * KEPT_SECONDS)
    try:
        count: int | None = cache.incr(key, asked)
    except ValueError:  # It went between the two.
        return
    # None while Redis is away.
    if count is not None and count > MOST_A_MINUTE:
        raise Refusal(SERVER, YOU_ASK_TOO_MUCH)


def _key(login: str) -> str:
    return f"livestream.login:{login}"
