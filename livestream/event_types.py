"""EventSub's types as topics need them: what each condition names, and whose scope allows it.

Source: https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types and the scopes beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from streamwatch.twitch.eventsub import VERSIONS


class Names(StrEnum):
    """Whom a condition names, and so who may ask."""

    CHANNEL = "broadcaster_user_id"  # Anybody may ask about any channel.
    OWN_CHANNEL = "own broadcaster_user_id"  # Its streamer alone.
    MODERATED = "broadcaster_user_id and moderator_user_id"  # Who asks has to moderate it.
    CHAT = "broadcaster_user_id and user_id"  # Who asks reads that chat.
    OWN_ACCOUNT = "own user_id"
    RAID = "from_ or to_broadcaster_user_id"


@dataclass(frozen=True, slots=True)
class EventSubType:
    """One type. Every group of `groups` must be allowed, by any one of its scopes."""

    name: str
    names: Names
    what: str
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def version(self) -> str:
        """The one that StreamWatch asks for."""
        return VERSIONS.get(self.name, "1")

    @property
    def cost(self) -> int:
        """Of all promises; nothing where somebody has to allow it, or to have logged in."""
        if self.groups or self.names is Names.OWN_ACCOUNT:
            return 0
        return 2 if self.names is Names.RAID else 1

    @property
    def scopes(self) -> tuple[str, ...]:
        """The narrowest that suffice."""
        return tuple(group[0] for group in self.groups)


def _all(names: Names, scopes: str, prefix: str, **whats: str) -> Iterator[EventSubType]:
    """Types that differ in their last word; `scopes` are alternatives, the narrowest first."""
    groups = (tuple(scopes.split()),) if scopes else ()
    for last, what in whats.items():
        name = f"{prefix}.{last}"
        yield EventSubType(name, names, what, groups)


def _read_or_manage(*subjects: str) -> tuple[tuple[str, ...], ...]:
    return tuple((f"moderator:read:{one}", f"moderator:manage:{one}") for one in subjects)


CHANNEL, OWN, MODERATED, CHAT = Names.CHANNEL, Names.OWN_CHANNEL, Names.MODERATED, Names.CHAT
_MODERATE: Final = (
    *_read_or_manage(
        "blocked_terms", "chat_settings", "unban_requests", "banned_users", "chat_messages"
    ),
    *_read_or_manage("warnings"),
    ("moderator:read:moderators",),
    ("moderator:read:vips",),
)
_REDEMPTIONS: Final = "channel:read:redemptions channel:manage:redemptions"
_POLLS: Final = "channel:read:polls channel:manage:polls"
_PREDICTIONS: Final = "channel:read:predictions channel:manage:predictions"
_SUBSCRIPTIONS: Final = "channel:read:subscriptions"

_ALL: Final = (
    *_all(CHANNEL, "", "stream", online="A stream begins", offline="A stream ends"),
    *_all(CHANNEL, "", "channel", update="Title, category or language change"),
    *_all(Names.RAID, "", "channel", raid="A channel raids another, or is raided"),
    *_all(
        CHANNEL,
        "",
        "channel.shared_chat",
        begin="A shared chat begins",
        update="Channels join or leave a shared chat",
        end="A shared chat ends",
    ),
    *_all(Names.OWN_ACCOUNT, "", "user", update="You change your name or description"),
    *_all(
        Names.OWN_ACCOUNT,
        "user:read:whispers user:manage:whispers",
        "user.whisper",
        message="Somebody whispers to you",
    ),
    *_all(MODERATED, "moderator:read:followers", "channel", follow="Somebody follows"),
    *_all(OWN, _SUBSCRIPTIONS, "channel", subscribe="Somebody pays for a sub, or gets one"),
    *_all(
        OWN,
        _SUBSCRIPTIONS,
        "channel.subscription",
        end="A paid sub ends",
        gift="Somebody gives paid subs away",
        message="Somebody tells that their paid sub goes on",
    ),
    *_all(OWN, "bits:read", "channel", cheer="Somebody cheers with bits"),
    *_all(OWN, "bits:read", "channel.bits", use="Bits are used"),
    *_all(
        OWN,
        "channel:read:ads channel:manage:ads",
        "channel.ad_break",
        begin="An ad break begins",
    ),
    *_all(
        OWN,
        _REDEMPTIONS,
        "channel.channel_points_custom_reward_redemption",
        add="Somebody redeems a reward of yours",
        update="A redemption is fulfilled or cancelled",
    ),
    *_all(
        OWN,
        _REDEMPTIONS,
        "channel.channel_points_automatic_reward_redemption",
        add="Somebody redeems a reward of Twitch's own",
    ),
    *_all(
        OWN,
        _REDEMPTIONS,
        "channel.channel_points_custom_reward",
        add="A reward is made",
        update="A reward changes",
        remove="A reward is removed",
    ),
    *_all(
        OWN,
        _POLLS,
        "channel.poll",
        begin="A poll begins",
        progress="Somebody votes",
        end="A poll ends",
    ),
    *_all(
        OWN,
        _PREDICTIONS,
        "channel.prediction",
        begin="A prediction begins",
        progress="Somebody predicts",
        lock="A prediction is locked",
        end="A prediction ends",
    ),
    *_all(
        OWN,
        "channel:read:hype_train",
        "channel.hype_train",
        begin="A hype train begins",
        progress="A hype train goes on",
        end="A hype train ends",
    ),
    *_all(
        OWN,
        "channel:read:goals",
        "channel.goal",
        begin="A goal is set",
        progress="A goal comes nearer, or moves away",
        end="A goal ends",
    ),
    *_all(
        OWN,
        "channel:read:charity",
        "channel.charity_campaign",
        donate="Somebody donates to your charity campaign",
        start="Your charity campaign begins",
        progress="Your charity campaign goes on",
        stop="Your charity campaign ends",
    ),
    *_all(OWN, "channel:moderate", "channel", ban="Somebody is banned", unban="A ban is lifted"),
    *_all(
        OWN,
        "moderation:read",
        "channel.moderator",
        add="Somebody becomes a moderator",
        remove="Somebody is no moderator any more",
    ),
    *_all(
        OWN,
        "channel:read:vips channel:manage:vips",
        "channel.vip",
        add="Somebody becomes a VIP",
        remove="Somebody is no VIP any more",
    ),
    EventSubType("channel.moderate", MODERATED, "A moderator does anything", _MODERATE),
    *_all(
        MODERATED,
        "moderator:manage:automod",
        "automod.message",
        hold="AutoMod holds a message back",
        update="A message held back is let through or not",
    ),
    *_all(
        MODERATED,
        "moderator:read:automod_settings moderator:manage:automod_settings",
        "automod.settings",
        update="AutoMod's settings change",
    ),
    *_all(
        MODERATED,
        "moderator:manage:automod",
        "automod.terms",
        update="AutoMod's blocked terms change",
    ),
    *_all(
        MODERATED,
        "moderator:read:suspicious_users",
        "channel.suspicious_user",
        message="Somebody suspicious writes",
        update="Somebody becomes suspicious, or is no longer",
    ),
    *_all(
        MODERATED,
        "moderator:read:unban_requests moderator:manage:unban_requests",
        "channel.unban_request",
        create="Somebody asks to be unbanned",
        resolve="Somebody who asked to be unbanned is answered",
    ),
    *_all(
        MODERATED,
        "moderator:read:warnings moderator:manage:warnings",
        "channel.warning",
        acknowledge="Somebody has read a warning",
        send="Somebody is warned",
    ),
    *_all(
        MODERATED,
        "moderator:read:shoutouts moderator:manage:shoutouts",
        "channel.shoutout",
        create="The channel gives a shoutout",
        receive="The channel is given a shoutout",
    ),
    *_all(
        MODERATED,
        "moderator:read:shield_mode moderator:manage:shield_mode",
        "channel.shield_mode",
        begin="Shield mode is switched on",
        end="Shield mode is switched off",
    ),
    *_all(
        CHAT,
        "user:read:chat",
        "channel.chat",
        message="Somebody writes in the chat",
        notification="The chat announces something",
        clear="The chat is cleared",
        clear_user_messages="Everything that somebody wrote is removed",
        message_delete="A message is removed",
        user_message_hold="Your message is held back",
        user_message_update="Your message held back is let through or not",
    ),
    *_all(CHAT, "user:read:chat", "channel.chat_settings", update="The chat's settings change"),
)
TYPES: Final[Mapping[str, EventSubType]] = {one.name: one for one in _ALL}

# Twitch sends these to applications alone: about people who never asked us, or about ourselves.
APPLICATION_ONLY: Final = (
    "user.authorization.grant",
    "user.authorization.revoke",
    "conduit.shard.disabled",
    "drop.entitlement.grant",
    "extension.bits_transaction.create",
)
# What an application needs besides to be sent chat for somebody; a page's own socket does not.
FOR_THE_APPLICATION: Final = "user:bot"
IN_OWN_CHAT: Final = "channel:bot"


def is_chat(type_name: str) -> bool:
    """Whether the type is what somebody reads in a chat."""
    known = TYPES.get(type_name)
    return known is not None and known.names is CHAT
