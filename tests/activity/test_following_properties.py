"""Whatever the order, the company and the source: each follow is taken once, and counted once."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activity.drafts import Followed
from activity.following import BURST, LOOP
from activity.models import Activity, Follow
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, PUSH, at, follow
from tests.factories import make_streamer

BOB = "2448"
WATCHED = (ANN, BOB)
DAY = 24 * 3600
# A burst, loops, and far apart.
moments = st.integers(0, 900) | st.integers(0, 4 * DAY)
people = st.sampled_from([ANN, BOB, "7", "8", "9"])

Batches = list[list[Followed]]
Told = tuple[str, str, str]


@st.composite
def follows(draw: st.DrawFn) -> list[Followed]:
    """Of the two who are watched, in both directions."""
    pairs = st.tuples(people, people).filter(lambda pair: pair[0] != pair[1])
    watched = pairs.filter(lambda pair: bool(set(pair) & set(WATCHED)))
    return [follow(draw(moments), *draw(watched)) for _ in range(draw(st.integers(1, 14)))]


@st.composite
def arrivals(draw: st.DrawFn, truth: list[Followed]) -> Batches:
    """All of them in any order, some again, from either source, in batches."""
    again = draw(st.lists(st.sampled_from(truth), max_size=6))
    shuffled = [
        follow(
            (one.followed_at - at(0)).total_seconds() + draw(st.sampled_from([0, 0.25, 0.999])),
            one.follower.twitch_id,
            one.followed.twitch_id,
            source=draw(st.sampled_from([PUSH, POLL])),
            as_of=at(5 * DAY),
        )
        for one in draw(st.permutations([*truth, *again]))
    ]
    return in_batches(draw, shuffled)


def in_batches(draw: st.DrawFn, drafts: list[Followed]) -> Batches:
    batches: Batches = []
    while drafts:
        size = draw(st.integers(1, 5))
        batches.append(drafts[:size])
        drafts = drafts[size:]
    return batches


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Followed], Batches]:
    """What happened, and how it is told."""
    truth = draw(follows())
    return truth, draw(arrivals(truth))


def seen_by(draft: Followed) -> list[Told]:
    """Streamer, kind and the other one, for each side that is watched."""
    follower, followed = draft.follower.twitch_id, draft.followed.twitch_id
    both = [(followed, "follower", follower), (follower, "follows", followed)]
    return [one for one in both if one[0] in WATCHED]


def taken() -> list[tuple[Any, ...]]:
    """Streamer, kind, the other one and the moment."""
    rows = Follow.objects.values_list(
        "streamer__twitch_id", "kind", "actor_twitch_id", "followed_at"
    )
    return sorted(rows)


class FollowingProperties(TestCase):
    def begin(self) -> None:
        """As if nothing had been told. Not setUp, which Hypothesis calls once for all examples."""
        Activity.objects.all().delete()
        Streamer.objects.all().delete()
        for twitch_id in WATCHED:
            make_streamer(twitch_id=twitch_id)

    def tell(self, batches: Batches) -> None:
        self.begin()
        for batch in batches:
            record(batch)

    @settings(max_examples=60, deadline=None)
    @given(history=histories())
    def test_rows_count_what_was_taken(self, history: tuple[list[Followed], Batches]) -> None:
        self.tell(history[1])
        for activity in Activity.objects.all():
            its = Follow.objects.filter(activity=activity)
            shown = 1 + len(activity.details["others"]) + activity.details["more"]
            assert its.count() == shown
            named = [activity.actor_login, *(one["login"] for one in activity.details["others"])]
            assert {f"user{one.actor_twitch_id}" for one in its} >= set(named)
            assert len(named) == min(3, shown)
            for one in its:
                assert (one.streamer_id, one.kind) == (activity.streamer_id, activity.kind)
                assert abs(one.followed_at - activity.occurred_at) <= BURST
        assert not Follow.objects.filter(activity=None).exists()

    @settings(max_examples=60, deadline=None)
    @given(history=histories())
    def test_once_a_day_and_not_less(self, history: tuple[list[Followed], Batches]) -> None:
        truth, batches = history
        self.tell(batches)
        found = taken()
        for _, same in groupby(found, key=lambda row: row[:3]):
            assert all(after[3] - before[3] >= LOOP for before, after in pairwise(same))
        for draft in truth:
            for side in seen_by(draft):
                near = [row for row in found if row[:3] == side]
                assert any(abs(row[3] - draft.followed_at) < LOOP for row in near)

    @settings(max_examples=40, deadline=None)
    @given(history=histories(), data=st.data())
    def test_telling_it_all_again_changes_nothing(
        self, history: tuple[list[Followed], Batches], data: st.DataObject
    ) -> None:
        truth, batches = history
        self.tell(batches)
        before = list(Activity.objects.order_by("pk").values()), taken()
        for batch in data.draw(arrivals(truth)):
            assert record(batch) == []
        assert (list(Activity.objects.order_by("pk").values()), taken()) == before

    @settings(max_examples=40, deadline=None)
    @given(history=histories())
    def test_without_loops_all_are_taken_in_any_order(
        self, history: tuple[list[Followed], Batches]
    ) -> None:
        truth, batches = history
        pairs = [(draft.follower, draft.followed) for draft in truth]
        once = [draft for draft, pair in zip(truth, pairs, strict=True) if pairs.count(pair) == 1]
        only = {(draft.follower, draft.followed) for draft in once}
        self.tell(
            [[one for one in batch if (one.follower, one.followed) in only] for batch in batches]
        )
        assert taken() == sorted((*side, one.followed_at) for one in once for side in seen_by(one))

    @settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def test_told_in_order_bursts_begin_with_their_first(self, data: st.DataObject) -> None:
        ordered = sorted(data.draw(follows()), key=lambda one: one.followed_at)
        self.tell(data.draw(st.composite(in_batches)(ordered)))
        rows = Activity.objects.order_by("streamer", "kind", "occurred_at")
        for _, bursts in groupby(rows, key=lambda row: (row.streamer_id, row.kind)):
            begun = [activity.occurred_at for activity in bursts]
            assert all(after - before > BURST for before, after in pairwise(begun))
        for activity in Activity.objects.all():
            its = Follow.objects.filter(activity=activity).order_by("followed_at")
            assert activity.occurred_at == its[0].followed_at

    @settings(max_examples=40, deadline=None)
    @given(history=histories())
    def test_last_activity_is_that_of_the_newest_row(
        self, history: tuple[list[Followed], Batches]
    ) -> None:
        self.tell(history[1])
        for streamer in Streamer.objects.all():
            newest = streamer.activity_set.order_by("-occurred_at").first()
            assert streamer.last_activity_at == (newest and newest.occurred_at)
