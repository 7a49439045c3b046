"""Twitch's answers and messages as typed values.

Sources: https://dev.twitch.tv/docs/api/reference (Helix) and
https://dev.twitch.tv/docs/eventsub/eventsub-reference (messages). Unknown fields are ignored,
missing ones become empty; only what makes an answer useless raises.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from streamwatch.twitch.errors import BadMessage

RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:\d\d)", re.ASCII
)


def parse_time(text: str) -> datetime:
    """RFC 3339 (nanoseconds are cut to microseconds) as an aware UTC datetime.

    Raises:
        ValueError: not such a time.
    """
    match = RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text[:40]!r}")
    date, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone
    micro = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{date}T{clock}.{micro}{offset}").astimezone(UTC)
    except OverflowError as error:  # Year 1 or 9999 with an offset that leaves the calendar.
        raise ValueError(str(error)) from error


def rfc3339(moment: datetime) -> str:
    """The moment in UTC, in whole seconds, as Helix takes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def optional_time(text: object) -> datetime | None:
    """Like `parse_time`, but None for anything that is not such a time."""
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def words(data: Mapping[str, Any], name: str) -> str:
    """The field as text; null and missing are "".

    NUL and half a surrogate pair (JSON can spell both), which no database keeps, are dropped.
    """
    value = data.get(name)
    text = "" if value is None else str(value)
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


@dataclass(frozen=True, slots=True)
class Profile:
    """A Twitch account (Get Users)."""

    twitch_id: str
    login: str
    display_name: str
    description: str
    picture_url: str
    email: str
    created_at: datetime | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            twitch_id=words(data, "id"),
            login=words(data, "login"),
            display_name=words(data, "display_name"),
            description=words(data, "description"),
            picture_url=words(data, "profile_image_url"),
            email=words(data, "email"),
            created_at=optional_time(data.get("created_at")),
        )


@dataclass(frozen=True, slots=True)
class FoundChannel:
    """One match of Search Channels."""

    twitch_id: str
    login: str
    display_name: str
    picture_url: str
    title: str
    category_name: str
    is_live: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            twitch_id=words(data, "id"),
            login=words(data, "broadcaster_login"),
            display_name=words(data, "display_name"),
            picture_url=words(data, "thumbnail_url"),
            title=words(data, "title"),
            category_name=words(data, "game_name"),
            is_live=data.get("is_live") is True,
        )


@dataclass(frozen=True, slots=True)
class ChannelInformation:
    """Title and category of a channel, live or not (Get Channel Information)."""

    twitch_id: str
    login: str
    display_name: str
    title: str
    category_id: str
    category_name: str

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            twitch_id=words(data, "broadcaster_id"),
            login=words(data, "broadcaster_login"),
            display_name=words(data, "broadcaster_name"),
            title=words(data, "title"),
            category_id=words(data, "game_id"),
            category_name=words(data, "game_name"),
        )


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A stream that is on the air (Get Streams)."""

    stream_id: str
    twitch_id: str
    started_at: datetime | None
    title: str
    category_id: str
    category_name: str
    viewer_count: int
    login: str = ""
    display_name: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        viewers = data.get("viewer_count")
        return cls(
            stream_id=words(data, "id"),
            twitch_id=words(data, "user_id"),
            started_at=optional_time(data.get("started_at")),
            title=words(data, "title"),
            category_id=words(data, "game_id"),
            category_name=words(data, "game_name"),
            viewer_count=viewers if isinstance(viewers, int) else 0,
            login=words(data, "user_login"),
            display_name=words(data, "user_name"),
        )


@dataclass(frozen=True, slots=True)
class FollowedChannel:
    """Somebody whom an account follows, and since when (Get Followed Channels)."""

    twitch_id: str
    login: str
    display_name: str
    followed_at: datetime | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            twitch_id=words(data, "broadcaster_id"),
            login=words(data, "broadcaster_login"),
            display_name=words(data, "broadcaster_name"),
            followed_at=optional_time(data.get("followed_at")),
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """An EventSub subscription as Twitch lists it."""

    twitch_id: str
    status: str
    type: str
    version: str
    condition: Mapping[str, str]
    callback: str
    cost: int

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        condition = data.get("condition")
        transport = data.get("transport")
        cost = data.get("cost")
        return cls(
            twitch_id=words(data, "id"),
            status=words(data, "status"),
            type=words(data, "type"),
            version=words(data, "version"),
            condition=(
                {str(name): words(condition, name) for name in condition}
                if isinstance(condition, dict)
                else {}
            ),
            callback=words(transport, "callback") if isinstance(transport, dict) else "",
            cost=cost if isinstance(cost, int) else 0,
        )


class MessageKind(StrEnum):
    """What a webhook message is, read from its signed body."""

    CHALLENGE = "challenge"
    NOTIFICATION = "notification"
    REVOCATION = "revocation"


@dataclass(frozen=True, slots=True)
class Message:
    """The signed body of a webhook message."""

    kind: MessageKind
    promise: Promise
    challenge: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)


def parse_message(body: bytes) -> Message:
    """The Message in a webhook's body.

    Raises:
        BadMessage: not JSON, or neither challenge, event nor revocation.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMessage("body is not JSON") from error
    subscription = data.get("subscription") if isinstance(data, dict) else None
    if not isinstance(subscription, dict) or not words(subscription, "type"):
        raise BadMessage("body has no subscription with a type")
    promise = Promise.parse(subscription)
    match data:
        case {"challenge": str(challenge)} if challenge:
            return Message(MessageKind.CHALLENGE, promise, challenge=challenge)
        case {"event": dict(event)}:
            return Message(MessageKind.NOTIFICATION, promise, event=event)
        case {"events": list(events)}:
            return Message(MessageKind.NOTIFICATION, promise, event={"events": events})
        case {"challenge": _} | {"event": _}:
            raise BadMessage("challenge or event has the wrong shape")
        case _ if promise.status not in ("", "enabled"):
            return Message(MessageKind.REVOCATION, promise)
    raise BadMessage("body is neither challenge, event nor revocation")
