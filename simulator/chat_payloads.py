"""The `event` objects of what is written in chats."""

from __future__ import annotations

import uuid
from typing import Any

from simulator.payloads import naming
from simulator.people import People, Person

COLOURS = ("#1E90FF", "#8A2BE2", "#008000", "#B22222", "#D2691E", "")


def text_fragments(text: str) -> list[dict[str, Any]]:
    """A text without emotes, cheers and mentions in it."""
    return [{"type": "text", "text": text, "cheermote": None, "emote": None, "mention": None}]


def cheer_fragments(bits: int, text: str) -> list[dict[str, Any]]:
    """A cheer and what is said with it."""
    cheer = {"prefix": "Cheer", "bits": bits, "tier": max(1, bits // 100 * 100)}
    fragments = [{**text_fragments(f"Cheer{bits}")[0], "type": "cheermote", "cheermote": cheer}]
    return fragments + (text_fragments(f" {text}") if text else [])


def colour(person: Person) -> str:
    """The one of a chatter's name; some have never chosen one."""
    return COLOURS[int(person["id"]) % len(COLOURS)]


def badges(people: People, chatter: Person, broadcaster: Person) -> list[dict[str, str]]:
    """What stands before a chatter's name."""
    if chatter["id"] == broadcaster["id"]:
        return [{"set_id": "broadcaster", "id": "1", "info": ""}]
    if people.moderates(chatter["id"], broadcaster["id"]):
        return [{"set_id": "moderator", "id": "1", "info": ""}]
    return []


def message(
    people: People, chatter: Person, broadcaster: Person, message_id: str, text: str
) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelchatmessage"""
    return {
        **naming(broadcaster, "broadcaster_user"),
        **naming(chatter, "chatter_user"),
        "message_id": message_id,
        "message": {"text": text, "fragments": text_fragments(text)},
        "message_type": "text",
        "badges": badges(people, chatter, broadcaster),
        "cheer": None,
        "color": colour(chatter),
        "reply": None,
        "channel_points_custom_reward_id": None,
        "channel_points_animation_id": None,
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
        "is_source_only": None,
    }


NOTICES = (
    "announcement", "sub", "resub", "sub_gift", "community_sub_gift", "gift_paid_upgrade",
    "prime_paid_upgrade", "raid", "unraid", "pay_it_forward", "bits_badge_tier",
    "charity_donation",
)  # fmt: skip


def notification(
    people: People,
    chatter: Person,
    broadcaster: Person,
    text: str,
    notice: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelchatnotification

    `notice` holds the one notice there is, under its type.
    """
    (kind,) = notice
    return {
        **naming(broadcaster, "broadcaster_user"),
        **naming(chatter, "chatter_user"),
        "chatter_is_anonymous": False,
        "color": colour(chatter),
        "badges": badges(people, chatter, broadcaster),
        "system_message": f"{chatter['name']}: {kind.replace('_', ' ')}",
        "message_id": str(uuid.uuid4()),
        "message": {"text": text, "fragments": text_fragments(text) if text else []},
        "notice_type": kind,
        **dict.fromkeys(NOTICES),
        **notice,
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
    }
