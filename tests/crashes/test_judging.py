"""The comparison of a day can fail: what is amiss is found, and what was untold is listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.crashes.judging import Verdict, judge
from tests.crashes.truth import Activity, Patience, Records, Segment, World

BEGAN = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ANN, BOB = "1", "2"
PATIENCE = Patience.of(1)
FIRST = {
    "login": "ann", "name": "Ann", "title": "t0", "category": "Chess", "stream_id": "",
    "started_at": None,
}  # fmt: skip


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


def said(minutes: float) -> str:
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


def entry(number: int, minutes: float, kind: str, **event: Any) -> dict[str, Any]:
    """As the simulator's log has it, with one message that was delivered."""
    whole = {"broadcaster_user_id": ANN, "broadcaster_user_login": "ann", **event}
    state = {f"message-{number}": "delivered"}
    return {"type": kind, "at": said(minutes), "payload": whole, "messages": state}


ANNS_DAY = (
    entry(1, 1, "stream.online", id="s1", started_at=said(1)[:19] + "Z"),
    entry(2, 5, "channel.update", title="t1", category_name="Chess"),
    entry(3, 9, "stream.offline", id="s1"),
    entry(
        4, 12, "channel.raid", viewers=7,
        from_broadcaster_user_id=BOB, from_broadcaster_user_login="bob",
        to_broadcaster_user_id=ANN, to_broadcaster_user_login="ann",
    ),
)  # fmt: skip


def activity(minutes: float, kind: str, key: str, **fields: Any) -> Activity:
    whole = {"actor": "", "details": {}, "is_announced": True, **fields}
    return Activity(ANN, kind, key, at(minutes), **whole)


ONLINE = activity(1, "online", "online:s1")
CHANGED = activity(5, "changed", "changed:1", details={"title": {"old": "t0", "new": "t1"}})
OFFLINE = activity(9, "offline", "offline:s1", details={"lasted_seconds": 480})
RAID = activity(12, "raid_in", "raid_in:2", actor=BOB, details={"viewers": 7})
SEGMENT = Segment(ANN, "s1", at(1), True, at(9), True, 1)
RIGHT = Records(
    streamers={ANN: {**FIRST, "title": "t1"}},
    activities=(ONLINE, CHANGED, OFFLINE, RAID),
    segments=(SEGMENT,),
    broadcasts={1: (at(1), at(9))},
    heard={f"message-{number}": at(13) for number in range(1, 5)},
)


def judged(
    records: Records,
    log: Sequence[Any] = ANNS_DAY,
    readings: Sequence[float] = (),
    kills: Sequence[float] = (),
) -> Verdict:
    """The verdict on Ann's day; `readings` are minutes in which every list was answered."""
    visits = [
        {"path": f"/helix/{path}", "status": 200, "fault": "", "at": said(minutes)}
        for minutes in readings
        for path in ("streams", "channels")
    ]
    world = World(log, visits, [at(minutes) for minutes in kills])
    return judge(Records(streamers={ANN: FIRST}), world, records, PATIENCE)


def without(*gone: Activity, also: Sequence[Activity] = ()) -> Records:
    kept = [one for one in RIGHT.activities if one not in gone]
    return replace(RIGHT, activities=[*kept, *also])


def untold(*numbers: int) -> list[dict[str, Any]]:
    """The day, with messages that were given up."""
    return [
        {
            **one,
            "messages": dict.fromkeys(one["messages"], "failed" if n in numbers else "delivered"),
        }
        for n, one in enumerate(ANNS_DAY, 1)
    ]


def test_a_day_that_is_rightly_recorded() -> None:
    verdict = judged(RIGHT)
    assert verdict.wrong == []
    assert verdict.right == 4
    assert verdict.untold == []


