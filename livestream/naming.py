"""Whom the field for a topic suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from accounts.models import User
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
