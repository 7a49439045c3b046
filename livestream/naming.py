"""People by login: whose id a topic means, and whom the field suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts.models import User
from accounts.twitch import helix
from subscriptions.forms import is_login
from subscriptions.models import Subscription

MOST_PEOPLE: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose id can stand in a topic."""

    login: str
    name: str
    id: str
    is_viewer: bool = False


def people_for(user: User) -> list[Person]:
    """The viewer, and at most 100 subscribed streamers by login (1 query)."""
    mine = Subscription.objects.of(user).order_by("streamer__login")
    found = mine.values_list("streamer__login", "streamer__display_name", "streamer__twitch_id")
    me = Person(user.login, user.display_name, user.twitch_id, is_viewer=True)
    return [me, *(Person(*one) for one in found[:MOST_PEOPLE] if one[2] != user.twitch_id)]


def twitch_id_of(login: str, *, user: User) -> str | None:
    """The Twitch id of who has this login; None when Twitch knows nobody.

    One query, and one call to Twitch (5 s a phase) for who is no subscribed streamer: rows of
    others may be older than the login.

    Raises:
        TwitchError: Twitch did not answer.
    """
    login = login.lower()
    if login == user.login:
        return user.twitch_id
    mine = Subscription.objects.of(user).filter(streamer__login=login)
    if known := mine.values_list("streamer__twitch_id", flat=True).first():
        return known
    profiles = helix().profiles(logins=[login]) if is_login(login) else []
    return next((one.twitch_id for one in profiles if one.login == login), None)