AGAIN = {"title": {"old": "t0", "new": "t1"}}
AMISS: dict[str, tuple[Records, str]] = {
    "no beginning": (without(ONLINE), "missing: 12:01:00 ann went live"),
    "no end": (without(OFFLINE), "missing: 12:09:00 ann went offline"),
    "no change": (without(CHANGED), "missing: 12:05:00 title became 't1'"),
    "no raid": (without(RAID), "missing: 12:12:00 bob raided ann"),
    "a raid twice": (without(also=[replace(RAID, key="raid_in:3")]), "doubled"),
    "a raid of nobody": (without(also=[replace(RAID, key="x", at=at(20))]), "invented"),
    "a stream of nobody": (without(also=[activity(3, "online", "online:s9")]), "invented"),
    "a change twice": (
        without(also=[activity(6, "changed", "changed:2", details=AGAIN)]), "no chain of title",
    ),
    "a title of nobody": (
        without(CHANGED, also=[replace(CHANGED, details={"title": {"old": "t0", "new": "x"}})]),
        "invented as title",
    ),
    "a wrong beginning": (without(ONLINE, also=[replace(ONLINE, at=at(1.1))]), "is not when"),
    "a wrong end": (without(OFFLINE, also=[replace(OFFLINE, at=at(8))]), "is not when"),
    "a late change": (without(CHANGED, also=[replace(CHANGED, at=at(1))]), "is not when"),
    "a wrong length": (
        without(OFFLINE, also=[replace(OFFLINE, details={"lasted_seconds": 9})]), "lasted",
    ),
    "not announced": (
        without(RAID, also=[replace(RAID, is_announced=False)]), "not announced",
    ),
    "a message left": (
        replace(RIGHT, heard={**RIGHT.heard, "message-4": None}), "not worked at: message-4",
    ),
    "an old title shown": (replace(RIGHT, streamers={ANN: FIRST}), "shown is"),
    "live for ever": (
        replace(RIGHT, streamers={ANN: {**FIRST, "title": "t1", "stream_id": "s1"}}), "shown is",
    ),
    "no segment": (replace(RIGHT, segments=[]), "no segment"),
    "a segment too many": (
        replace(RIGHT, segments=[SEGMENT, replace(SEGMENT, stream_id="s2")]), "invented",
    ),
    "a segment without end": (
        replace(RIGHT, segments=[replace(SEGMENT, end=None, is_end_known=False)]), "does not end",
    ),
    "a longer broadcast": (replace(RIGHT, broadcasts={1: (at(1), at(10))}), "Broadcast 1 is not"),
    "an empty broadcast": (
        replace(RIGHT, broadcasts={1: (at(1), at(9)), 2: (at(1), at(9))}), "empty Broadcasts",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", AMISS)
def test_what_is_amiss_is_found(what: str) -> None:
    records, words = AMISS[what]
    assert any(words in line for line in judged(records).wrong), judged(records)


def test_a_gap_as_long_as_the_grace_parts_broadcasts() -> None:
    later = entry(5, 30, "stream.online", id="s2", started_at=said(30)[:19] + "Z")
    second = Segment(ANN, "s2", at(30), True, None, False, 1)
    joined = replace(
        without(also=[activity(30, "online", "online:s2")]),
        streamers={ANN: {**FIRST, "title": "t1", "stream_id": "s2", "started_at": at(30)}},
        segments=[SEGMENT, second],
        broadcasts={1: (at(1), None)},
    )
    (line,) = judged(joined, [*ANNS_DAY, later]).wrong
    assert "gap of 0:21:00" in line
    parted = replace(
        joined,
        segments=[SEGMENT, replace(second, broadcast=2)],
        broadcasts={1: (at(1), at(9)), 2: (at(30), None)},
    )
    assert judged(parted, [*ANNS_DAY, later]).wrong == []


def test_what_twitch_did_not_tell_may_be_missing_and_is_listed() -> None:
    nothing = replace(without(ONLINE, OFFLINE, RAID), segments=[], broadcasts={}, heard={})
    verdict = judged(nothing, untold(1, 3, 4))
    assert verdict.wrong == []
    assert [line.partition(": ")[0] for line in verdict.untold] == [
        "12:01:00 ann went live", "12:09:00 ann went offline", "12:12:00 bob raided ann (raid_in)",
    ]  # fmt: skip


def test_what_lists_showed_often_enough_may_not_be_missing() -> None:
    nothing = replace(without(ONLINE, OFFLINE), segments=[], broadcasts={}, heard={})
    assert judged(nothing, untold(1, 3), readings=[0.5]).wrong == []
    assert len(judged(nothing, untold(1, 3), readings=[3]).wrong) == 1
    # A worker that was killed may have taken the one answer with it, not the second.
    assert judged(nothing, untold(1, 3), readings=[3], kills=[3.05]).wrong == []
    assert len(judged(nothing, untold(1, 3), readings=[3, 4], kills=[3.05]).wrong) == 1


def test_an_end_is_told_by_two_rounds() -> None:
    endless = replace(without(OFFLINE), segments=[replace(SEGMENT, is_end_known=False)], heard={})
    assert judged(endless, untold(3), readings=[10]).wrong == []
    (line,) = judged(endless, untold(3), readings=[10, 11]).wrong
    assert line.startswith("missing: 12:09:00 ann went offline")


UNSEEN = [
    entry(5, 20, "stream.online", id="s2", started_at=said(20)[:19] + "Z"),
    entry(6, 21, "stream.offline", id="s2"),
    entry(7, 40, "stream.online", id="s3", started_at=said(40)[:19] + "Z"),
]


@pytest.mark.parametrize(("minutes", "is_right"), [(30, True), (8, False), (41, False)])
def test_an_end_that_no_message_told_is_as_late_as_what_is_known_to_follow(
    minutes: float, is_right: bool
) -> None:
    end = activity(
        minutes, "offline", "offline:s1", details={"lasted_seconds": int(minutes - 1) * 60}
    )
    segment = replace(SEGMENT, end=at(minutes))
    third = Segment(ANN, "s3", at(40), True, None, False, 2)
    records = replace(
        without(OFFLINE, also=[end, activity(40, "online", "online:s3")]),
        streamers={ANN: {**FIRST, "title": "t1", "stream_id": "s3", "started_at": at(40)}},
        segments=[segment, third],
        broadcasts={1: (at(1), at(minutes)), 2: (at(40), None)},
    )
    day = untold(3) + [{**one, "messages": {}} for one in UNSEEN]
    wrong = [line for line in judged(records, day).wrong if "is not when" in line]
    assert (wrong == []) is is_right


def test_the_last_value_is_always_told() -> None:
    (line, _) = judged(replace(without(CHANGED), streamers={ANN: FIRST}, heard={}), untold(2)).wrong
    assert line.startswith("missing: 12:05:00 title became")
