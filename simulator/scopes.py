"""What scopes allow, in plain words.

https://dev.twitch.tv/docs/authentication/scopes
"""

from __future__ import annotations

WORDS = {
    "bits:read": "see who cheers in your channel",
    "channel:bot": "let a bot write in your channel's chat",
    "channel:moderate": "moderate your channel",
    "channel:manage:ads": "start and put off ads on your channel",
    "channel:read:ads": "see your channel's ads",
    "channel:read:charity": "see your charity campaigns",
    "channel:read:goals": "see your goals",
    "channel:read:hype_train": "see your hype trains",
    "channel:manage:polls": "make polls in your channel",
    "channel:read:polls": "see your polls",
    "channel:manage:predictions": "make predictions in your channel",
    "channel:read:predictions": "see your predictions",
    "channel:manage:redemptions": "manage your channel-point rewards",
    "channel:read:redemptions": "see which rewards your viewers take",
    "channel:read:subscriptions": "see who has a paid sub to your channel",
    "channel:read:vips": "see who is a VIP in your channel",
    "moderation:read": "see who moderates your channel and who may not write there",
    "moderator:manage:automod": "handle held messages where you moderate",
    "moderator:read:automod_settings": "see what is held back where you moderate",
    "moderator:read:banned_users": "see who may not write where you moderate",
    "moderator:read:blocked_terms": "see which words are not allowed where you moderate",
    "moderator:read:chat_messages": "see which messages were deleted where you moderate",
    "moderator:read:chat_settings": "see the rules of the chats where you moderate",
    "moderator:read:followers": "see who follows your channel and those where you moderate",
    "moderator:read:moderators": "see who else moderates where you moderate",
    "moderator:read:shield_mode": "see whether the chats where you moderate are shielded",
    "moderator:read:shoutouts": "see shoutouts where you moderate",
    "moderator:read:suspicious_users": "see suspicious users where you moderate",
    "moderator:read:unban_requests": "see who asks to write again where you moderate",
    "moderator:read:vips": "see who is a VIP where you moderate",
    "moderator:read:warnings": "see who was warned where you moderate",
    "openid": "know who you are",
    "user:bot": "write in chat as a bot in your name",
    "user:manage:whispers": "read your whispers and send some in your name",
    "user:read:chat": "read the chats you are in",
    "user:read:email": "see your e-mail address",
    "user:read:follows": "see which channels you follow",
    "user:read:whispers": "read your whispers",
}


def in_words(scope: str) -> str:
    """What `scope` allows; one nobody has put into words comes back as it is."""
    return WORDS.get(scope, scope)
