"""Asking Twitch for the scopes that a topic lacks; they are added to what was allowed before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import FOLLOWERS, Grant, User
from livestream.event_types import FOR_THE_APPLICATION, IN_OWN_CHAT, TYPES

# Twitch suspends applications that ask for what they do not use; of scopes that do the same for a
# topic only the narrowest, so none by which somebody could act in the viewer's name.
ASKABLE: Final = frozenset(scope for one in TYPES.values() for scope in one.scopes) | {
    FOR_THE_APPLICATION,
    IN_OWN_CHAT,
}


def allow_url(scopes: Iterable[str], *, next: str) -> str:  # noqa: A002 -- as Django calls it
    """The address that asks Twitch for these too, and then comes back to `next`."""
    return f"{reverse('allow')}?{urlencode({'scopes': ' '.join(scopes), 'next': next})}"


def allowed_scopes(user: User) -> frozenset[str]:
    """What the viewer's Grant allows now; nothing when it has ended (1 query)."""
    found = Grant.objects.active().filter(user=user).values_list("scopes", flat=True).first()
    return frozenset(found or ())


def to_ask(user: User, scopes: Collection[str]) -> list[str]:
    """Those of them that topics need and that the viewer has not allowed yet (1 query)."""
    return sorted((set(scopes) & ASKABLE) - allowed_scopes(user))


def publishes(scopes: Collection[str]) -> bool:
    """Whether others will see something on their account: a page has to say so before."""
    return FOLLOWERS in scopes
