"""What a source says happened, before it is compared with what we know; see recording.py.

`as_of` is when it was true: Twitch's event time, else the signed time stamp of the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from activity.models import Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account as a message names it."""

    twitch_id: str
    login: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody's login and display name at a moment; a difference is a rename."""

    person: Person
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class WentLive:
    """A stream began."""

    twitch_id: str
    stream_id: str
    started_at: datetime
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class WentOffline:
    """A stream ended; `stream_id` is "" where the source does not say which."""

    twitch_id: str
    stream_id: str
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """Title and category as they are now; Twitch tells no old values."""

    twitch_id: str
    title: str
    category_id: str
    category_name: str
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Raid:
    """One channel sent its viewers to another; an Activity for each side that is watched."""

    raider: Person
    target: Person
    viewers: int
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One account began to follow another; an Activity for each side that is watched."""

    follower: Person
    followed: Person
    followed_at: datetime
    as_of: datetime
    source: Activity.Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowersCounted:
    """How many more or fewer follow a channel than at `since`."""

    twitch_id: str
    gained: int
    total: int
    since: datetime
    as_of: datetime
    source: Activity.Source


Draft = Named | WentLive | WentOffline | ChannelState | Raid | Followed | FollowersCounted
