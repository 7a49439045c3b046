"""Totals of followers, one streamer a request, against the simulator over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import SimpleTestCase, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.twitch import helix
from activity import polling, polling_answers, rings
from activity.drafts import Draft, FollowersCounted
from activity.models import FollowerCount, Ring
from activity.polling import poll
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.helix import Helix, RateLimit
from subscriptions.models import Streamer
from tests.activity.polled_world import LISTS, World, only, polled_world, ring
from tests.activity.saying import START, at
from tests.factories import make_promise

ASKED = "channels/followers"
FEW = 12
DAY = timedelta(hours=24)


class FollowersCase(TestCase):
    world: World

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        opened = polled_world()
        cls.world = opened.__enter__()
        cls.addClassCleanup(opened.__exit__, None, None, None)

    def setUp(self) -> None:
        self.world.simulator.begin_anew()
        self.world.simulator.control.fault("none")
        self.world.watch_requests = lambda: None
        helix()._limits.clear()
        self.enterContext(only(rings.FOLLOWERS))
        self.drafts: list[FollowersCounted] = []
        self.enterContext(patch.object(polling_answers, "record", self.record))
        self.streamers = self.world.watch(FEW)
        self.poll()
        self.world.asked.clear()

    def record(self, drafts: Sequence[Draft]) -> None:
        self.drafts += [draft for draft in drafts if isinstance(draft, FollowersCounted)]

    def poll(self) -> int:
        Ring.objects.update(due_at=timezone.now(), spent_until=timezone.now() - DAY)
        return poll(twitch=helix())

    def let_pass_a_day(self) -> None:
        for count in FollowerCount.objects.all():
            count.base_at -= DAY
            count.save()

    def gain(self, streamer: Streamer, more: int) -> None:
        total = self.world.people()[streamer.twitch_id]["followers_base"]
        self.world.change(streamer.twitch_id, followers_base=total + more)


class RoundTests(FollowersCase):
    def test_the_totals_are_as_twitch_says(self) -> None:
        totals = dict(FollowerCount.objects.values_list("streamer__twitch_id", "total"))
        assert len(totals) == FEW
        for twitch_id, total in totals.items():
            assert total == helix().follower_total(twitch_id)
        assert self.drafts == []

    def test_an_hour_later_they_are_asked_again(self) -> None:
        one = ring("followers")
        assert one.round_began_at is not None
        assert one.due_at - one.round_began_at == timedelta(hours=1)
        assert poll(twitch=helix()) == 0
        self.gain(self.streamers[0], 5)
        before = FollowerCount.objects.get(streamer=self.streamers[0])
        assert self.poll() == FEW
        after = FollowerCount.objects.get(streamer=self.streamers[0])
        assert after.total == before.total + 5
        assert after.as_of > before.as_of
        assert (after.base_total, after.base_at) == (before.base_total, before.base_at)

    def test_a_day_later_the_difference_is_told_once(self) -> None:
        ann, bob, *_ = self.streamers
        self.gain(ann, 312)
        self.gain(bob, -1)
        self.let_pass_a_day()
        since = FollowerCount.objects.get(streamer=ann).base_at
        self.poll()
        told = {draft.twitch_id: draft for draft in self.drafts}
        assert {one: draft.gained for one, draft in told.items()} == {
            ann.twitch_id: 312,
            bob.twitch_id: -1,
        }
        assert told[ann.twitch_id].since == since
        self.drafts.clear()
        self.poll()
        assert self.drafts == []

    def test_killed_before_the_count_is_written_it_says_the_same_again(self) -> None:
        self.gain(self.streamers[0], 312)
        self.let_pass_a_day()
        with (
            patch.object(polling_answers, "crash_point", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.poll()
        self.poll()
        one, again = self.drafts
        assert (one.gained, one.since) == (again.gained, again.since)

    @override_settings(CAN_RECEIVE_WEBHOOKS=True)
    def test_nothing_is_counted_where_each_follower_is_pushed(self) -> None:
        ann, bob, *_ = self.streamers
        for streamer, status in ((ann, "enabled"), (bob, "authorization_revoked")):
            make_promise(subject_id=streamer.twitch_id, type="channel.follow", status=status)
            self.gain(streamer, 10)
        self.let_pass_a_day()
        self.poll()
        assert [draft.twitch_id for draft in self.drafts] == [bob.twitch_id]
        count = FollowerCount.objects.get(streamer=ann)
        assert count.base_total == count.total

    @override_settings(CAN_RECEIVE_WEBHOOKS=False)
    def test_without_an_address_nothing_is_pushed(self) -> None:
        ann = self.streamers[0]
        make_promise(subject_id=ann.twitch_id, type="channel.follow")
        self.gain(ann, 10)
        self.let_pass_a_day()
        self.poll()
        assert [draft.twitch_id for draft in self.drafts] == [ann.twitch_id]

    def test_no_number_is_no_total(self) -> None:
        before = list(FollowerCount.objects.order_by("pk").values())
        bad: list[Any] = [None, -1, "7", True, 1.5, [], 10**30]
        for total in bad:
            with self.subTest(total=total), patch.object(Helix, "_send", answering(total=total)):
                assert self.poll() == FEW
        with patch.object(Helix, "_send", answering()):
            self.poll()
        assert list(FollowerCount.objects.order_by("pk").values()) == before

    def test_a_group_costs_as_many_queries_for_ten_as_for_one(self) -> None:
        self.poll()
        counted = []
        for size in (10, 1):
            with patch.object(polling, "IN_FLIGHT", size):
                one = ring("followers")
                Ring.objects.update(due_at=timezone.now(), spent_until=timezone.now() - DAY)
                assert one.cursor == 0
                with (
                    patch.object(polling, "RUN", timedelta(0)),
                    CaptureQueriesContext(connection) as captured,
                ):
                    poll(twitch=helix())
                counted.append(len(captured))
                Ring.objects.update(cursor=0)
        assert counted[0] == counted[1]


def answering(**body: Any) -> Any:
    """In place of Helix._send."""
    return lambda *_args, **_options: {"data": [], **body}


class TroubleTests(FollowersCase):
    def fault(self, name: str, count: int = 1) -> None:
        self.world.simulator.control.fault(name, count, f"/helix/{ASKED}")

    def warnings(self) -> list[str]:
        with self.assertLogs("activity.polling", "WARNING") as logs:
            self.poll()
        return logs.output

    def test_answers_of_a_bad_day_leave_no_half_state(self) -> None:
        before = list(FollowerCount.objects.order_by("pk").values())
        for fault in ("helix_error", "helix_garbage", "helix_down", "rate_limited"):
            with self.subTest(fault=fault):
                Ring.objects.update(failures=0)
                self.fault(fault)
                assert len(self.warnings()) == 1
                assert list(FollowerCount.objects.order_by("pk").values()) == before
                assert ring("followers").cursor == 0
                helix()._limits.clear()
                self.world.simulator.inside(lambda twitch: twitch.buckets.fill())
        assert self.poll() == FEW
        assert ring("followers").failures == 0

    def test_one_without_an_answer_is_passed_over_until_the_next_round(self) -> None:
        really, bad = Helix.follower_total, self.streamers[3].twitch_id

        def total(twitch: Helix, twitch_id: str) -> int | None:
            if twitch_id == bad:
                raise TwitchUnavailable("answered 500")
            return really(twitch, twitch_id)

        with patch.object(Helix, "follower_total", total):
            (line,) = self.warnings()
        assert "1 of 10 readings are passed over" in line
        assert self.world.asked[ASKED] == FEW - 1
        assert ring("followers").cursor == 0

    def test_one_that_never_answers_does_not_hold_up_the_round_for_ever(self) -> None:
        Ring.objects.update(failures=len(rings.BACK_OFF))
        self.fault("helix_error")
        self.poll()
        one = ring("followers")
        assert one.cursor == self.streamers[0].pk
        assert one.failures == len(rings.BACK_OFF) + 1
        assert self.poll() == FEW - 1
        assert ring("followers").cursor == 0

    def test_a_round_goes_on_where_it_was_when_killed(self) -> None:
        with (
            patch.object(polling, "crash_point", side_effect=[None, KeyboardInterrupt]),
            patch.object(polling, "IN_FLIGHT", 5),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.poll()
        assert ring("followers").cursor == self.streamers[4].pk
        assert self.poll() == FEW - 5


@override_settings(POLL_POINTS_SHARE=50)
class PaceTests(SimpleTestCase):
    """400 points a minute are polling's: ten in 1.5 s."""

    def setUp(self) -> None:
        self.streams = Ring(name="streams", due_at=START, spent_until=START)
        self.followers = Ring(name="followers", due_at=START, spent_until=START)
        self.pace = rings.Pace([self.streams, self.followers])

    def spend(self, one: Ring, second: float) -> int:
        """As many points as it gets then."""
        points = self.pace.group(one, at(second), None, 10)
        if points:
            self.pace.spend(points, at(second), None)
            one.spent_until = self.pace.spent_until
        return points

    def test_a_tenth_while_a_quick_round_needs_the_rest(self) -> None:
        spent = {"streams": 0, "followers": 0}
        for tenth in range(6000):  # Ten minutes.
            for one in (self.followers, self.streams):
                spent[one.name] += self.spend(one, tenth / 10)
        assert 350 <= spent["followers"] <= 400
        assert sum(spent.values()) >= 4000

    def test_more_when_the_quick_rounds_leave_some(self) -> None:
        self.streams.due_at = at(600)
        spent = sum(self.spend(self.followers, tenth / 10) for tenth in range(6000))
        assert 3900 <= spent <= 4100

    def test_the_quick_rounds_find_points_to_begin_with(self) -> None:
        self.streams.due_at = at(60)
        for tenth in range(600):
            self.spend(self.followers, tenth / 10)
        begun = sum(self.spend(self.streams, 60) for _ in range(10))
        assert begun >= 30

    @override_settings(POLL_POINTS_SHARE=1)
    def test_the_smallest_share_is_enough_for_one_after_another(self) -> None:
        assert [self.spend(self.followers, second) for second in (0, 60, 68, 75)] == [0, 0, 1, 0]

    def test_what_twitch_says_is_left_is_obeyed(self) -> None:
        self.streams.due_at = at(600)
        few = RateLimit(limit=800, remaining=105, reset_at=0, seen_at=at(30).timestamp())
        assert self.pace.group(self.followers, at(30), few, 10) == 0
        more = RateLimit(limit=800, remaining=110, reset_at=0, seen_at=at(30).timestamp())
        assert self.pace.group(self.followers, at(30), more, 10) == 10


class AllRingsTests(TestCase):
    def test_all_go_round_and_each_kind_has_its_own_period(self) -> None:
        with polled_world() as world:
            world.watch_cast("ada_streams", "bob_watches", "carla_plays")
            world.consent("ada_streams")
            poll(twitch=helix())
            # The quick rounds come first.
            Ring.objects.update(spent_until=timezone.now() - DAY)
            poll(twitch=helix())
            lists = {"streams": 1, "channels": 1, "users": 1}
            assert world.asked == {**lists, ASKED: 3, "channels/followed": 1}
        periods = {"streams": 61.0, "channels": 75.0, "profiles": 86_400.0, "followers": 3600.0}
        for name, period in {**periods, "followed": 90.0}.items():
            Ring.objects.filter(name=name).update(period_seconds=period)
        assert rings.polled_seconds() == {
            "online": 61.0,
            "offline": 61.0,
            "changed": 75.0,
            "follows": 90.0,
        }
        assert rings.period_seconds() == 75
        with override_settings(POLL_POINTS_SHARE=0):
            assert rings.polled_seconds() == {}

    def test_the_lists_are_those_of_many_a_request(self) -> None:
        assert set(rings.PERIODS) == {*LISTS, *rings.ONE_BY_ONE}
