"""Whatever the order, the company and the repetitions, what is true is recorded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activity.drafts import Draft, WentLive, WentOffline
from activity.models import Activity
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import ANN, at, channel, live, named, offline, online, raid
from tests.factories import make_streamer

BOB = "2448"
RAIDERS = (BOB, "7", "8")
SNAPSHOT = (
    *("login", "display_name", "live_stream_id", "live_started_at"),
    *("title", "category_id", "category_name"),
)
LASTED = ("streamer__twitch_id", "dedupe_key", "details")

gaps = st.integers(1, 200)


@st.composite
def streams(draw: st.DrawFn, *, late_ends: bool = True) -> list[Draft]:
    """Streams one after the other; Twitch may tell of an end after the next one began."""
    drafts: list[Draft] = []
    clock = 0
    count = draw(st.integers(1, 4))
    is_over = draw(st.booleans())
    for number in range(count):
        clock += draw(gaps)
        drafts.append(online(f"s{number}", clock))
        clock += draw(gaps)
        if number < count - 1 or is_over:
            told_after = draw(st.integers(0, 60)) if late_ends else 0
            drafts.append(offline(f"s{number}", clock + told_after))
    return drafts


@st.composite
def changes(draw: st.DrawFn) -> list[Draft]:
    """Each at a moment of its own."""
    moments = draw(st.lists(st.integers(0, 400), max_size=5, unique=True))
    texts = st.sampled_from(["", "Openings", "Endgames", "Gambits"])
    return [channel(moment, draw(texts), draw(texts)) for moment in moments]


@st.composite
def renames(draw: st.DrawFn) -> list[Draft]:
    """Each at a moment of its own."""
    moments = draw(st.lists(st.integers(0, 400), max_size=3, unique=True))
    names = st.sampled_from(["ann", "anna", "annabel"])
    return [named(moment, draw(names), draw(names).upper()) for moment in moments]


@st.composite
def raids(draw: st.DrawFn) -> list[Draft]:
    """Each pair at most once in ten minutes; told by both sides' subscriptions."""
    drafts: list[Draft] = []
    for raider in draw(st.lists(st.sampled_from(RAIDERS), max_size=3, unique=True)):
        moment = draw(st.integers(0, 400))
        pair = (raider, ANN) if draw(st.booleans()) else (ANN, raider)
        drafts += [raid(moment, *pair), raid(moment + 0.2, *pair)]
    return drafts


@st.composite
def arrivals(draw: st.DrawFn, truth: list[Draft]) -> list[list[Draft]]:
    """All of the truth in any order, some of it again, in batches."""
    again = draw(st.lists(st.sampled_from(truth), max_size=6))
    shuffled = draw(st.permutations([*truth, *again]))
    batches: list[list[Draft]] = []
    while shuffled:
        size = draw(st.integers(1, 5))
        batches.append(list(shuffled[:size]))
        shuffled = shuffled[size:]
    return batches


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Draft], list[list[Draft]]]:
    """What happened, and how it is told."""
    truth = [*draw(streams()), *draw(changes()), *draw(renames()), *draw(raids())]
    return truth, draw(arrivals(truth))


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in Activity.objects.order_by("pk").values()]


def once_only() -> list[tuple[Any, ...]]:
    """Beginnings, ends and raids, in what does not depend on the order of telling.

    A raid is as of whichever side's message came first; a beginning has the title of then.
    """
    streams = Activity.objects.filter(kind__in=["online", "offline"])
    raids = Activity.objects.filter(kind__in=["raid_in", "raid_out"])
    ends = streams.filter(kind="offline")
    return sorted(
        [
            *streams.values_list("streamer__twitch_id", "dedupe_key", "occurred_at"),
            *((*row[:2], row[2]["lasted_seconds"]) for row in ends.values_list(*LASTED)),
            *raids.values_list("streamer__twitch_id", "kind", "actor_twitch_id"),
        ],
        key=str,
    )


def snapshots() -> list[tuple[Any, ...]]:
    return list(Streamer.objects.order_by("twitch_id").values_list("twitch_id", *SNAPSHOT))


