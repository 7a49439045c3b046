"""What drafts about one Streamer change: its snapshot, Activities made, Activities amended.

Plain comparing, no query: recording.py locks, loads and writes. Times are Twitch's (`as_of`),
so that the outcome does not depend on when or in which order we hear of things.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from activity import following
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
from activity.following import Follows
from activity.models import Activity
from subscriptions.models import Streamer

# Changes so close to one another are one Activity.
MERGED_WITHIN = timedelta(minutes=1)
SAME_RAID_WITHIN = timedelta(minutes=10)
# Twitch's cache goes on telling pollers the old value for some minutes.
CACHE_LAG = timedelta(minutes=5)
LATE_AFTER = timedelta(minutes=10)

Change = dict[str, dict[str, str]]


class Comparison:
    """One locked Streamer, what is known of it, and what the drafts taken so far made of it."""

    def __init__(
        self, *, streamer: Streamer, known: Iterable[Activity], follows: Follows, now: datetime
    ) -> None:
        self.streamer = streamer
        self.follows = follows
        self.now = now
        self.made: list[Activity] = []
        self.amended: list[Activity] = []
        self.is_touched = False
        self._by_key = {activity.dedupe_key: activity for activity in known}

    def take(self, draft: Draft) -> None:
        """Compare one draft; it must be about this streamer and clean (cleaning.py)."""
        match draft:
            case Named():
                self._named(draft)
            case WentLive():
                self._went_live(draft)
            case WentOffline():
                self._went_offline(draft)
            case ChannelState():
                self._channel_state(draft)
            case Raid():
                self._raid(draft)
            case Followed():
                self._followed(draft)
            case FollowersCounted():
                self._followers_counted(draft)

    # --- On and off the air

    def _went_live(self, draft: WentLive) -> None:
        """The Activity in any case, once; live only when no newer word is known.

        A stream that began later than the live one takes its place. When nothing is live, the
        draft must not be older than the last word of that. A stream whose end is recorded does
        not come back to life, and ends what was thought to be live before it; but an end that was
        only polled is taken back when a later reading lists the stream.
        """
        if not draft.stream_id:
            return
        end = self._by_key.get(f"offline:{draft.stream_id}")
        self._record_beginning(draft, end)
        if not self._is_newer_stream(draft):
            return
        if end is not None and not _refutes(draft, end):
            as_of = max(self.streamer.live_as_of, draft.started_at)
            if self.streamer.live_stream_id:
                self._show(live_stream_id="", live_started_at=None)
        else:
            as_of = max(self.streamer.live_as_of, draft.as_of)
            self._show(live_stream_id=draft.stream_id, live_started_at=draft.started_at)
        self._note(live_as_of=as_of)

    def _record_beginning(self, draft: WentLive, end: Activity | None) -> None:
        key = f"online:{draft.stream_id}"
        if key in self._by_key:
            return
        details = {"title": self.streamer.title, "category": self.streamer.category_name}
        self._make(Activity.Kind.ONLINE, key, draft.started_at, draft, details)
        if end is not None and end.details.get("lasted_seconds") is None:
            # The end was heard of first.
            end.details = {"lasted_seconds": _seconds(draft.started_at, end.occurred_at)}
            self._amend(end)

    def _is_newer_stream(self, draft: WentLive) -> bool:
        streamer = self.streamer
        if streamer.live_stream_id == draft.stream_id:
            return False
        if streamer.live_stream_id and streamer.live_started_at:
            return draft.started_at > streamer.live_started_at
        return draft.as_of >= streamer.live_as_of

    def _went_offline(self, draft: WentOffline) -> None:
        """The end of the stream the draft names, or of the live one when it names none.

        An end with id is the end of that stream whenever it is heard of, and says nothing about
        another one: `live_as_of` stays. One without id, older than the last word or while
        nothing is live, is no Activity: the viewer saw nothing begin that it could end, and a
        poll would say so every minute. But a stream that began before it is not live any more.
        """
        streamer = self.streamer
        is_newer = draft.as_of >= streamer.live_as_of
        stream_id = draft.stream_id or (streamer.live_stream_id if is_newer else "")
        if stream_id:
            self._record_end(draft, stream_id)
        if stream_id and stream_id == streamer.live_stream_id:
            self._show(live_stream_id="", live_started_at=None)
        if not draft.stream_id and is_newer:
            self._note(live_as_of=draft.as_of)

    def _record_end(self, draft: WentOffline, stream_id: str) -> None:
        key = f"offline:{stream_id}"
        known = self._by_key.get(key)
        if known is not None and not self._knows_better(draft, known, stream_id):
            return
        beginning = self._by_key.get(f"online:{stream_id}")
        began_at = beginning.occurred_at if beginning else None
        if self.streamer.live_stream_id == stream_id:
            began_at = self.streamer.live_started_at or began_at
        lasted = _seconds(began_at, draft.as_of) if began_at else None
        details = {"lasted_seconds": lasted}
        if known is None:
            self._make(Activity.Kind.OFFLINE, key, draft.as_of, draft, details)
            return
        known.details, known.occurred_at, known.source = details, draft.as_of, draft.source
        self._amend(known)
        # One that moves forward would need a look at all others; the feed bears some minutes.
        last = self.streamer.last_activity_at or draft.as_of
        self._note(last_activity_at=max(last, draft.as_of))

    def _knows_better(self, draft: WentOffline, known: Activity, stream_id: str) -> bool:
        """A polled end is as exact as the ring: a push amends it, as does a second end after the
        first was taken back."""
        is_again = self.streamer.live_stream_id == stream_id
        return known.source == Activity.Source.POLL and (
            draft.source == Activity.Source.PUSH or is_again
        )

    # --- Title, category, names

    def _channel_state(self, draft: ChannelState) -> None:
        streamer = self.streamer
        change: Change = {}
        is_same = draft.title == streamer.title or self._is_old(draft, "title", draft.title)
        if self._counts(draft, is_same, streamer.title_as_of, streamer.title_pushed_at):
            if not is_same:
                change["title"] = {"old": streamer.title, "new": draft.title}
                self._show(title=draft.title)
                self._note(title_pushed_at=_pushed_at(draft, streamer.title_pushed_at))
            self._note(title_as_of=draft.as_of)
        is_same = (draft.category_id, draft.category_name) == (
            streamer.category_id,
            streamer.category_name,
        ) or self._is_old(draft, "category", draft.category_name)
        if self._counts(draft, is_same, streamer.category_as_of, streamer.category_pushed_at):
            if not is_same:
                change |= self._category_change(draft)
                self._show(category_id=draft.category_id, category_name=draft.category_name)
                self._note(category_pushed_at=_pushed_at(draft, streamer.category_pushed_at))
            self._note(category_as_of=draft.as_of)
        if change:
            self._record_change(Activity.Kind.CHANGED, change, draft)

    def _is_old(self, draft: ChannelState, field: str, value: str) -> bool:
        """Whether a poll says again what was changed less than CACHE_LAG ago: another cache."""
        return draft.source == Activity.Source.POLL and any(
            activity.details.get(field, {}).get("old") == value
            for activity in self._by_key.values()
            if activity.kind == Activity.Kind.CHANGED
            and abs(draft.as_of - activity.occurred_at) < CACHE_LAG
        )

    def _category_change(self, draft: ChannelState) -> Change:
        """Empty where only Twitch's name of a category changed, or only its id."""
        streamer = self.streamer
        is_same_id = bool(draft.category_id) and draft.category_id == streamer.category_id
        if is_same_id or draft.category_name == streamer.category_name:
            return {}
        return {"category": {"old": streamer.category_name, "new": draft.category_name}}

    def _named(self, draft: Named) -> None:
        streamer = self.streamer
        login = draft.person.login or streamer.login
        name = draft.person.display_name or streamer.display_name
        is_same = (login, name) == (streamer.login, streamer.display_name)
        # A message of any type tells the name, so that the last word is the last push, mostly.
        pushed_at = streamer.name_as_of if draft.source == Activity.Source.POLL else None
        if not self._counts(draft, is_same, streamer.name_as_of, pushed_at):
            return
        change: Change = {}
        if login != streamer.login:
            change["login"] = {"old": streamer.login, "new": login}
        if name != streamer.display_name:
            change["name"] = {"old": streamer.display_name, "new": name}
        self._note(name_as_of=draft.as_of)
        if change:
            self._show(login=login, display_name=name)
            self._record_change(Activity.Kind.RENAMED, change, draft)

    def _counts(
        self,
        draft: ChannelState | Named,
        is_same: bool,
        as_of: datetime,
        pushed_at: datetime | None,
    ) -> bool:
        """Whether the draft has a say in a field: it is not older, and no cache speaks from it.

        That a poll sees what we have proves nothing, for the change may not have reached
        Twitch's cache; it must not make the push that is on its way look old.
        """
        if draft.as_of < as_of:
            return False
        if draft.source == Activity.Source.POLL:
            is_lag = pushed_at is not None and draft.as_of - pushed_at < CACHE_LAG
            return not is_same and not is_lag
        # The word of that very moment has been taken: this is it again, or one as good.
        return is_same or pushed_at != draft.as_of

    def _record_change(
        self, kind: Activity.Kind, change: Change, draft: ChannelState | Named
    ) -> None:
        previous = self._nearest(kind, draft.as_of, MERGED_WITHIN)
        merged = _merged(previous.details if previous else {}, change)
        # "B is now called B" would be no sentence; that it is A again is one of its own.
        is_name_again = kind == Activity.Kind.RENAMED and any(
            values["old"] == values["new"] for values in merged.values()
        )
        if previous is None or is_name_again:
            self._note(revision=self.streamer.revision + 1)
            key = f"{kind.value}:{self.streamer.revision}"
            self._make(kind, key, draft.as_of, draft, change)
            return
        previous.details = merged
        previous.occurred_at = min(previous.occurred_at, draft.as_of)
        self._amend(previous)

    # --- Raids

    def _raid(self, draft: Raid) -> None:
        if draft.target.twitch_id == self.streamer.twitch_id:
            self._record_raid(Activity.Kind.RAID_IN, draft, draft.raider)
        if draft.raider.twitch_id == self.streamer.twitch_id:
            self._record_raid(Activity.Kind.RAID_OUT, draft, draft.target)

    def _record_raid(self, kind: Activity.Kind, draft: Raid, other: Person) -> None:
        if self._nearest(kind, draft.as_of, SAME_RAID_WITHIN, actor=other.twitch_id):
            return
        key = f"{kind.value}:{other.twitch_id}:{draft.as_of.isoformat()}"
        raid = self._make(kind, key, draft.as_of, draft, {"viewers": draft.viewers})
        _set_actor(raid, other)

    # --- Follows

    def _followed(self, draft: Followed) -> None:
        for twitch_id, kind, other in following.sides(draft):
            # One of nobody, as Twitch's null ids are, could not be known again.
            if twitch_id == self.streamer.twitch_id and other.twitch_id:
                self._record_follow(kind, draft, other)

    def _record_follow(self, kind: Activity.Kind, draft: Followed, other: Person) -> None:
        """Into the burst it belongs to, else an Activity of its own; nothing within a day."""
        moment = draft.followed_at
        key = following.key_of(kind, other, moment)
        if key in self._by_key or self.follows.is_again(kind, other, moment):
            return
        activity = following.burst_of(self._by_key.values(), kind, moment)
        if activity is None:
            activity = self._make(kind, key, moment, draft, {"others": [], "more": 0})
            _set_actor(activity, other)
        else:
            activity.details = following.folded(activity.details, other)
            self._amend(activity)
        self.follows.take(other, moment, activity)

    def _followers_counted(self, draft: FollowersCounted) -> None:
        key = following.total_key(draft)
        if draft.gained and key not in self._by_key:
            counted = {"gained": draft.gained, "total": draft.total}
            details = {**counted, "since": draft.since.isoformat()}
            self._make(Activity.Kind.FOLLOWER, key, draft.as_of, draft, details)

    # --- What all of them do

    def _nearest(
        self, kind: Activity.Kind, moment: datetime, within: timedelta, *, actor: str = ""
    ) -> Activity | None:
        near = [
            activity
            for activity in self._by_key.values()
            if activity.kind == kind
            and activity.actor_twitch_id == actor
            and abs(activity.occurred_at - moment) <= within
        ]
        return max(near, key=lambda activity: activity.occurred_at, default=None)

    def _make(
        self,
        kind: Activity.Kind,
        key: str,
        occurred_at: datetime,
        draft: Draft,
        details: dict[str, Any],
    ) -> Activity:
        activity = Activity(
            streamer=self.streamer,
            kind=kind,
            dedupe_key=key,
            occurred_at=occurred_at,
            details=details,
            source=draft.source,
            late=self.now - occurred_at > LATE_AFTER,
            recorded_at=self.now,
            changed_at=self.now,
        )
        self._by_key[key] = activity
        self.made.append(activity)
        last = self.streamer.last_activity_at
        self._note(last_activity_at=max(last, occurred_at) if last else occurred_at)
        return activity

    def _amend(self, activity: Activity) -> None:
        activity.changed_at = self.now
        activity.announced_at = None
        if activity not in self.made and activity not in self.amended:
            self.amended.append(activity)

    def _show(self, **fields: Any) -> None:
        """Set fields that pages show."""
        self._note(**fields)
        self.streamer.changed_at = self.now

    def _note(self, **fields: Any) -> None:
        """Set fields that no page shows."""
        for name, value in fields.items():
            if getattr(self.streamer, name) != value:
                setattr(self.streamer, name, value)
                self.is_touched = True


def _set_actor(activity: Activity, other: Person) -> None:
    activity.actor_twitch_id = other.twitch_id
    activity.actor_login = other.login
    activity.actor_name = following.name_of(other)


def _refutes(draft: WentLive, end: Activity) -> bool:
    return end.source == Activity.Source.POLL and draft.as_of > end.occurred_at


def _merged(details: Change, change: Change) -> Change:
    """The oldest old value and the newest new one of each field."""
    return details | {
        field: {"old": details.get(field, values)["old"], "new": values["new"]}
        for field, values in change.items()
    }


def _seconds(since: datetime, until: datetime) -> int:
    return max(0, int((until - since).total_seconds()))


def _pushed_at(draft: ChannelState, before: datetime | None) -> datetime | None:
    return draft.as_of if draft.source == Activity.Source.PUSH else before
