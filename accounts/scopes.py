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
    # For topics: what each lets us see.
    "bits:read": "see bits used in your channel",
    "channel:bot": "be in your channel's chat as an application",
    "channel:moderate": "see bans in your channel",
    "channel:read:ads": "see ad breaks in your channel",
    "channel:read:charity": "see your charity campaigns and who donates",
    "channel:read:goals": "see the goals of your channel",
    "channel:read:hype_train": "see hype trains in your channel",
    "channel:read:polls": "see the polls of your channel",
    "channel:read:predictions": "see the predictions of your channel",
    "channel:read:redemptions": "see channel points redeemed in your channel",
    "channel:read:subscriptions": "see the paid subs of your channel",
    "channel:read:vips": "see who is a VIP in your channel",
    "moderation:read": "see who moderates your channel",
    "moderator:manage:automod": "see and decide on messages that AutoMod holds back",
    "moderator:read:automod_settings": "see AutoMod's settings where you moderate",
    "moderator:read:banned_users": "see who is banned where you moderate",
    "moderator:read:blocked_terms": "see blocked words where you moderate",
    "moderator:read:chat_messages": "see messages removed where you moderate",
    "moderator:read:chat_settings": "see the chat's settings where you moderate",
    "moderator:read:moderators": "see who moderates where you moderate",
    "moderator:read:shield_mode": "see shield mode where you moderate",
    "moderator:read:shoutouts": "see shoutouts where you moderate",
    "moderator:read:suspicious_users": "see suspicious people where you moderate",
    "moderator:read:unban_requests": "see who asks to be unbanned where you moderate",
    "moderator:read:vips": "see who is a VIP where you moderate",
    "moderator:read:warnings": "see warnings where you moderate",
    "user:bot": "read chat for you as an application",
    "user:read:chat": "read chats that you can read",
    "user:read:whispers": "read whispers to you",
}


def in_words(scopes: Iterable[str]) -> list[str]:
    """What StreamWatch may do with these; a scope without words stands for itself."""
    return [WORDS.get(scope, scope) for scope in sorted(scopes)]
