"""EventSub's types as we use them, and how a condition is written as one text.

Source: https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode


class EventType(StrEnum):
    """Types this product understands; others are kept as messages and answered 2xx."""

    ONLINE = "stream.online"
    OFFLINE = "stream.offline"
    CHANNEL_UPDATE = "channel.update"
    RAID = "channel.raid"
    USER_UPDATE = "user.update"
    FOLLOW = "channel.follow"
    AUTHORIZATION_REVOKE = "user.authorization.revoke"


VERSIONS: Final[Mapping[str, str]] = {
    EventType.ONLINE: "1",
    EventType.OFFLINE: "1",
    EventType.CHANNEL_UPDATE: "2",
    EventType.RAID: "1",
    EventType.USER_UPDATE: "1",
    EventType.FOLLOW: "2",
    EventType.AUTHORIZATION_REVOKE: "1",
    # Of what only topics ask for; what is not here has version 1.
    "channel.moderate": "2",
    "channel.channel_points_automatic_reward_redemption.add": "2",
    **dict.fromkeys(("automod.message.hold", "automod.message.update"), "2"),
    **{f"channel.hype_train.{what}": "2" for what in ("begin", "progress", "end")},
}

# Types whose messages say no more than is recorded and shown. What topics bring besides, and what
# Twitch may send tomorrow, can hold private words or addresses of people, or tell who was punished
# or paid: those bodies are encrypted, and blanked soon after processing.
OPEN_TYPES: Final = frozenset(
    {
        EventType.ONLINE,
        EventType.OFFLINE,
        EventType.CHANNEL_UPDATE,
        EventType.RAID,
        EventType.FOLLOW,
        EventType.AUTHORIZATION_REVOKE,
        "user.authorization.grant",
    }
)


class Status(StrEnum):
    """Statuses of an EventSub subscription that we treat by name; any other means it is dead."""

    ENABLED = "enabled"
    PENDING = "webhook_callback_verification_pending"
    VERIFICATION_FAILED = "webhook_callback_verification_failed"
    FAILURES_EXCEEDED = "notification_failures_exceeded"
    AUTHORIZATION_REVOKED = "authorization_revoked"
    MODERATOR_REMOVED = "moderator_removed"
    USER_REMOVED = "user_removed"
    VERSION_REMOVED = "version_removed"


def condition_key(condition: Mapping[str, str]) -> str:
    """The condition as one canonical text, e.g. `broadcaster_user_id=1337`.

    Empty values are left out: Twitch's list shows `from_broadcaster_user_id: ""` beside the
    side that was asked for.
    """
    named = sorted((name, value) for name, value in condition.items() if value)
    # Half of a surrogate pair, which nobody sends in earnest, is no error.
    return urlencode(named, errors="replace")


def is_private(type_name: str) -> bool:
    """Whether messages of this type may hold what only those concerned should see."""
    return type_name not in OPEN_TYPES
