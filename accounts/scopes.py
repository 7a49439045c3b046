"""What a viewer allows at Twitch, in plain words.

Source: https://dev.twitch.tv/docs/authentication/scopes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from accounts.models import FOLLOWED, FOLLOWERS

WORDS: Final[Mapping[str, str]] = {
    "user:read:email": "see your e-mail address",
    FOLLOWED: "see which channels you follow",
    FOLLOWERS: "see who follows your channel, and the channels you moderate",
}


def in_words(scopes: Iterable[str]) -> list[str]:
    """What StreamWatch may do with these; a scope without words stands for itself."""
    return [WORDS.get(scope, scope) for scope in sorted(scopes)]
