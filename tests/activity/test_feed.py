"""The feed gives what sorting everything would give, for less."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F, Max
from django.test import TestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyTestCase

from accounts.models import User
from activity.feed import newest_for
from activity.models import Activity
from subscriptions.models import Streamer, Subscription
from tests.activity.saying import at
from tests.factories import make_activity, make_streamer, make_subscription, make_user


def brute(user: User, limit: int = 10) -> list[int]:
    """All of them sorted."""
    mine = Subscription.objects.filter(user=user).values("streamer")
    rows = Activity.objects.filter(streamer__in=mine).order_by("-occurred_at", "-pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def fill(streamers: Iterable[Streamer], moments: Iterable[Iterable[int]]) -> None:
    """Activities of the streamers, each at its moments (seconds)."""
    rows = [
        Activity(
            streamer=streamer,
            kind="online",
            dedupe_key=f"online:{number}",
            occurred_at=at(moment),
            source="push",
            recorded_at=at(moment),
            changed_at=at(moment),
        )
        for streamer, its_moments in zip(streamers, moments, strict=True)
        for number, moment in enumerate(its_moments)
    ]
    # Ids in no order of time.
    random.Random(7).shuffle(rows)
    Activity.objects.bulk_create(rows)
    newest = Activity.objects.values("streamer").annotate(at=Max("occurred_at"))
    for pk, moment in newest.values_list("streamer", "at"):
        Streamer.objects.filter(pk=pk).update(last_activity_at=moment)


def ids(activities: Iterable[Activity]) -> list[int]:
    return [activity.pk for activity in activities]


class FeedTests(TestCase):
    def setUp(self) -> None:
        self.viewer = make_user()

    def watched(self, count: int) -> list[Streamer]:
        return [make_subscription(user=self.viewer).streamer for _ in range(count)]

    def test_nobody_watched_and_nothing_happened(self) -> None:
        assert newest_for(self.viewer) == []
        self.watched(2)
        assert newest_for(self.viewer) == []

    def test_newest_first_by_when_it_happened_then_by_id(self) -> None:
        [streamer] = self.watched(1)
        middle = make_activity(streamer=streamer, occurred_at=at(20))
        oldest = make_activity(streamer=streamer, occurred_at=at(10))
        same = make_activity(streamer=streamer, occurred_at=at(20))
        assert ids(newest_for(self.viewer)) == [same.pk, middle.pk, oldest.pk]

    def test_hides_streamers_without_subscription(self) -> None:
        mine = make_activity(streamer=self.watched(1)[0], occurred_at=at(0))
        make_activity(streamer=make_subscription().streamer, occurred_at=at(10))
        make_activity(occurred_at=at(20))
        assert ids(newest_for(self.viewer)) == [mine.pk]

    def test_streamer_whom_many_watch_comes_once(self) -> None:
        [streamer] = self.watched(1)
        make_subscription(streamer=streamer)
        make_activity(streamer=streamer)
        assert len(newest_for(self.viewer)) == 1

    def test_ten_of_one_streamer(self) -> None:
        fill(self.watched(1), [range(30)])
        assert ids(newest_for(self.viewer)) == brute(self.viewer)
        assert len(newest_for(self.viewer)) == 10

    def test_one_of_each_of_many_streamers(self) -> None:
        fill(self.watched(40), [[n] for n in range(40)])
        assert ids(newest_for(self.viewer)) == brute(self.viewer)

    def test_many_streamers_at_one_moment_as_after_a_poll(self) -> None:
        fill(self.watched(40), [[0, 100]] * 40)
        assert ids(newest_for(self.viewer)) == brute(self.viewer)

    def test_tenth_shares_its_moment_with_the_eleventh(self) -> None:
        fill(self.watched(20), [*([[100 + n] for n in range(9)]), *([[50]] * 11)])
        assert ids(newest_for(self.viewer)) == brute(self.viewer)

    def test_cost_does_not_grow(self) -> None:
        fill(self.watched(3), [range(5)] * 3)
        with self.assertNumQueries(2):  # the streamers, the activities with theirs
            assert [row.streamer.login for row in newest_for(self.viewer)]
        fill(self.watched(40), [[*range(20), 100]] * 40)
        with self.assertNumQueries(2):  # the same, though many share their moment
            assert [row.streamer.login for row in newest_for(self.viewer)]

    def test_fewer_can_be_asked_for(self) -> None:
        fill(self.watched(5), [range(5)] * 5)
        assert ids(newest_for(self.viewer, limit=3)) == brute(self.viewer, 3)

    def test_rows_are_whole(self) -> None:
        [streamer] = self.watched(1)
        raid = make_activity(
            streamer=streamer, kind="raid_in", actor_name="Bob 🎮", details={"viewers": 5}
        )
        [row] = newest_for(self.viewer)
        assert (row.pk, row.actor_name, row.details) == (raid.pk, "Bob 🎮", {"viewers": 5})
        assert row.occurred_at == raid.occurred_at
        assert row.streamer.display_name == streamer.display_name


class FeedProperties(PropertyTestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        moments=st.lists(st.lists(st.integers(0, 6), max_size=14), min_size=1, max_size=25),
        limit=st.integers(1, 12),
    )
    def test_same_as_sorting_everything(self, moments: list[list[int]], limit: int) -> None:
        viewer = make_user()
        streamers = [make_streamer() for _ in moments]
        for streamer in streamers[1:]:
            make_subscription(user=viewer, streamer=streamer)
        fill(streamers, moments)
        assert ids(newest_for(viewer, limit)) == brute(viewer, limit)


class LastActivityTests(TestCase):
    def test_feed_trusts_last_activity_at(self) -> None:
        """Why record() and prune() must keep it true."""
        viewer = make_user()
        streamer = make_subscription(user=viewer).streamer
        make_activity(streamer=streamer)
        Streamer.objects.update(last_activity_at=F("last_activity_at") - timedelta(days=1))
        assert len(newest_for(viewer)) == 1
        Streamer.objects.update(last_activity_at=None)
        assert newest_for(viewer) == []
