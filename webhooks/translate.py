"""Twitch's words for what happened, into ours.

Source: https://dev.twitch.tv/docs/eventsub/eventsub-reference (events). Fields without which a
draft is useless raise when they are missing or of another type; others become empty. Texts are
as they came: `record()` cuts them to what the database keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from activity.drafts import (
    ChannelState,
    Draft,
    Followed,
    Named,
    Person,
    Raid,
    WentLive,
    WentOffline,
)
from activity.models import Activity
from streamwatch.twitch.errors import BadMessage
from streamwatch.twitch.eventsub import EventType
from streamwatch.twitch.payloads import optional_time

Event = Mapping[str, Any]

PUSH: Final = Activity.Source.PUSH
# Twitch's are digits; another's letters do no harm.
ID: Final = re.compile(r"[A-Za-z0-9_-]+")
# More people than there are.
MOST_VIEWERS = 10_000_000_000


def translate(type_name: str, event: Event, sent_at: datetime) -> list[Draft]:
    """What `event`, signed at `sent_at`, says; [] for types that say nothing to us.

    Raises:
        BadMessage: an id, a title or a category is missing or no text.
    """
    translation = _TRANSLATIONS.get(type_name)
    return translation(event, sent_at) if translation else []


def person_id(event: Event) -> str:
    """The person whom `user.authorization.revoke` is about; the name may be null.

    Raises:
        BadMessage: the id is missing.
    """
    return _id(event, "user_id")


def _went_live(event: Event, sent_at: datetime) -> list[Draft]:
    """`type` may be live, playlist, watch_party, premiere or rerun: all are on the air."""
    streamer = _person(event, "broadcaster_user")
    # Never in the future: later messages would count as older than what we know.
    started_at = min(optional_time(event.get("started_at")) or sent_at, sent_at)
    went_live = WentLive(
        twitch_id=streamer.twitch_id,
        stream_id=_id(event, "id"),
        started_at=started_at,
        as_of=started_at,
        source=PUSH,
    )
    return [went_live, *_named(streamer, as_of=started_at)]


def _went_offline(event: Event, sent_at: datetime) -> list[Draft]:
    streamer = _person(event, "broadcaster_user")
    # Twitch has named the stream only since June 2026.
    stream_id = _id(event, "id") if event.get("id") else ""
    went_offline = WentOffline(
        twitch_id=streamer.twitch_id, stream_id=stream_id, as_of=sent_at, source=PUSH
    )
    return [went_offline, *_named(streamer, as_of=sent_at)]


def _channel_state(event: Event, sent_at: datetime) -> list[Draft]:
    streamer = _person(event, "broadcaster_user")
    # Without one of them we would record that it was taken away.
    state = ChannelState(
        twitch_id=streamer.twitch_id,
        title=_needed_text(event, "title"),
        category_id=_needed_text(event, "category_id"),
        category_name=_needed_text(event, "category_name"),
        as_of=sent_at,
        source=PUSH,
    )
    return [state, *_named(streamer, as_of=sent_at)]


def _raid(event: Event, sent_at: datetime) -> list[Draft]:
    raider = _person(event, "from_broadcaster_user")
    target = _person(event, "to_broadcaster_user")
    raid = Raid(
        raider=raider, target=target, viewers=_count(event, "viewers"), as_of=sent_at, source=PUSH
    )
    return [raid, *_named(raider, as_of=sent_at), *_named(target, as_of=sent_at)]


def _user_update(event: Event, sent_at: datetime) -> list[Draft]:
    """The name alone; e-mail address and description are not ours to keep."""
    return _named(_person(event, "user"), as_of=sent_at)


def _followed(event: Event, sent_at: datetime) -> list[Draft]:
    follower = _person(event, "user")
    followed = _person(event, "broadcaster_user")
    # Never in the future, as for a stream.
    followed_at = min(optional_time(event.get("followed_at")) or sent_at, sent_at)
    draft = Followed(
        follower=follower,
        followed=followed,
        followed_at=followed_at,
        as_of=followed_at,
        source=PUSH,
    )
    return [draft, *_named(follower, as_of=followed_at), *_named(followed, as_of=followed_at)]


_TRANSLATIONS: Final[Mapping[str, Callable[[Event, datetime], list[Draft]]]] = {
    EventType.ONLINE: _went_live,
    EventType.OFFLINE: _went_offline,
    EventType.CHANNEL_UPDATE: _channel_state,
    EventType.RAID: _raid,
    EventType.USER_UPDATE: _user_update,
    EventType.FOLLOW: _followed,
}


def _named(person: Person, *, as_of: datetime) -> list[Draft]:
    """Nothing when the message gives no login: an empty one is not a new name."""
    return [Named(person=person, as_of=as_of, source=PUSH)] if person.login else []


def _person(event: Event, prefix: str) -> Person:
    return Person(
        twitch_id=_id(event, f"{prefix}_id"),
        login=_text(event, f"{prefix}_login"),
        # Empty when Twitch gives none: the login is not a new name.
        display_name=_text(event, f"{prefix}_name"),
    )


def _id(event: Event, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not ID.fullmatch(value):
        raise BadMessage(f"{name} is no id")
    return value


def _needed_text(event: Event, name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str):
        raise BadMessage(f"{name} is no text")
    return value


def _text(event: Event, name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _count(event: Event, name: str) -> int:
    value = event.get(name)
    # To Python a bool is a number too.
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return max(0, min(value, MOST_VIEWERS))
