"""What Twitch says about who follows whom, as drafts for record(), and what to remember of it.

Nothing here asks the database: what is to be remembered is returned, to be written after
record(), so that a process killed between says the same again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from activity.drafts import Followed, FollowersCounted, Person
from activity.models import Activity, FollowedCursor, FollowerCount
from streamwatch.twitch.payloads import FollowedChannel
from subscriptions.models import Streamer

POLL = Activity.Source.POLL
# A difference of followers is news once a day.
COUNTED_EVERY = timedelta(hours=24)
# Lists lag, and two clocks differ: so long before what was read last is read again.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FollowerTotal:
    """How many follow a channel."""

    twitch_id: str
    total: int


@dataclass(slots=True)
class TotalsRead:
    """What the totals say: drafts, and the counts to write down once they are recorded."""

    drafts: list[FollowersCounted] = field(default_factory=list)
    new: list[FollowerCount] = field(default_factory=list)
    known: list[FollowerCount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """Whom a streamer follows, page by page, newest first, as far as was asked."""

    streamer: Streamer
    cursor: FollowedCursor
    pages: Sequence[Sequence[FollowedChannel]]


def read_totals(
    streamers: Sequence[Streamer],
    totals: Sequence[FollowerTotal],
    asked_at: datetime,
    *,
    counts: Mapping[int, FollowerCount],
    pushed: Collection[str],
) -> TotalsRead:
    """Differences since a day ago or longer, less those of whom each follower is told.

    `counts` are those we have, by streamer, and are changed; `pushed` are Twitch ids of streamers
    whose new followers Twitch tells: theirs are counted anew from when it ceases to.
    """
    known = {streamer.twitch_id: streamer for streamer in streamers}
    result = TotalsRead()
    for one in totals:
        streamer = known.get(one.twitch_id)
        if streamer is None:
            continue
        count = counts.get(streamer.pk)
        if count is None:
            result.new.append(_begun(streamer, one, asked_at))
            continue
        if count.as_of >= asked_at:
            continue  # Another worker has asked later.
        is_pushed = one.twitch_id in pushed
        if is_pushed or asked_at - count.base_at >= COUNTED_EVERY:
            if not is_pushed:
                result.drafts += _counted(count, one, asked_at)
            count.base_total, count.base_at = one.total, asked_at
        count.total, count.as_of = one.total, asked_at
        result.known.append(count)
    return result


def _begun(streamer: Streamer, now: FollowerTotal, asked_at: datetime) -> FollowerCount:
    return FollowerCount(
        streamer=streamer,
        total=now.total,
        as_of=asked_at,
        base_total=now.total,
        base_at=asked_at,
    )


def _counted(
    count: FollowerCount, now: FollowerTotal, asked_at: datetime
) -> Iterator[FollowersCounted]:
    if gained := now.total - count.base_total:
        yield FollowersCounted(
            twitch_id=now.twitch_id,
            gained=gained,
            total=now.total,
            since=count.base_at,
            as_of=asked_at,
            source=POLL,
        )


def first_cursor(streamer: Streamer, *, since: datetime, asked_at: datetime) -> FollowedCursor:
    """Before the first reading: what was followed since somebody watches with consent is news.

    That was a moment ago, unless nobody polled for long: then not all that came since is.
    """
    # Lists tell whole seconds.
    from_at = max(since, asked_at - FIRST_LOOK_BACK).replace(microsecond=0)
    return FollowedCursor(streamer=streamer, from_at=from_at, newest_at=from_at)


def read_down_to(cursor: FollowedCursor) -> datetime:
    """What was followed from then on must be looked at."""
    return max(cursor.from_at, cursor.newest_at - OVERLAP)


def read_followed(listed: Listed, asked_at: datetime) -> tuple[list[Followed], FollowedCursor]:
    """Follows that were not taken in yet, oldest first, and how far the list is known then.

    While pages are read a list may change, and what moves from one page to the one before is
    seen on none. So of a reading of several pages the cursor stays where it is, until one finds
    nothing new after its first page; what was taken in is known by `FollowedCursor.taken`.
    """
    cursor, down_to = listed.cursor, read_down_to(listed.cursor)
    known = set(cursor.taken)
    new: dict[str, FollowedChannel] = {}
    newest_at, is_whole = cursor.newest_at, True
    for number, page in enumerate(listed.pages):
        for channel in page:
            key = _key(channel)
            if not key or channel.followed_at is None or channel.followed_at < down_to:
                continue
            # A moment that is yet to come must not keep everything until then from being read.
            newest_at = max(newest_at, min(channel.followed_at, asked_at))
            if key not in known and key not in new:
                new[key] = channel
                is_whole = is_whole and number == 0
    if is_whole:
        cursor.newest_at = newest_at
    oldest = _text(read_down_to(cursor))
    cursor.taken = sorted(key for key in known | new.keys() if key >= oldest)
    drafts = [_followed(listed.streamer, new[key], asked_at) for key in sorted(new)]
    return drafts, cursor


def _key(channel: FollowedChannel) -> str:
    """By it a follow is known again; "" for one that says too little to be told."""
    if not channel.twitch_id or not channel.followed_at:
        return ""
    if not channel.login and not channel.display_name:
        return ""
    return f"{_text(channel.followed_at)} {channel.twitch_id}"


def _text(moment: datetime) -> str:
    """In whole seconds and of one length, so that it sorts."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _followed(streamer: Streamer, channel: FollowedChannel, asked_at: datetime) -> Followed:
    assert channel.followed_at is not None
    return Followed(
        follower=Person(
            twitch_id=streamer.twitch_id,
            login=streamer.login,
            display_name=streamer.display_name,
        ),
        followed=Person(
            twitch_id=channel.twitch_id,
            login=channel.login or channel.display_name,
            display_name=channel.display_name or channel.login,
        ),
        followed_at=channel.followed_at,
        as_of=asked_at,
        source=POLL,
    )
