"""What a channel has broadcast and what it announces: Helix's videos, clips and schedule.

Source: https://dev.twitch.tv/docs/api/reference
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from streamwatch.twitch.payloads import optional_time, words

# Clips are a minute long; JSON can spell numbers that are none.
MOST_SECONDS = 10_000


def web_address(data: Mapping[str, Any], name: str) -> str:
    """The field if it may stand in a link; "" for `javascript:` and the like."""
    address = words(data, name)
    return address if address.startswith(("https://", "http://")) else ""


def picture(data: Mapping[str, Any], *, width: int, height: int) -> str:
    """The address in `thumbnail_url`, for a picture of this size."""
    address = web_address(data, "thumbnail_url")
    for name, pixels in (("width", width), ("height", height)):
        address = re.sub(rf"%?\{{{name}\}}", str(pixels), address)
    return address


def whole(data: Mapping[str, Any], name: str) -> int:
    """The field as a count; 0 for anything that is none."""
    value = data.get(name)
    return value if type(value) is int and value > 0 else 0


@dataclass(frozen=True, slots=True)
class Video:
    """The recording of a broadcast (Get Videos); `duration` is Twitch's `3h8m33s`."""

    title: str
    url: str
    picture_url: str
    created_at: datetime | None
    duration: str
    view_count: int

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            title=words(data, "title"),
            url=web_address(data, "url"),
            picture_url=picture(data, width=320, height=180),
            created_at=optional_time(data.get("created_at")),
            duration=words(data, "duration"),
            view_count=whole(data, "view_count"),
        )


@dataclass(frozen=True, slots=True)
class Clip:
    """A moment that somebody cut out of a broadcast (Get Clips)."""

    title: str
    url: str
    picture_url: str
    created_at: datetime | None
    clipped_by: str
    seconds: float
    view_count: int

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            title=words(data, "title"),
            url=web_address(data, "url"),
            picture_url=picture(data, width=320, height=180),
            created_at=optional_time(data.get("created_at")),
            clipped_by=words(data, "creator_name"),
            seconds=_seconds(data.get("duration")),
            view_count=whole(data, "view_count"),
        )


def _seconds(length: object) -> float:
    if not isinstance(length, int | float) or not 0 < length < MOST_SECONDS:
        return 0.0
    return float(length)


@dataclass(frozen=True, slots=True)
class ScheduledStream:
    """A stream that is announced (Get Channel Stream Schedule)."""

    begins_at: datetime
    ends_at: datetime | None
    title: str
    category_name: str
    is_canceled: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The streams that a channel announces, the next one first, and its vacation."""

    streams: Sequence[ScheduledStream]
    vacation_ends_at: datetime | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        segments, vacation = data.get("segments"), data.get("vacation")
        found = [
            _scheduled(item, begins_at)
            for item in (segments if isinstance(segments, list) else [])
            if isinstance(item, dict) and (begins_at := optional_time(item.get("start_time")))
        ]
        return cls(
            streams=tuple(found),
            vacation_ends_at=(
                optional_time(vacation.get("end_time")) if isinstance(vacation, dict) else None
            ),
        )


def _scheduled(item: Mapping[str, Any], begins_at: datetime) -> ScheduledStream:
    category = item.get("category")
    return ScheduledStream(
        begins_at=begins_at,
        ends_at=optional_time(item.get("end_time")),
        title=words(item, "title"),
        category_name=words(category, "name") if isinstance(category, dict) else "",
        is_canceled=bool(item.get("canceled_until")),
    )
