"""What happens around a chat, by order: notices, held messages, moderation."""

from __future__ import annotations

import uuid
from typing import Any

from simulator import chat_payloads
from simulator.clock import NANOSECONDS, rfc3339, rfc3339_nanoseconds
from simulator.local_twitch import LocalTwitch
from simulator.occasions import Occasion, known_by, moderator
from simulator.orders import Order, one_of, person, text, whole
from simulator.payloads import naming
from simulator.people import Person

NOTICES = ("announcement", "sub", "resub", "sub_gift", "raid", "bits_badge_tier")
CATEGORIES = ("swearing", "aggressive", "bullying", "sexuality", "sexwords")
# With somebody it is done to; the others are about the room.
AIMED = ("ban", "unban", "timeout", "untimeout", "delete", "warn", "mod", "unmod", "vip", "unvip")
ROOM = (
    "clear", "emoteonly", "emoteonlyoff", "subscribers", "subscribersoff", "uniquechat",
    "uniquechatoff", "followersoff", "slowoff",
)  # fmt: skip
DETAILS = (
    "followers", "slow", "vip", "unvip", "mod", "unmod", "ban", "unban", "timeout", "untimeout",
    "raid", "unraid", "delete", "automod_terms", "unban_request", "warn", "shared_chat_ban",
    "shared_chat_unban", "shared_chat_timeout", "shared_chat_untimeout", "shared_chat_delete",
)  # fmt: skip
LOW_TRUST = ("active_monitoring", "restricted", "none")
LONGEST_TIMEOUT = 1_209_600


def _notify(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    chatter, kind = person(twitch, order, "user"), one_of(order, "notice", NOTICES)
    months = whole(order, "months", most=1_000, usual=2)
    notices: dict[str, dict[str, Any]] = {
        "announcement": {"color": "PRIMARY"},
        "sub": {"sub_tier": "1000", "is_prime": False, "duration_months": 1},
        "resub": {
            "cumulative_months": months, "duration_months": 1, "streak_months": None,
            "sub_tier": "1000", "is_prime": False, "is_gift": False,
            "gifter_is_anonymous": None, "gifter_user_id": None, "gifter_user_login": None,
            "gifter_user_name": None,
        },
        "sub_gift": {
            "duration_months": 1, "cumulative_total": 1, "sub_tier": "1000",
            **naming(chatter, "recipient_user"), "community_gift_id": None,
        },
        "raid": {
            **naming(chatter, "user"),
            "viewer_count": whole(order, "viewers", most=10_000_000, usual=25),
            "profile_image_url": f"{twitch.config.origin}/pictures/{chatter['id']}.svg",
        },
        "bits_badge_tier": {"tier": whole(order, "tier", most=5_000_000, usual=1_000)},
    }  # fmt: skip
    said = text(order, "text", empty=True)
    return chat_payloads.notification(twitch.people, chatter, who, said, {kind: notices[kind]})


def hold(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#automodmessagehold-v2"""
    said, chatter = text(order, "text"), person(twitch, order, "user")
    fragments = [
        {name: one[name] for name in ("type", "text", "emote", "cheermote")}
        for one in chat_payloads.text_fragments(said)
    ]
    return {
        **naming(who, "broadcaster_user"),
        **naming(chatter, "user"),
        "message_id": known_by("held", who, f"{chatter['id']}:{said}"),
        "message": {"text": said, "fragments": fragments},
        "reason": "automod",
        "automod": {
            "category": one_of(order, "category", CATEGORIES),
            "level": max(1, whole(order, "level", most=4, usual=1)),
            "boundaries": [{"start_pos": 0, "end_pos": len(said) - 1}],
        },
        "blocked_term": None,
        "held_at": rfc3339_nanoseconds(twitch.clock.now_ns()),
    }


def _moderate(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelmoderate-v2"""
    action = one_of(order, "action", AIMED + ROOM)
    details: dict[str, Any] = dict.fromkeys(DETAILS)
    if action in AIMED:
        details[action] = _details(twitch, order, action)
    return {
        **naming(who, "broadcaster_user"),
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        **naming(moderator(twitch, who, order), "moderator_user"),
        "action": action,
        **details,
    }


def _details(twitch: LocalTwitch, order: Order, action: str) -> dict[str, Any]:
    details: dict[str, Any] = naming(person(twitch, order, "user"), "user")
    reason = text(order, "reason", empty=True)
    if action in ("ban", "timeout", "warn"):
        details["reason"] = reason
    if action == "timeout":
        seconds = whole(order, "seconds", most=LONGEST_TIMEOUT, usual=600)
        details["expires_at"] = rfc3339(twitch.clock.now() + seconds)
    if action == "warn":
        details["chat_rules_cited"] = None
    if action == "delete":
        details |= {
            "message_id": str(uuid.uuid4()),
            "message_body": text(order, "text", empty=True),
        }
    return details


def _ban(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """Until `seconds` are over, or for ever where none are given."""
    now = twitch.clock.now_ns()
    seconds = whole(order, "seconds", most=LONGEST_TIMEOUT, usual=0)
    return {
        **_unban(twitch, who, order),
        "reason": text(order, "reason", empty=True),
        "banned_at": rfc3339_nanoseconds(now),
        "ends_at": rfc3339_nanoseconds(now + seconds * NANOSECONDS) if seconds else None,
        "is_permanent": not seconds,
    }


def _unban(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    return {
        **naming(person(twitch, order, "user"), "user"),
        **naming(who, "broadcaster_user"),
        **naming(moderator(twitch, who, order), "moderator_user"),
    }


def _suspect(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    said = text(order, "text")
    fragments = chat_payloads.text_fragments(said)
    return {
        **naming(who, "broadcaster_user"),
        **naming(person(twitch, order, "user"), "user"),
        "low_trust_status": one_of(order, "status", LOW_TRUST),
        "shared_ban_channel_ids": [],
        "types": ["manually_added"],
        "ban_evasion_evaluation": "unknown",
        "message": {"message_id": str(uuid.uuid4()), "text": said, "fragments": fragments},
    }


def hold_own(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """What the one whose message is held is told himself."""
    return {
        name: value
        for name, value in hold(twitch, who, order).items()
        if name not in ("reason", "automod", "blocked_term", "held_at")
    }


CHATTER: dict[str, tuple[Occasion, tuple[str, ...]]] = {
    "channel.chat.notification": (
        _notify,
        ("user", "notice", "text", "months", "viewers", "tier"),
    ),
    "automod.message.hold": (hold, ("user", "text", "category", "level")),
    "channel.chat.user_message_hold": (hold_own, ("user", "text")),
    "channel.ban": (_ban, ("user", "moderator", "reason", "seconds")),
    "channel.unban": (_unban, ("user", "moderator")),
    "channel.suspicious_user.message": (_suspect, ("user", "text", "status")),
    "channel.moderate": (_moderate, ("user", "moderator", "action", "reason", "seconds", "text")),
}
