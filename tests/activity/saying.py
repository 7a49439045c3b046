"""Drafts for tests, with their moments in seconds after START."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from activity.drafts import (
    ChannelState,
    Draft,
    Followed,
    FollowersCounted,
    Named,
    Person,
    Raid,
    WentLive,
    WentOffline,
)
from activity.models import Activity
from activity.recording import record
from subscriptions.models import Streamer

PUSH = Activity.Source.PUSH
POLL = Activity.Source.POLL
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANN = "1337"


def at(seconds: float) -> datetime:
    """So many seconds after START."""
    return START + timedelta(seconds=seconds)


def online(stream: str, began: float, *, heard: float | None = None, **fields: Any) -> WentLive:
    """The stream began; as of then, or as of `heard`."""
    defaults = {"twitch_id": ANN, "source": PUSH}
    as_of = at(began if heard is None else heard)
    return WentLive(stream_id=stream, started_at=at(began), as_of=as_of, **{**defaults, **fields})


def offline(stream: str, ended: float, **fields: Any) -> WentOffline:
    """The stream ended."""
    defaults = {"twitch_id": ANN, "source": PUSH}
    return WentOffline(stream_id=stream, as_of=at(ended), **{**defaults, **fields})


def channel(when: float, title: str, category: str = "Chess", **fields: Any) -> ChannelState:
    """Title and category; a category's id is its name, turned round."""
    defaults = {"twitch_id": ANN, "source": PUSH, "category_id": category[::-1]}
    return ChannelState(
        title=title, category_name=category, as_of=at(when), **{**defaults, **fields}
    )


def named(when: float, login: str, name: str, **fields: Any) -> Named:
    """What Ann is called."""
    person = Person(twitch_id=fields.pop("twitch_id", ANN), login=login, display_name=name)
    return Named(person=person, as_of=at(when), **{"source": PUSH, **fields})


def person(twitch_id: str, login: str = "") -> Person:
    """Somebody whose display name is the login with a capital."""
    login = login or f"user{twitch_id}"
    return Person(twitch_id=twitch_id, login=login, display_name=login.capitalize())


def raid(when: float, raider: str, target: str, viewers: int = 12) -> Raid:
    """One raided the other, by their Twitch ids."""
    return Raid(
        raider=person(raider), target=person(target), viewers=viewers, as_of=at(when), source=PUSH
    )


def follow(when: float, follower: str, followed: str, **fields: Any) -> Followed:
    """One began to follow the other, by their Twitch ids."""
    return Followed(
        follower=person(follower),
        followed=person(followed),
        followed_at=at(when),
        as_of=fields.pop("as_of", at(when)),
        **{"source": PUSH, **fields},
    )


def counted(when: float, gained: int, total: int, **fields: Any) -> FollowersCounted:
    """So many more follow Ann than a day before."""
    defaults = {"twitch_id": ANN, "since": at(when) - timedelta(days=1), "source": POLL}
    return FollowersCounted(gained=gained, total=total, as_of=at(when), **{**defaults, **fields})


def told(*drafts: Draft) -> list[str]:
    """Record the drafts one by one; the keys of all Activities, in the order they happened."""
    for draft in drafts:
        record([draft])
    return keys()


def keys() -> list[str]:
    """The keys of all Activities, in the order they happened."""
    rows = Activity.objects.order_by("occurred_at", "pk")
    return list(rows.values_list("dedupe_key", flat=True))


def details(key: str) -> Any:
    """The details of the one Activity with this key."""
    return Activity.objects.get(dedupe_key=key).details


def live() -> tuple[str, datetime | None]:
    """What Ann's snapshot says: the live stream's id and when it began."""
    ann = Streamer.objects.get(twitch_id=ANN)
    return ann.live_stream_id, ann.live_started_at


def snapshot(twitch_id: str, *fields: str) -> tuple[Any, ...]:
    """Fields of a Streamer, read anew."""
    row: Sequence[Any] = Streamer.objects.values_list(*fields).get(twitch_id=twitch_id)
    return tuple(row)
