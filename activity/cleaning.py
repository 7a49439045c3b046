"""Drafts as the database can keep them: whatever a source sent, no write fails because of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

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

# Characters, as the columns have them.
TWITCH_ID_LENGTH = 32
STREAM_ID_LENGTH = 64
NAME_LENGTH = 100
TITLE_LENGTH = 500
CATEGORY_LENGTH = 200
# What both databases keep, with room to add and take away a day.
FIRST = datetime(1970, 1, 2, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC)


def clean(draft: Draft) -> Draft:
    """The draft with its texts cut to the columns, without NUL and half characters, logins in
    lower case and moments that can be reckoned with. The same again for what is clean."""
    match draft:
        case Named():
            return replace(draft, person=_person(draft.person), as_of=_moment(draft.as_of))
        case WentLive():
            return replace(
                draft,
                twitch_id=_id(draft.twitch_id, TWITCH_ID_LENGTH),
                stream_id=_id(draft.stream_id, STREAM_ID_LENGTH),
                started_at=_moment(draft.started_at),
                # Nobody saw it before it began: a clock is slow.
                as_of=_moment(max(draft.as_of, draft.started_at)),
            )
        case WentOffline():
            return replace(
                draft,
                twitch_id=_id(draft.twitch_id, TWITCH_ID_LENGTH),
                stream_id=_id(draft.stream_id, STREAM_ID_LENGTH),
                as_of=_moment(draft.as_of),
            )
        case ChannelState():
            return replace(
                draft,
                twitch_id=_id(draft.twitch_id, TWITCH_ID_LENGTH),
                title=_text(draft.title, TITLE_LENGTH),
                category_id=_id(draft.category_id, TWITCH_ID_LENGTH),
                category_name=_text(draft.category_name, CATEGORY_LENGTH),
                as_of=_moment(draft.as_of),
            )
        case Raid():
            return replace(
                draft,
                raider=_person(draft.raider),
                target=_person(draft.target),
                viewers=max(0, draft.viewers),
                as_of=_moment(draft.as_of),
            )
        case Followed():
            return replace(
                draft,
                follower=_person(draft.follower),
                followed=_person(draft.followed),
                # Twitch's lists tell whole seconds, its messages fractions of the same moment.
                followed_at=_moment(draft.followed_at).replace(microsecond=0),
                as_of=_moment(draft.as_of),
            )
        case FollowersCounted():
            return replace(
                draft,
                twitch_id=_id(draft.twitch_id, TWITCH_ID_LENGTH),
                total=max(0, draft.total),
                since=_moment(draft.since),
                as_of=_moment(draft.as_of),
            )


def _person(person: Person) -> Person:
    return Person(
        twitch_id=_id(person.twitch_id, TWITCH_ID_LENGTH),
        login=_text(person.login, NAME_LENGTH).lower()[:NAME_LENGTH].strip(),
        display_name=_text(person.display_name, NAME_LENGTH).strip(),
    )


def _text(text: str, length: int) -> str:
    # Half of a surrogate pair, which JSON can spell, has no bytes in UTF-8.
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "")[:length]


def _id(text: str, length: int) -> str:
    # Stripped at the end too: MySQL takes "7" and "7 " for the same key, Python does not.
    return _text(text, length).strip()


def _moment(moment: datetime) -> datetime:
    """In UTC, for keys name moments."""
    return min(max(moment, FIRST), LAST).astimezone(UTC)
