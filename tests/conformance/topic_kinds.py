"""The messages that topics are made of: what each needs, and the fields of its event.

Typed by hand from Twitch's reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from twitchAPI.object import eventsub as models
from twitchAPI.object.base import TwitchObject

from simulator.testing import Simulator
from tests.simulator.sockets import Socket, connected, subscribe

ADA, BOB = "700000001", "700000002"
CHANNEL = {"broadcaster_user_id": ADA}
MODERATED = {**CHANNEL, "moderator_user_id": ADA}
READ = {**CHANNEL, "user_id": ADA}
NOTHING = type(None)
BY_BOB = {"user": "bob_watches"}
MODERATION = tuple(
    f"moderator:read:{what}"
    for what in (
        "blocked_terms", "chat_settings", "unban_requests", "banned_users", "chat_messages",
        "warnings", "moderators", "vips",
    )
)  # fmt: skip
NOTICES = (
    "announcement", "sub", "resub", "sub_gift", "community_sub_gift", "gift_paid_upgrade",
    "prime_paid_upgrade", "raid", "unraid", "pay_it_forward", "bits_badge_tier",
    "charity_donation",
)  # fmt: skip
ACTIONS = (
    "followers", "slow", "vip", "unvip", "mod", "unmod", "ban", "unban", "timeout", "untimeout",
    "raid", "unraid", "delete", "automod_terms", "unban_request", "warn", "shared_chat_ban",
    "shared_chat_unban", "shared_chat_timeout", "shared_chat_untimeout", "shared_chat_delete",
)  # fmt: skip


def naming(*prefixes: str) -> dict[str, type]:
    """The three fields that name a person, for each of the prefixes."""
    return {f"{prefix}_{what}": str for prefix in prefixes for what in ("id", "login", "name")}


BROADCASTER = naming("broadcaster_user")
FROM_USER = naming("broadcaster_user", "user")


@dataclass(frozen=True)
class Kind:
    """One type, what it needs, what sets it off and what comes of it."""

    name: str
    condition: dict[str, str]
    scopes: tuple[str, ...]
    order: dict[str, Any]
    fields: dict[str, type]
    # Values that follow from the order.
    wanted: dict[str, Any] = field(default_factory=dict)
    model: type[TwitchObject] | None = None

    def __str__(self) -> str:
        return f"{self.name} {','.join(self.order)}"


SOURCES = dict.fromkeys(
    (
        "source_broadcaster_user_id", "source_broadcaster_user_login",
        "source_broadcaster_user_name",
    ),
    NOTHING,
)  # fmt: skip
CHEER = {**BROADCASTER, "is_anonymous": bool, "message": str, "bits": int}
GIFT = {**BROADCASTER, "total": int, "tier": str, "is_anonymous": bool}
KINDS = [
    Kind(
        "channel.cheer",
        CHANNEL,
        ("bits:read",),
        {**BY_BOB, "bits": 250, "text": "well done"},
        {**CHEER, **naming("user")},
        {"bits": 250, "message": "Cheer250 well done", "user_login": "bob_watches"},
        models.ChannelCheerEvent,
    ),
    Kind(
        "channel.cheer",
        CHANNEL,
        ("bits:read",),
        {"bits": 1},
        {**CHEER, **dict.fromkeys(naming("user"), NOTHING)},
        {"is_anonymous": True, "message": "Cheer1"},
        models.ChannelCheerEvent,
    ),
    Kind(
        "channel.bits.use",
        CHANNEL,
        ("bits:read",),
        {**BY_BOB, "bits": 100, "text": "hi"},
        {
            **FROM_USER, "bits": int, "type": str, "message": dict, "power_up": NOTHING,
            "custom_power_up": NOTHING,
        },
        {"bits": 100, "type": "cheer"},
        models.ChannelBitsUseEvent,
    ),
    Kind(
        "channel.subscribe",
        CHANNEL,
        ("channel:read:subscriptions",),
        {**BY_BOB, "tier": "2000", "is_gift": 1},
        {**FROM_USER, "tier": str, "is_gift": bool},
        {"tier": "2000", "is_gift": True},
        models.ChannelSubscribeEvent,
    ),
    Kind(
        "channel.subscription.gift",
        CHANNEL,
        ("channel:read:subscriptions",),
        {**BY_BOB, "total": 5},
        {**GIFT, **naming("user"), "cumulative_total": int},
        {"total": 5, "tier": "1000"},
        models.ChannelSubscriptionGiftEvent,
    ),
    Kind(
        "channel.subscription.gift",
        CHANNEL,
        ("channel:read:subscriptions",),
        {},
        {**GIFT, **dict.fromkeys(naming("user"), NOTHING), "cumulative_total": NOTHING},
        {"is_anonymous": True},
        models.ChannelSubscriptionGiftEvent,
    ),
    Kind(
        "channel.subscription.message",
        CHANNEL,
        ("channel:read:subscriptions",),
        {**BY_BOB, "months": 7, "text": "again"},
        {
            **FROM_USER, "tier": str, "message": dict, "cumulative_months": int,
            "streak_months": NOTHING, "duration_months": int,
        },
        {"cumulative_months": 7, "message": {"text": "again", "emotes": []}},
        models.ChannelSubscriptionMessageEvent,
    ),
    Kind(
        "channel.channel_points_custom_reward_redemption.add",
        CHANNEL,
        ("channel:read:redemptions",),
        {**BY_BOB, "reward": "Hydrate", "cost": 300, "text": "drink!"},
        {
            **FROM_USER, "id": str, "user_input": str, "status": str, "reward": dict,
            "redeemed_at": str,
        },
        {"user_input": "drink!", "status": "unfulfilled"},
        models.ChannelPointsCustomRewardRedemptionAddEvent,
    ),
    Kind(
        "channel.poll.begin",
        CHANNEL,
        ("channel:read:polls",),
        {"title": "Tea?", "choices": "Yes, No, Maybe"},
        {
            **BROADCASTER, "id": str, "title": str, "choices": list, "bits_voting": dict,
            "channel_points_voting": dict, "started_at": str, "ends_at": str,
        },
        {"title": "Tea?"},
        models.ChannelPollBeginEvent,
    ),
    Kind(
        "channel.prediction.begin",
        CHANNEL,
        ("channel:read:predictions",),
        {"title": "A win?", "outcomes": "Yes, No"},
        {
            **BROADCASTER, "id": str, "title": str, "outcomes": list, "started_at": str,
            "locks_at": str,
        },
        {"title": "A win?"},
        models.ChannelPredictionEvent,
    ),
    Kind(
        "channel.hype_train.begin",
        CHANNEL,
        ("channel:read:hype_train",),
        {**BY_BOB, "total": 900, "level": 2},
        {
            **BROADCASTER, "id": str, "total": int, "progress": int, "goal": int,
            "top_contributions": list, "level": int, "shared_train_participants": NOTHING,
            "started_at": str, "expires_at": str, "is_shared_train": bool, "type": str,
            "all_time_high_level": int, "all_time_high_total": int,
        },
        {"total": 900, "level": 2, "type": "regular"},
    ),
    Kind(
        "channel.ad_break.begin",
        CHANNEL,
        ("channel:read:ads",),
        {"seconds": 90, "moderator": "grace_mods"},
        {
            **naming("broadcaster_user", "requester_user"), "duration_seconds": int,
            "started_at": str, "is_automatic": bool,
        },
        {"duration_seconds": 90, "requester_user_login": "grace_mods"},
        models.ChannelAdBreakBeginEvent,
    ),
    Kind(
        "channel.goal.begin",
        CHANNEL,
        ("channel:read:goals",),
        {"goal": "follow", "text": "a thousand", "current": 10, "target": 1000},
        {
            **BROADCASTER, "id": str, "type": str, "description": str, "current_amount": int,
            "target_amount": int, "started_at": str,
        },
        {"type": "follow", "target_amount": 1000},
    ),
    Kind(
        "channel.shoutout.create",
        MODERATED,
        ("moderator:read:shoutouts",),
        {"to": "bob_watches"},
        {
            **naming("broadcaster_user", "to_broadcaster_user", "moderator_user"),
            "viewer_count": int, "started_at": str, "cooldown_ends_at": str,
            "target_cooldown_ends_at": str,
        },
        {"to_broadcaster_user_login": "bob_watches", "moderator_user_login": "ada_streams"},
        models.ChannelShoutoutCreateEvent,
    ),
    Kind(
        "channel.moderate",
        MODERATED,
        MODERATION,
        {**BY_BOB, "moderator": "grace_mods", "action": "timeout", "reason": "caps"},
        {
            **naming("broadcaster_user", "moderator_user"), **SOURCES, "action": str,
            **dict.fromkeys(ACTIONS, NOTHING), "timeout": dict,
        },
        {"action": "timeout", "moderator_user_login": "grace_mods"},
        models.ChannelModerateEvent,
    ),
    Kind(
        "channel.moderate",
        MODERATED,
        MODERATION,
        {"action": "clear"},
        {
            **naming("broadcaster_user", "moderator_user"), **SOURCES, "action": str,
            **dict.fromkeys(ACTIONS, NOTHING),
        },
        {"action": "clear", "moderator_user_login": "ada_streams"},
        models.ChannelModerateEvent,
    ),
    Kind(
        "automod.message.hold",
        MODERATED,
        ("moderator:manage:automod",),
        {**BY_BOB, "text": "rude", "category": "swearing", "level": 3},
        {
            **FROM_USER, "message_id": str, "message": dict, "reason": str, "automod": dict,
            "blocked_term": NOTHING, "held_at": str,
        },
        {"reason": "automod"},
    ),
    Kind(
        "channel.suspicious_user.message",
        MODERATED,
        ("moderator:read:suspicious_users",),
        {**BY_BOB, "text": "hello"},
        {
            **FROM_USER, "low_trust_status": str, "shared_ban_channel_ids": list,
            "types": list, "ban_evasion_evaluation": str, "message": dict,
        },
        {"low_trust_status": "active_monitoring"},
        models.ChannelSuspiciousUserMessageEvent,
    ),
    Kind(
        "channel.ban",
        CHANNEL,
        ("channel:moderate",),
        {**BY_BOB, "reason": "spam"},
        {
            **naming("broadcaster_user", "user", "moderator_user"), "reason": str,
            "banned_at": str, "ends_at": NOTHING, "is_permanent": bool,
        },
        {"reason": "spam", "is_permanent": True},
        models.ChannelBanEvent,
    ),
    Kind(
        "channel.unban",
        CHANNEL,
        ("channel:moderate",),
        BY_BOB,
        naming("broadcaster_user", "user", "moderator_user"),
        {"user_login": "bob_watches"},
        models.ChannelUnbanEvent,
    ),
    Kind(
        "channel.chat.message",
        READ,
        ("user:read:chat",),
        {**BY_BOB, "text": "hello 👋"},
        {
            **naming("broadcaster_user", "chatter_user"), **SOURCES, "message_id": str,
            "message": dict, "message_type": str, "badges": list, "cheer": NOTHING,
            "color": str, "reply": NOTHING, "channel_points_custom_reward_id": NOTHING,
            "channel_points_animation_id": NOTHING, "source_message_id": NOTHING,
            "source_badges": NOTHING, "is_source_only": NOTHING,
        },
        {"chatter_user_login": "bob_watches", "message_type": "text"},
        models.ChannelChatMessageEvent,
    ),
    Kind(
        "channel.chat.notification",
        READ,
        ("user:read:chat",),
        {**BY_BOB, "notice": "bits_badge_tier", "tier": 5000},
        {
            **naming("broadcaster_user", "chatter_user"), **SOURCES,
            "chatter_is_anonymous": bool, "color": str, "badges": list, "system_message": str,
            "message_id": str, "message": dict, "notice_type": str,
            **dict.fromkeys(NOTICES, NOTHING), "bits_badge_tier": dict,
            "source_message_id": NOTHING, "source_badges": NOTHING,
        },
        {"notice_type": "bits_badge_tier", "bits_badge_tier": {"tier": 5000}},
        models.ChannelChatNotificationEvent,
    ),
    Kind(
        "channel.chat.user_message_hold",
        READ,
        ("user:read:chat",),
        {**BY_BOB, "text": "rude"},
        {**FROM_USER, "message_id": str, "message": dict},
        {"user_login": "bob_watches"},
        models.ChannelChatUserMessageHoldEvent,
    ),
]  # fmt: skip


@contextmanager
def listening(simulator: Simulator, kind: Kind, **condition: str) -> Iterator[Socket]:
    """A socket that Ada has subscribed to the kind."""
    token = simulator.log_in("ada_streams", *kind.scopes)["access_token"]
    with connected(simulator) as socket:
        subscribe(simulator, token, socket, kind.name, **kind.condition, **condition)
        yield socket
