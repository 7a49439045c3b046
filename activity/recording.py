"""record(): the only writer of Activities, Broadcasts and of a Streamer's snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from activity import following
from activity.announcing import announce
from activity.broadcasting import Airings
from activity.cleaning import clean
from activity.comparing import SAME_RAID_WITHIN, Comparison
from activity.drafts import (
    ChannelState,
    Draft,
    Followed,
    FollowersCounted,
    Named,
    Raid,
    WentLive,
    WentOffline,
)
from activity.models import Activity, Follow
from streamwatch import live
from streamwatch.crashing import crash_point
from subscriptions.models import Streamer

# The kinds of which one that is near in time may be the same or be amended.
NEAR_KINDS = (
    Activity.Kind.CHANGED,
    Activity.Kind.RENAMED,
    Activity.Kind.RAID_IN,
    Activity.Kind.RAID_OUT,
    *following.KINDS,
)
SNAPSHOT = (
    *("login", "display_name", "name_as_of"),
    *("live_stream_id", "live_started_at", "live_as_of"),
    *("title", "title_as_of", "title_pushed_at"),
    *("category_id", "category_name", "category_as_of", "category_pushed_at"),
    *("revision", "last_activity_at", "changed_at"),
)
AMENDED = ("details", "occurred_at", "source", "changed_at", "announced_at")


def record(drafts: Sequence[Draft]) -> list[int]:
    """Compare drafts with what we know and write what differs; ids of Activities made or amended.

    One transaction, in which the Streamers concerned are locked in the order of their ids. The
    drafts are taken in the order of their moments; those about nobody we know are dropped. Safe to
    run again with the same drafts, in any company: nothing happens twice. After the commit open
    pages are woken and `activities_recorded` is sent.

    At most 20 queries however many drafts and streamers (some more on SQLite from about 50 rows
    on, which it writes in portions): 8 for Activities and snapshots, 2 to read and 8 to write
    Broadcasts, 1 to read and 1 to write Follows. A beginning alone is 11, an end 9, a follow 9 or,
    folded, 7; 2 to 7 when nothing differs, 1 when nobody is known.
    Raises the database's errors only; then nothing was written, and it may be called again.
    """
    ordered = sorted(map(clean, drafts), key=_moment)
    with transaction.atomic():
        comparisons, airings = _compared(ordered)
        is_news = any(one.made or one.amended or one.is_touched for one in comparisons)
        if airings.are_touched:
            airings.write()
        if not is_news:
            return []
        ids = _write_activities(comparisons)
        Follow.objects.bulk_create([one for each in comparisons for one in each.follows.taken])
        crash_point("in-recording")
        touched = [one.streamer for one in comparisons if one.is_touched]
        Streamer.objects.bulk_update(touched, SNAPSHOT)
        # On commit: pages and receivers must find the rows.
        # No partial: Django asks what fails for its name, and would raise in its stead.
        transaction.on_commit(lambda: _tell(ids), robust=True)
    return ids


def _compared(drafts: Sequence[Draft]) -> tuple[list[Comparison], Airings]:
    streamers = _locked({subject for draft in drafts for subject in _subjects(draft)})
    mine = [draft for draft in drafts if any(one in streamers for one in _subjects(draft))]
    # Before the snapshots change: what they say to be live had begun.
    airings = Airings(streamers, mine)
    known = _known(streamers, mine)
    follows = following.known_follows([one.pk for one in streamers.values()], mine)
    # After the locks: a later recording of the same streamer has a later `changed_at`.
    now = timezone.now()
    comparisons = {
        subject: Comparison(
            streamer=one, known=known.get(one.pk, ()), follows=follows[one.pk], now=now
        )
        for subject, one in streamers.items()
    }
    for draft in mine:
        for subject in _subjects(draft):
            if subject in comparisons:
                comparisons[subject].take(draft)
    airings.settle(now)
    return list(comparisons.values()), airings


def _moment(draft: Draft) -> datetime:
    """When it happened: of a list of follows, read at one moment, the oldest comes first."""
    return draft.followed_at if isinstance(draft, Followed) else draft.as_of


def _subjects(draft: Draft) -> set[str]:
    """The Twitch ids a draft is about."""
    match draft:
        case Named():
            return {draft.person.twitch_id}
        case Raid():
            return {draft.raider.twitch_id, draft.target.twitch_id}
        case Followed():
            return {draft.follower.twitch_id, draft.followed.twitch_id}
        case WentLive() | WentOffline() | ChannelState() | FollowersCounted():
            return {draft.twitch_id}


def _locked(twitch_ids: set[str]) -> dict[str, Streamer]:
    """Streamers by Twitch id, in the order of their ids and locked in it (2 queries).

    Looked up first, so that the locking query goes along the primary key: in the order of
    another index two recordings could wait for each other.
    """
    pks = list(Streamer.objects.filter(twitch_id__in=twitch_ids).values_list("pk", flat=True))
    if not pks:
        return {}
    locked = Streamer.objects.select_for_update().filter(pk__in=pks).order_by("pk")
    return {streamer.twitch_id: streamer for streamer in locked}


def _known(streamers: Mapping[str, Streamer], drafts: Sequence[Draft]) -> dict[int, list[Activity]]:
    """The Activities that drafts may repeat or amend, by streamer (1 or 2 queries)."""
    mine = Activity.objects.filter(streamer__in=streamers.values())
    found: list[Activity] = []
    stream_ids: set[str] = set()
    moments: list[datetime] = []
    for draft in drafts:
        if isinstance(draft, WentLive | WentOffline):
            stream_ids |= {draft.stream_id, streamers[draft.twitch_id].live_stream_id}
        elif not isinstance(draft, FollowersCounted):
            moments.append(_moment(draft))
    keys = {f"{kind}:{one}" for kind in ("online", "offline") for one in stream_ids if one}
    if keys := keys | following.keys(drafts, streamers):
        found += mine.filter(dedupe_key__in=keys)
    if moments:
        near = (min(moments) - SAME_RAID_WITHIN, max(moments) + SAME_RAID_WITHIN)
        found += mine.filter(kind__in=NEAR_KINDS, occurred_at__range=near)
    by_streamer: dict[int, list[Activity]] = {}
    for activity in found:
        by_streamer.setdefault(activity.streamer_id, []).append(activity)
    return by_streamer


def _write_activities(comparisons: Iterable[Comparison]) -> list[int]:
    """Insert what was made, update what was amended (0 to 3 queries); their ids."""
    made = [activity for one in comparisons for activity in one.made]
    amended = [activity for one in comparisons for activity in one.amended]
    # Ids in the order of things, and rows locked in the order of their ids.
    made.sort(key=lambda activity: activity.occurred_at)
    amended.sort(key=lambda activity: activity.pk)
    Activity.objects.bulk_create(made)
    Activity.objects.bulk_update(amended, AMENDED)
    return sorted([*_ids(made), *(activity.pk for activity in amended)])


def _ids(made: Sequence[Activity]) -> list[int]:
    """Read them again by their keys, for MySQL does not tell the ids of rows it inserted.

    Set where they are missing, for Follows point to them.
    """
    if not made:
        return []
    wanted = {(activity.streamer_id, activity.dedupe_key) for activity in made}
    streamers, keys = zip(*wanted, strict=True)
    rows = Activity.objects.filter(streamer__in=set(streamers), dedupe_key__in=set(keys))
    found = {(of, key): pk for pk, of, key in rows.values_list("pk", "streamer_id", "dedupe_key")}
    for activity in made:
        activity.pk = found[activity.streamer_id, activity.dedupe_key]
    return [activity.pk for activity in made]


def _tell(ids: list[int]) -> None:
    live.publish("activity")
    crash_point("before-signal")
    if ids:
        announce(ids)
