"""Whatever the order, the company and the repetitions, the same Broadcasts and Segments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activity.broadcasting import grace, sweep
from activity.drafts import Draft, WentLive
from activity.models import Activity, Broadcast, Segment
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, at, channel, live, offline, online, raid
from tests.factories import make_streamer

BOB = "2448"
FIELDS = (
    *("stream_id", "began_at", "is_beginning_known", "seen_at", "ended_at", "is_end_known"),
    *("broadcast__began_at", "broadcast__ended_at", "broadcast__is_over"),
)
lengths = st.integers(1, 4000)
# About the grace, to either side of it.
pauses = st.one_of(st.integers(1, 20), st.integers(280, 320), st.integers(3000, 9000))


@st.composite
def streams(draw: st.DrawFn, who: str) -> list[Draft]:
    """Streams one after the other, as pushes and polls tell of them.

    An end may be missing, told twice, told after the next beginning, or by a clock that is slow,
    before its own beginning; polls see a stream while it is on, and their clock may be slow too.
    """
    drafts: list[Draft] = []
    clock = 0
    for number in range(draw(st.integers(1, 4))):
        stream = f"s{number}"
        began, ended = clock, clock + draw(lengths)
        drafts.append(online(stream, began, twitch_id=who))
        seen = draw(st.lists(st.integers(began - 30, ended), max_size=2))
        drafts += [online(stream, began, heard=one, source=POLL, twitch_id=who) for one in seen]
        told = draw(st.sampled_from(["pushed", "polled", "twice", "missing", "skewed"]))
        if told in ("pushed", "twice"):
            drafts.append(offline(stream, ended + draw(st.integers(0, 60)), twitch_id=who))
        if told in ("polled", "twice"):
            drafts.append(offline(stream, ended + 90, source=POLL, twitch_id=who))
        if told == "skewed":
            drafts.append(offline(stream, began - draw(st.integers(0, 20)), twitch_id=who))
        clock = ended + draw(pauses)
    return drafts


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Draft], list[list[Draft]]]:
    """What happened at two streamers, and how it is told: in any order, some of it again."""
    truth = [*draw(streams(ANN)), *draw(streams(BOB)), raid(30, ANN, BOB), channel(40, "Blitz")]
    return truth, draw(arrivals(truth))


@st.composite
def arrivals(draw: st.DrawFn, truth: Sequence[Draft]) -> list[list[Draft]]:
    again = draw(st.lists(st.sampled_from(truth), max_size=6))
    shuffled = draw(st.permutations([*truth, *again]))
    batches: list[list[Draft]] = []
    while shuffled:
        size = draw(st.integers(1, 6))
        batches.append(list(shuffled[:size]))
        shuffled = shuffled[size:]
    return batches


def kept() -> list[tuple[Any, ...]]:
    rows = Segment.objects.order_by("streamer__twitch_id", "stream_id")
    return list(rows.values_list("streamer__twitch_id", *FIELDS))


def everything() -> list[list[dict[str, Any]]]:
    return [
        [dict(row) for row in model.objects.order_by("pk").values()]
        for model in (Broadcast, Segment)
    ]


class BroadcastProperties(TestCase):
    def begin(self) -> None:
        """As if nothing had been told. Not setUp, which Hypothesis calls once for all examples."""
        for model in (Activity, Broadcast, Streamer):
            model.objects.all().delete()
        for twitch_id in (ANN, BOB):
            make_streamer(twitch_id=twitch_id, live_as_of=at(-60))

    def told(self, batches: Sequence[Sequence[Draft]]) -> None:
        self.begin()
        for batch in batches:
            record(batch)
        sweep()

    @settings(max_examples=20, deadline=None)
    @given(history=histories())
    def test_order_and_repetition_do_not_matter(
        self, history: tuple[list[Draft], list[list[Draft]]]
    ) -> None:
        truth, batches = history
        self.told([[draft] for draft in sorted(truth, key=lambda draft: draft.as_of)])
        right = kept()
        self.told(batches)
        assert kept() == right
        self.told([truth])
        assert kept() == right

    @settings(max_examples=15, deadline=None)
    @given(history=histories(), data=st.data())
    def test_doing_it_all_again_changes_nothing(
        self, history: tuple[list[Draft], list[list[Draft]]], data: st.DataObject
    ) -> None:
        truth, batches = history
        self.told(batches)
        before = everything()
        for batch in data.draw(arrivals(truth)):
            record(batch)
        assert everything() == before

    @settings(max_examples=15, deadline=None)
    @given(history=histories())
    def test_what_is_kept_makes_sense(self, history: tuple[list[Draft], list[list[Draft]]]) -> None:
        truth, batches = history
        self.told(batches)
        named = {(one.twitch_id, one.stream_id) for one in truth if isinstance(one, WentLive)}
        assert set(Segment.objects.values_list("streamer__twitch_id", "stream_id")) == named
        on_air = Segment.objects.filter(streamer__twitch_id=ANN, ended_at=None)
        assert [one.stream_id for one in on_air] == [one for one in live()[:1] if one]
        for streamer in Streamer.objects.all():
            stretches = Broadcast.objects.filter(streamer=streamer).order_by("began_at")
            for one in stretches:
                segments = list(one.segments.order_by("began_at", "stream_id"))
                ends = [segment.end for segment in segments]
                assert one.began_at == segments[0].began_at
                assert one.ended_at == (None if None in ends else max(filter(None, ends)))
            for one, following in pairwise(stretches):
                assert one.ended_at is not None
                assert following.began_at - one.ended_at >= grace()

    @settings(max_examples=15, deadline=None)
    @given(data=st.data())
    def test_ends_without_ids_leave_nothing_open_that_has_ended(self, data: st.DataObject) -> None:
        truth: list[Draft] = []
        clock = 0
        for number in range(data.draw(st.integers(1, 4))):
            truth.append(online(f"s{number}", clock))
            clock += data.draw(st.integers(1, 4000))
            truth.append(offline("", clock))
            clock += data.draw(st.integers(1, 4000))
        self.told([truth])
        ends = [one.as_of for one in truth[1::2]]
        assert list(Segment.objects.order_by("began_at").values_list("ended_at", flat=True)) == ends
        self.told(data.draw(arrivals(truth)))
        assert Segment.objects.count() == len(ends)
        assert not Segment.objects.filter(ended_at=None).exists()
        for one, following in pairwise(Segment.objects.order_by("began_at")):
            assert one.end is not None
            assert one.end <= following.began_at
