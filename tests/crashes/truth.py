"""What happened by the simulator's log, what StreamWatch has recorded, and how patient it is."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

# Between Twitch's clock and ours, its times in whole seconds, and a question and its answer.
SLACK = timedelta(seconds=2)
# What was answered so long before a worker's death may not have been written.
UNWRITTEN = timedelta(seconds=5)
BROADCASTER = {"channel.raid": "from_broadcaster_user_id", "user.update": "user_id"}

Query = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The product's own promises: how long it distrusts Twitch's lists, and what it folds."""

    cache_lag: timedelta
    merged: timedelta
    same_raid: timedelta
    grace: timedelta
    # So far apart the script keeps what could be folded.
    apart: timedelta

    @classmethod
    def of(cls, haste: int) -> Self:
        """As they are (docs/architecture.md), for a process whose minutes are `haste` shorter."""
        minute = timedelta(minutes=1) / haste
        return cls(
            cache_lag=5 * minute,
            merged=minute,
            same_raid=10 * minute,
            grace=5 * minute,
            apart=minute + SLACK + SLACK,
        )


@dataclass(frozen=True)
class Deed:
    """One entry of the world's log; `told` when Twitch has our word that we were told."""

    kind: str
    at: datetime
    event: Mapping[str, Any]
    told: bool
    # When our process worked at the first message about it.
    heard_at: datetime | None

    @property
    def whose(self) -> str:
        """The Twitch id of who did it."""
        return str(self.event[BROADCASTER.get(self.kind, "broadcaster_user_id")])


@dataclass
class Stream:
    """One of the world's streams; `online` is None for one that was on the air before the day."""

    stream_id: str
    whose: str
    began_at: datetime
    online: Deed | None
    offline: Deed | None = None


@dataclass(frozen=True)
class Activity:
    """One row of ours."""

    whose: str
    kind: str
    key: str
    at: datetime
    actor: str
    details: Mapping[str, Any]
    is_announced: bool


@dataclass(frozen=True)
class Segment:
    """One row of ours; `end` is None while it is live."""

    whose: str
    stream_id: str
    began_at: datetime
    is_beginning_known: bool
    end: datetime | None
    is_end_known: bool
    broadcast: int


@dataclass(frozen=True)
class Records:
    """What the database holds."""

    # Snapshots by Twitch id: login, name, title, category, stream's id, its beginning.
    streamers: Mapping[str, Mapping[str, Any]]
    activities: Sequence[Activity] = ()
    segments: Sequence[Segment] = ()
    broadcasts: Mapping[int, tuple[datetime, datetime | None]] = field(default_factory=dict)
    # By message id: when it was worked at.
    heard: Mapping[str, datetime | None] = field(default_factory=dict)


class World:
    """The simulator's log, the calls it answered, and when workers died."""

    def __init__(
        self,
        log: Sequence[Mapping[str, Any]],
        visits: Sequence[Mapping[str, Any]],
        kills: Sequence[datetime] = (),
    ) -> None:
        self._log = log
        self._kills = kills
        self._answers: defaultdict[str, list[datetime]] = defaultdict(list)
        for visit in visits:
            if visit["status"] == 200 and not visit["fault"]:
                self._answers[visit["path"]].append(moment(visit["at"]))

    def deeds(self, heard: Mapping[str, datetime | None]) -> list[Deed]:
        """All that was done, in its order; `heard` says when we worked at which message."""
        return [_deed(entry, heard) for entry in self._log]

    def answers(
        self, path: str, since: datetime, until: datetime | None = None
    ) -> Sequence[datetime]:
        """When Twitch answered a reading of `path` as it should."""
        found = self._answers[f"/helix/{path}"]
        return [at for at in found if at >= since and (until is None or at < until)]

    def lost(self, since: datetime, until: datetime | None = None) -> int:
        """How many answers workers may have taken with them when they were killed."""
        return len(
            [at for at in self._kills
             if at >= since - UNWRITTEN and (until is None or at < until + UNWRITTEN)]
        )  # fmt: skip

    def said(self, path: str, since: datetime, until: datetime | None, times: int) -> bool:
        """Whether Twitch said so often enough that it was read `times`, whoever was killed."""
        return len(self.answers(path, since, until)) >= times + self.lost(since, until)


def streams_of(before: Records, deeds: Sequence[Deed]) -> dict[str, list[Stream]]:
    """The world's streams by streamer, in their order."""
    found: defaultdict[str, list[Stream]] = defaultdict(list)
    for whose, snapshot in before.streamers.items():
        if snapshot["stream_id"]:
            found[whose] = [Stream(snapshot["stream_id"], whose, snapshot["started_at"], None)]
    for deed in deeds:
        if deed.kind == "stream.online":
            began_at = moment(deed.event["started_at"])
            found[deed.whose].append(Stream(deed.event["id"], deed.whose, began_at, deed))
        elif deed.kind == "stream.offline":
            found[deed.whose][-1].offline = deed
    return found


def read_records(query: Query) -> Records:
    """What the database holds now."""
    streamers = query(
        "SELECT twitch_id, login, display_name, title, category_name, live_stream_id,"
        " live_started_at, id FROM subscriptions_streamer"
    )
    ids = {row[7]: str(row[0]) for row in streamers}
    names = ("login", "name", "title", "category", "stream_id", "started_at")
    return Records(
        streamers={
            row[0]: dict(zip(names, (*row[1:6], _utc(row[6])), strict=True)) for row in streamers
        },
        activities=[
            Activity(ids[row[0]], row[1], row[2], _aware(row[3]), row[4], json.loads(row[5]),
                     row[6] is not None)
            for row in query(
                "SELECT streamer_id, kind, dedupe_key, occurred_at, actor_twitch_id, details,"
                " announced_at FROM activity_activity ORDER BY occurred_at, id"
            )
        ],
        segments=[
            Segment(ids[row[0]], row[1], _aware(row[2]), bool(row[3]), _utc(row[4]), bool(row[5]),
                    row[6])
            for row in query(
                "SELECT streamer_id, stream_id, began_at, is_beginning_known, ended_at,"
                " is_end_known, broadcast_id FROM activity_segment ORDER BY began_at, id"
            )
        ],
        broadcasts={
            row[0]: (_aware(row[1]), _utc(row[2]))
            for row in query("SELECT id, began_at, ended_at FROM activity_broadcast")
        },
        heard={
            row[0]: _utc(row[1])
            for row in query("SELECT message_id, processed_at FROM webhooks_inboxmessage")
        },
    )  # fmt: skip


def moment(text: str) -> datetime:
    """An RFC 3339 time of Twitch's, with a fraction or without."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    found = datetime.fromisoformat(f"{seconds}+00:00")
    return found + timedelta(microseconds=int(fraction[:6].ljust(6, "0") or 0))


def _deed(entry: Mapping[str, Any], heard: Mapping[str, datetime | None]) -> Deed:
    at = moment(entry["at"])
    worked_at = [heard[one] or at for one in entry["messages"] if one in heard]
    return Deed(
        kind=entry["type"],
        at=at,
        event=entry["payload"],
        told="delivered" in entry["messages"].values(),
        heard_at=min(worked_at, default=None),
    )


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else _aware(value)


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
