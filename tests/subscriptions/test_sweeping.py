"""Taking up what was left undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.helix import RateLimit
from streamwatch.twitch.payloads import Promise
from subscriptions import agreeing, consenting, paging, promises, sweeping, tasks
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback
from subscriptions.sweeping import sweep
from tests.factories import make_promise, make_streamer, make_subscription, make_want
from tests.subscriptions.twitch_here import ADA, CARLA, listed, settled, twitch_here

CALLBACK = callback()


class SweepTests(TestCase):
    """Which Twitch ids are taken up; nothing is asked."""

    def setUp(self) -> None:
        agree = patch.object(sweeping, "agree", return_value=True)
        self.agree = self.enterContext(agree)
        # The application's own would be among all of them.
        self.enterContext(patch.object(consenting, "APPLICATION_TYPES", ()))

    def swept(self) -> list[str]:
        self.agree.reset_mock()
        sweep(twitch=helix())
        return [call.kwargs["subject_id"] for call in self.agree.call_args_list]

    def test_wants_without_a_row(self) -> None:
        want = make_want(subscription=make_subscription())
        assert self.swept() == [want.subject_id]

    def test_not_wants_that_have_ended(self) -> None:
        make_want(subscription=make_subscription(), until=timezone.now())
        assert self.swept() == []

    def test_rows_that_nobody_wants(self) -> None:
        make_promise(subject_id="1", due_at=timezone.now() + timedelta(hours=1))
        assert self.swept() == ["1"]

    def test_not_rows_whose_deletion_must_wait(self) -> None:
        due_at = timezone.now() + timedelta(hours=1)
        make_promise(subject_id="1", failures=1, due_at=due_at, callback=CALLBACK)
        assert self.swept() == []

    def test_rows_that_are_due(self) -> None:
        now = timezone.now()
        for subject, due_at in (
            ("1", now + timedelta(seconds=30)), ("2", now - timedelta(seconds=1)), ("3", None),
        ):  # fmt: skip
            subscription = make_subscription(streamer=make_streamer(twitch_id=subject))
            make_want(subscription=subscription)
            make_promise(subject_id=subject, due_at=due_at, callback=CALLBACK)
        assert sorted(self.swept()) == ["2", "3"]

    def test_rows_that_name_an_address_which_is_ours_no_more(self) -> None:
        due_at = timezone.now() + timedelta(minutes=1)
        subscription = make_subscription()
        make_want(subscription=subscription)
        row = make_promise(
            subject_id=subscription.streamer.twitch_id, due_at=due_at, callback="https://former/"
        )
        assert self.swept() == [row.subject_id]
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            assert self.swept() == []
        promises.write(row, trouble="tried in vain")
        assert self.swept() == []

    def test_wants_of_viewers_who_are_gone(self) -> None:
        subscription = make_subscription()
        other = make_subscription()
        for one in (subscription, other):
            make_want(subscription=one)
        subscription.user.delete()
        assert self.swept() == [other.streamer.twitch_id]
        assert [want.owner_id for want in EventSubWant.objects.all()] == [other.pk]

    def many(self, **fields: Any) -> None:
        """25 that are due, the first one the longest."""
        for number in range(25):
            due_at = timezone.now() - timedelta(seconds=100 - number)
            subject = f"s{number}"
            make_want(subscription=make_subscription(streamer=make_streamer(twitch_id=subject)))
            make_promise(subject_id=subject, callback=CALLBACK, due_at=due_at, **fields)

    def has(self, points: int) -> None:
        """So many points are left."""
        seen = RateLimit(800, points, 0, timezone.now().timestamp())
        self.enterContext(patch.dict(helix()._limits, {"": seen}))

    def test_at_most_twenty_at_once_the_longest_waiting_first(self) -> None:
        self.many(trouble="tried in vain")
        assert self.swept() == [f"s{number}" for number in range(20)]

    def test_as_many_as_there_are_points_above_a_quarter(self) -> None:
        self.enterContext(patch.object(sweeping, "FEW_SUBJECTS", 1000))
        self.many(trouble="tried in vain")
        self.has(points=800)
        assert len(self.swept()) == 25
        self.has(points=211)
        assert 11 <= len(self.swept()) < 25
        self.has(points=150)
        assert self.swept() == []

    def test_many_that_are_only_to_be_compared_are_left_to_the_whole_list(self) -> None:
        self.many()
        with patch.object(paging, "hurry") as hurry:
            assert self.swept() == []
            hurry.assert_called_once_with()
            EventSubSubscription.objects.filter(subject_id__gt="s2").update(
                due_at=timezone.now() + timedelta(hours=1)
            )
            assert len(self.swept()) == 13
            hurry.assert_called_once_with()

    def test_a_long_look_at_everything_is_not_repeated_at_once(self) -> None:
        self.enterContext(patch.object(sweeping, "LONG_LOOK_SECONDS", -1.0))
        self.swept()
        Lease.objects.filter(name="subscriptions.look").update(
            until=timezone.now() + timedelta(seconds=9)
        )
        want = make_want(subscription=make_subscription())
        make_promise(subject_id="1", trouble="tried in vain")
        assert self.swept() == ["1"]
        Lease.objects.filter(name="subscriptions.look").update(until=timezone.now())
        assert set(self.swept()) == {"1", want.subject_id}

    def test_what_differs_comes_before_all_that_is_due(self) -> None:
        self.many(trouble="tried in vain")
        EventSubSubscription.objects.filter(subject_id="s24").update(due_at=None)
        assert self.swept()[0] == "s24"

    def test_one_that_breaks_does_not_stop_the_others(self) -> None:
        for subject in ("1", "2"):
            make_promise(subject_id=subject)
        self.agree.side_effect = [ValueError("broken"), True]
        assert sweep(twitch=helix()) == 1
        assert self.agree.call_count == 2

    def test_begins_no_other_when_its_time_is_up(self) -> None:
        for subject in ("1", "2"):
            make_promise(subject_id=subject)
        with patch.object(sweeping, "BUDGET_SECONDS", -1.0):
            assert self.swept() == []

    def test_one_at_a_time(self) -> None:
        make_promise(subject_id="1")
        token = Lease.objects.take("subscriptions.sweep", lifetime=timedelta(minutes=1))
        assert self.swept() == []
        Lease.objects.give_back("subscriptions.sweep", token)
        assert self.swept() == ["1"]
        assert self.swept() == ["1"]

    def test_forgets_old_leases_of_its_own(self) -> None:
        for name in ("subscriptions.reconcile:1", "subscriptions.reconcile:2", "other"):
            Lease.objects.take(name, lifetime=timedelta(seconds=1))
        old = timezone.now() - timedelta(hours=2)
        Lease.objects.exclude(name="subscriptions.reconcile:2").update(until=old)
        self.swept()
        names = {lease.name for lease in Lease.objects.all()}
        assert names == {"subscriptions.reconcile:2", "other", "subscriptions.sweep"}

    def test_an_idle_sweep_costs_few_queries(self) -> None:
        self.swept()
        # Lease; a lease; wants without owner; consents and application (4); what is due five ways;
        # leases of topics; old leases; lease.
        with self.assertNumQueries(15):  # as said
            sweep(twitch=helix())


class SweepAndTwitchTests(TestCase):
    """The whole way, over HTTP with the simulator."""

    def setUp(self) -> None:
        self.simulator, self.callback = self.enterContext(twitch_here())
        self.subscription = make_subscription(streamer=make_streamer(twitch_id=ADA))
        make_want(subscription=self.subscription)

    def later(self, **time: int) -> None:
        """The rows become older."""
        for row in EventSubSubscription.objects.all():
            assert row.due_at is not None
            row.due_at -= timedelta(**time)
            row.save(update_fields=["due_at"])

    def row(self, subject_id: str = ADA) -> EventSubSubscription:
        return EventSubSubscription.objects.get(subject_id=subject_id)

    def test_a_broker_that_was_away_is_made_good(self) -> None:
        tasks.sweep()
        assert len(listed(ADA)) == 1

    def test_a_worker_killed_before_it_asked_is_made_good(self) -> None:
        make_promise(
            subject_id=ADA, twitch_id="", status="", due_at=timezone.now() - timedelta(seconds=5)
        )
        tasks.sweep()
        assert len(listed(ADA)) == 1

    def test_a_challenge_that_nobody_confirmed_is_looked_after(self) -> None:
        tasks.sweep()
        settled(ADA)
        self.later(seconds=19)
        tasks.sweep()
        assert not self.row().is_enabled
        self.later(seconds=1)
        tasks.sweep()
        assert self.row().is_enabled

    def test_a_promise_that_died_silently_is_found_within_minutes(self) -> None:
        tasks.sweep()
        settled(ADA)
        self.later(seconds=20)
        tasks.sweep()
        self.simulator.control.fault("drop_subscription")
        self.later(minutes=9)
        tasks.sweep()
        assert listed(ADA) == []
        self.later(minutes=3)
        tasks.sweep()
        assert len(listed(ADA)) == 1

    def test_after_a_back_off_it_is_asked_again(self) -> None:
        self.simulator.control.fault("webhook_callback_verification_failed")
        tasks.sweep()
        settled(ADA)
        self.later(seconds=20)
        tasks.sweep()
        assert "challenge was not answered" in self.row().trouble
        tasks.sweep()
        assert listed(ADA) == []
        self.later(seconds=10)
        tasks.sweep()
        settled(ADA)
        self.later(seconds=20)
        tasks.sweep()
        assert self.row().is_enabled

    def test_what_nobody_wants_is_ended(self) -> None:
        tasks.sweep()
        self.subscription.user.delete()
        tasks.sweep()
        assert listed(ADA) == []
        assert not EventSubSubscription.objects.filter(subject_id=ADA).exists()

    def test_twitch_away_for_one_does_not_keep_the_others_waiting(self) -> None:
        make_want(subscription=make_subscription(streamer=make_streamer(twitch_id=CARLA)))
        real = helix().make_promise

        def make(**asked: Any) -> Promise:
            if ADA in asked["condition"].values():
                raise TwitchUnavailable("away")
            return real(**asked)

        with patch.object(helix(), "make_promise", make):
            tasks.sweep()
        assert self.row().failures == 1
        assert self.row(CARLA).twitch_id
        with patch.object(agreeing, "agree") as agree:
            tasks.sweep()
        agree.assert_not_called()
