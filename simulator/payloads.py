"""The `event` objects of EventSub, from rows of the world."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from simulator.clock import rfc3339, rfc3339_nanoseconds

Person = sqlite3.Row


def naming(person: Person, prefix: str) -> dict[str, str]:
    """The id, login and name of a person under `<prefix>_id`, `_login` and `_name`."""
    return {
        f"{prefix}_id": person["id"],
        f"{prefix}_login": person["login"],
        f"{prefix}_name": person["name"],
    }


def stream_online(person: Person) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#streamonline"""
    return {
        "id": person["stream_id"],
        **naming(person, "broadcaster_user"),
        "type": "live",
        "started_at": rfc3339(person["started_at"]),
    }


def stream_offline(person: Person, stream_id: str) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#streamoffline"""
    return {"id": stream_id, **naming(person, "broadcaster_user")}


def channel_update(person: Person, category_name: str) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelupdate"""
    return {
        **naming(person, "broadcaster_user"),
        "title": person["title"],
        "language": person["language"],
        "category_id": person["category_id"],
        "category_name": category_name,
        "content_classification_labels": json.loads(person["labels"]),
    }


def channel_follow(follower: Person, broadcaster: Person, followed_ns: int) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelfollow"""
    return {
        **naming(follower, "user"),
        **naming(broadcaster, "broadcaster_user"),
        "followed_at": rfc3339_nanoseconds(followed_ns),
    }


def channel_raid(raider: Person, target: Person, viewers: int) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#channelraid"""
    return {
        **naming(raider, "from_broadcaster_user"),
        **naming(target, "to_broadcaster_user"),
        "viewers": viewers,
    }


def user_update(person: Person, *, may_see_email: bool) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#userupdate"""
    email = person["email"] or ""
    return {
        **naming(person, "user"),
        "email": email if may_see_email else "",
        "email_verified": bool(email) if may_see_email else False,
        "description": person["description"],
    }


def user_whisper(sender: Person, receiver: Person, whisper_id: str, text: str) -> dict[str, Any]:
    """https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types#userwhispermessage"""
    return {
        **naming(sender, "from_user"),
        **naming(receiver, "to_user"),
        "whisper_id": whisper_id,
        "whisper": {"text": text},
    }


def authorization(person: Person, client_id: str) -> dict[str, Any]:
    """Of both user.authorization.grant and .revoke."""
    return {"client_id": client_id, **naming(person, "user")}
