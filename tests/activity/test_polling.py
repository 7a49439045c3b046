"""Rings over all watched streamers, against the simulator over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from accounts.twitch import helix
from activity import polling, rings, tasks
from activity.models import Absence, Activity, Ring
from activity.polling import poll
from streamwatch.models import Lease
from subscriptions.models import Streamer, Subscription
from tests.activity.polled_world import (
    LISTS,
    World,
    just_now,
    make_due,
    only,
    polled_world,
    ring,
    told,
)
from tests.activity.saying import POLL

ALL = {"streams": 3, "channels": 3, "users": 3}
MANY = 250


class PollingCase(TestCase):
    world: World

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        opened = polled_world(streamers=MANY)
        cls.world = opened.__enter__()
        cls.addClassCleanup(opened.__exit__, None, None, None)

    def setUp(self) -> None:
        self.world.simulator.begin_anew()
        self.world.simulator.control.fault("none")
        self.world.asked.clear()
        # Another test's token and bucket say nothing about this world.
        helix()._limits.clear()
        self.enterContext(only(*LISTS))

    def poll(self) -> int:
        return poll(twitch=helix())


class RoundTests(PollingCase):
    def test_a_round_over_250_streamers(self) -> None:
        streamers = self.world.watch(MANY)
        assert self.poll() == 9
        assert self.world.asked == ALL
        watched = {streamer.twitch_id for streamer in streamers}
        live = {
            (person["id"], person["stream_id"])
            for person in self.world.people().values()
            if person["stream_id"] and person["id"] in watched
        }
        assert len(live) > 50
        known = Streamer.objects.exclude(live_stream_id="")
        assert set(known.values_list("twitch_id", "live_stream_id")) == live
        assert Activity.objects.filter(source=POLL, kind="online").count() == len(live)
        assert Activity.objects.count() == len(live)

    def test_beginnings_have_their_true_time_and_old_ones_are_late(self) -> None:
        self.world.watch(MANY)
        self.poll()
        began = {
            f"online:{person['stream_id']}": datetime.fromtimestamp(person["started_at"], UTC)
            for person in self.world.people().values()
            if person["stream_id"]
        }
        for key, moment, late in told():
            assert abs(moment - began[key]) < timedelta(seconds=1)
            assert late is (timezone.now() - moment > timedelta(minutes=10))

    def test_nothing_is_asked_before_it_is_due(self) -> None:
        self.world.watch(3)
        self.poll()
        assert self.poll() == 0
        for name, seconds in (("streams", 60), ("channels", 60), ("profiles", 24 * 3600)):
            one = ring(name)
            assert one.round_began_at is not None
            assert one.due_at - one.round_began_at == timedelta(seconds=seconds)

    def test_the_next_round_says_nothing_again_and_measures_the_period(self) -> None:
        self.world.watch(MANY)
        self.poll()
        before = told()
        make_due("streams", "channels")
        assert self.poll() == 6
        assert told() == before
        one = ring("streams")
        assert one.round_seconds is not None
        assert one.round_seconds < 30
        assert one.period_seconds is not None
        assert 59 < one.period_seconds < 90
        assert rings.period_seconds() == max(
            60, round(max(ring(name).period_seconds or 0 for name in ("streams", "channels")))
        )

    def test_after_hours_without_workers_the_period_is_not_measured(self) -> None:
        self.world.watch(3)
        self.poll()
        for _ in range(3):
            make_due("streams")
        self.poll()
        assert ring("streams").period_seconds is None

    def test_what_changed_is_found(self) -> None:
        ann, bob, cat = self.world.watch(3)
        self.poll()
        Activity.objects.all().delete()
        self.world.change(ann.twitch_id, title="Endgames")
        self.world.change(bob.twitch_id, name="Robert")
        self.world.change(cat.twitch_id, login="kitty", name="Kitty")
        make_due("channels")
        self.poll()
        assert {kind for kind, _, _ in told()} == {"changed:1", "renamed:1"}
        assert Activity.objects.count() == 3
        ann.refresh_from_db()
        assert ann.title == "Endgames"

    def test_a_stream_has_ended_when_two_rounds_lack_it(self) -> None:
        self.world.watch(MANY)
        self.poll()
        hour_ago = timezone.now() - timedelta(hours=1)
        Streamer.objects.exclude(live_stream_id="").update(live_started_at=hour_ago)
        ann = Streamer.objects.exclude(live_stream_id="").order_by("pk")[0]
        Activity.objects.all().delete()
        self.world.change(ann.twitch_id, stream_id=None, started_at=None)
        make_due("streams")
        self.poll()
        noticed = Absence.objects.get()
        assert told() == []
        make_due("streams")
        self.poll()
        ended = Activity.objects.get()
        assert ended.dedupe_key == f"offline:{ann.live_stream_id}"
        assert ended.occurred_at == noticed.noticed_at
        assert just_now(ended.occurred_at)
        ann.refresh_from_db()
        assert ann.live_stream_id == ""

    def test_only_watched_ones_are_asked_about(self) -> None:
        self.world.watch(3)
        Subscription.objects.all().delete()
        assert self.poll() == 0
        assert self.world.asked == {}

    def test_a_dead_token_is_renewed_once(self) -> None:
        self.world.watch(MANY)
        helix().profiles(logins=["ada_streams"])
        self.world.simulator.control.fault("expire_tokens")
        self.poll()
        # The one that begins, nine of the rings, and the first of these again.
        assert sum(self.world.asked.values()) == 11


class KilledTests(PollingCase):
    def test_a_round_goes_on_where_it_was_when_killed(self) -> None:
        streamers = self.world.watch(MANY)
        with patch.object(polling, "IN_FLIGHT", 1):
            calls: list[str] = []

            def killed(name: str) -> None:
                calls.append(name)
                # The second group of the first two rings: recorded, but not written down.
                if len(calls) == 4:
                    raise KeyboardInterrupt

            with patch.object(polling, "crash_point", killed), self.assertRaises(KeyboardInterrupt):
                self.poll()
            cursors = sorted(Ring.objects.values_list("cursor", flat=True))
            assert cursors == [streamers[99].pk] * 3
            assert sum(self.world.asked.values()) == 4
            self.poll()
        # One request was made again.
        assert sum(self.world.asked.values()) == 10
        assert set(Ring.objects.values_list("cursor", flat=True)) == {0}
        keys = list(Activity.objects.values_list("streamer", "dedupe_key"))
        assert len(keys) == len(set(keys)) == Streamer.objects.exclude(live_stream_id="").count()

    def test_two_at_once_say_nothing_twice_and_one_stops(self) -> None:
        self.world.watch(MANY)
        others: list[int] = []

        def other_worker() -> None:
            self.world.watch_requests = lambda: None
            others.append(self.poll())

        self.world.watch_requests = other_worker
        assert self.poll() == 3  # The group that was under way.
        assert others == [9]
        assert set(Ring.objects.values_list("cursor", flat=True)) == {0}
        keys = list(Activity.objects.values_list("streamer", "dedupe_key"))
        assert len(keys) == len(set(keys))

    def test_the_task_leaves_it_to_whoever_has_the_lease(self) -> None:
        self.world.watch(3)
        token = Lease.objects.take("activity.poll", lifetime=timedelta(minutes=1))
        tasks.poll()
        assert self.world.asked == {}
        Lease.objects.give_back("activity.poll", token)
        tasks.poll()
        assert sum(self.world.asked.values()) == 3
        assert Lease.objects.take("activity.poll", lifetime=timedelta(seconds=1))


class TroubleTests(PollingCase):
    def fault(self, name: str, count: int = 1, path: str = "") -> None:
        self.world.simulator.control.fault(name, count, path)

    def warnings(self) -> list[str]:
        with self.assertLogs("activity.polling", "WARNING") as logs:
            self.poll()
        return logs.output

    def test_an_empty_bucket_stops_all_rings_until_it_is_full(self) -> None:
        self.world.watch(MANY)
        self.fault("rate_limited")
        (line,) = self.warnings()
        assert "Twitch's points are used up" in line
        assert sum(self.world.asked.values()) == 1
        now = timezone.now()
        for one in Ring.objects.all():
            assert timedelta(seconds=50) < one.due_at - now <= timedelta(seconds=60)
        assert self.poll() == 0
        make_due()
        self.world.simulator.inside(lambda twitch: twitch.buckets.fill())
        helix()._limits.clear()
        assert self.poll() == 9

    def test_what_is_left_in_the_bucket_is_obeyed(self) -> None:
        self.world.watch(MANY)
        token = self.world.simulator.app_token()
        # Others spend: the reserve for people's own questions is what is left.
        with patch.object(rings, "RESERVE", 1.0):
            helix().profiles(logins=["ada_streams"])
            assert self.poll() == 0
        assert token
        limit = helix().rate_limit
        assert limit is not None
        assert (limit.limit, limit.remaining) == (800, 799)

    def test_twitch_away_is_logged_once_and_asked_less_and_less(self) -> None:
        self.world.watch(3)
        self.fault("helix_down", 12)
        lines = self.warnings()
        assert len(lines) == 3  # One a ring.
        waits = []
        for _ in range(3):
            Ring.objects.update(due_at=timezone.now())
            with self.assertNoLogs("activity.polling", "WARNING"):
                self.poll()
            waits.append(round((ring("streams").due_at - timezone.now()).total_seconds()))
        assert waits == [15, 60, 120]
        Ring.objects.update(due_at=timezone.now())
        with self.assertLogs("activity.polling", "INFO") as logs:
            assert self.poll() == 3
        assert len(logs.output) == 3
        assert ring("streams").failures == 0

    def test_answers_of_a_bad_day_leave_no_half_state(self) -> None:
        self.world.watch(MANY)
        for fault in ("helix_error", "helix_garbage", "helix_down"):
            with self.subTest(fault=fault):
                Ring.objects.all().delete()
                self.fault(fault, 3)
                assert len(self.warnings()) == 3
                assert told() == []
                assert set(Ring.objects.values_list("cursor", flat=True)) == {0}
        Ring.objects.update(due_at=timezone.now())
        self.poll()
        assert Streamer.objects.exclude(live_stream_id="").exists()

    def test_what_came_before_the_trouble_is_kept(self) -> None:
        streamers = self.world.watch(MANY)
        answers = iter([None, "helix_down", None])

        def trouble() -> None:
            if fault := next(answers, None):
                self.fault(fault, 1, "/helix/streams")

        self.world.watch_requests = trouble
        with (
            patch.object(polling, "ASK", {"streams": polling.ASK["streams"]}),
            patch.object(rings, "PERIODS", {"streams": rings.PERIODS["streams"]}),
            patch.object(polling, "IN_FLIGHT", 3),
        ):
            self.warnings()
        self.world.watch_requests = lambda: None
        one = ring("streams")
        assert one.cursor in {streamers[99].pk, streamers[199].pk}
        assert one.failures == 1


class BudgetTests(PollingCase):
    def test_a_small_share_makes_the_round_longer(self) -> None:
        self.world.watch(MANY)
        with override_settings(POLL_POINTS_SHARE=1):  # 8 points a minute: one in 7.5 s.
            assert self.poll() == 1
            assert self.poll() == 0
            for turn in range(1, 9):
                long_ago = timezone.now() - timedelta(minutes=3)
                for one in Ring.objects.all():
                    one.spent_until = min(one.spent_until, long_ago) + timedelta(seconds=turn)
                    one.save()
                assert self.poll() == 1
        assert self.world.asked == ALL

    def test_no_more_than_ten_requests_are_under_way(self) -> None:
        self.world.watch(MANY)
        with patch.object(polling, "IDS_A_REQUEST", 10):
            taken: list[int] = []
            asked = polling._Run._asked

            def counted(run: Any, ask: Any, batches: Any) -> Any:
                taken.append(len(batches))
                return asked(run, ask, batches)

            with patch.object(polling._Run, "_asked", counted):
                self.poll()
        assert max(taken) == 10
        # 400 points a minute, of which those of ten seconds at once, in a run of some seconds.
        assert 60 <= sum(taken) < 110

    def test_switched_off_nothing_is_said_of_polling(self) -> None:
        with override_settings(POLL_POINTS_SHARE=0):
            assert rings.period_seconds() == 0


class NoTransactionTests(TransactionTestCase):
    def test_none_is_open_while_twitch_is_asked(self) -> None:
        with polled_world(streamers=120) as world:
            world.watch(120)
            open_ones: list[bool] = []
            world.watch_requests = lambda: open_ones.append(connection.in_atomic_block)
            with only(*LISTS):
                assert poll(twitch=helix()) == 6
            assert open_ones == [False] * 6