def in_order(truth: Sequence[Draft]) -> list[Draft]:
    return sorted(truth, key=lambda draft: draft.as_of)


class RecordingProperties(TestCase):
    def begin(self) -> None:
        """As if nothing had been told. Not setUp, which Hypothesis calls once for all examples."""
        Activity.objects.all().delete()
        Streamer.objects.all().delete()
        for twitch_id, login in ((ANN, "ann"), (BOB, "bob")):
            make_streamer(
                twitch_id=twitch_id,
                login=login,
                display_name=login.upper(),
                title="Openings",
                live_as_of=at(-60),
            )

    @settings(max_examples=60, deadline=None)
    @given(history=histories())
    def test_order_and_repetition_do_not_matter(
        self, history: tuple[list[Draft], list[list[Draft]]]
    ) -> None:
        self.begin()
        truth, batches = history
        for draft in in_order(truth):
            record([draft])
        right = once_only(), snapshots()
        self.begin()
        for batch in batches:
            record(batch)
        assert (once_only(), snapshots()) == right

    @settings(max_examples=40, deadline=None)
    @given(history=histories(), data=st.data())
    def test_doing_it_all_again_changes_nothing(
        self, history: tuple[list[Draft], list[list[Draft]]], data: st.DataObject
    ) -> None:
        self.begin()
        truth, batches = history
        for batch in batches:
            record(batch)
        before = rows(), list(Streamer.objects.order_by("pk").values())
        for batch in data.draw(arrivals(truth)):
            assert record(batch) == []
        assert rows() == before[0]
        assert without_as_of(Streamer.objects.order_by("pk").values()) == without_as_of(before[1])

    @settings(max_examples=40, deadline=None)
    @given(history=histories())
    def test_changes_end_where_the_snapshot_is(
        self, history: tuple[list[Draft], list[list[Draft]]]
    ) -> None:
        self.begin()
        _, batches = history
        for batch in batches:
            record(batch)
        ann = Streamer.objects.get(twitch_id=ANN)
        shown = {
            "title": ("Openings", ann.title),
            "category": ("Just Chatting", ann.category_name),
            "login": ("ann", ann.login),
            "name": ("ANN", ann.display_name),
        }
        for field, (first, last) in shown.items():
            chain = [
                row.details[field]
                for row in Activity.objects.filter(streamer=ann).order_by("pk")
                if row.kind in ("changed", "renamed") and field in row.details
            ]
            for change, following in pairwise(chain):
                assert change["new"] == following["old"]
            if chain:
                assert chain[0]["old"] == first
                assert chain[-1]["new"] == last

    @settings(max_examples=40, deadline=None)
    @given(history=histories())
    def test_last_activity_is_that_of_the_newest_row(
        self, history: tuple[list[Draft], list[list[Draft]]]
    ) -> None:
        self.begin()
        for batch in history[1]:
            record(batch)
        for streamer in Streamer.objects.all():
            newest = streamer.activity_set.order_by("-occurred_at").first()
            assert streamer.last_activity_at == (newest and newest.occurred_at)

    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_ends_without_ids_leave_the_right_snapshot(self, data: st.DataObject) -> None:
        self.begin()
        truth = [
            replace(draft, stream_id="") if isinstance(draft, WentOffline) else draft
            for draft in data.draw(streams(late_ends=False))
        ]
        for batch in data.draw(arrivals(truth)):
            record(batch)
        beginnings = [draft for draft in truth if isinstance(draft, WentLive)]
        last = in_order(truth)[-1]
        expected = (last.stream_id, last.started_at) if isinstance(last, WentLive) else ("", None)
        assert live() == expected
        keys = list(Activity.objects.values_list("dedupe_key", flat=True))
        assert len(keys) == len(set(keys))
        assert sum(key.startswith("online:") for key in keys) == len(beginnings)


def without_as_of(streamers: Any) -> list[dict[str, Any]]:
    """A repeated word may be newer than one we had taken, which shows nowhere."""
    return [
        {name: value for name, value in row.items() if not name.endswith("_as_of")}
        for row in streamers
    ]
