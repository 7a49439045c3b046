"""Places in Twitch's budget, over HTTP with a simulator whose budget is small."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from unittest.mock import patch

from django.test import TestCase
from django.utils import timezone

from accounts.models import Grant
from accounts.twitch import helix
from simulator.testing import wait_for
from streamwatch import live
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.helix import TotalCost
from subscriptions import tasks
from subscriptions.consenting import agree_with_consents
from subscriptions.models import Budget, EventSubSubscription, EventSubWant, Streamer, Subscription
from subscriptions.panel import states_of
from subscriptions.reconciling import confirm
from subscriptions.spending import Spending, spend
from subscriptions.subscribing import subscribe
from subscriptions.sweeping import sweep
from tests.factories import make_subscription, make_user, make_want
from tests.subscriptions.twitch_here import ADA, BOB, CARLA, listed, twitch_here

LOGINS = {ADA: "ada_streams", BOB: "bob_builds", CARLA: "carla_plays"}


def is_settled(subject_id: str) -> bool:
    return all(one.status != Status.PENDING for one in listed(subject_id))


class SmallBudgetTests(TestCase):
    """8 of 9 units may be used: the application's own, one streamer's six promises and a bit."""

    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here(max_total_cost=9))
        agree_with_consents()
        for _ in range(3):
            self.watch("ada_streams")

    def watch(self, login: str) -> Subscription:
        return subscribe(user=make_user(), login=login, twitch=helix())

    def work(self) -> None:
        """Spend, and sweep until nothing is left to do."""
        spend(twitch=helix())
        for _ in range(3):
            EventSubSubscription.objects.update(due_at=timezone.now())
            sweep(twitch=helix())
            for subject in EventSubWant.objects.values_list("subject_id", flat=True).distinct():
                wait_for(partial(is_settled, subject), "the end of all challenges")
                confirm(subject_id=subject, twitch=helix())

    def enabled(self) -> dict[str, list[str]]:
        """What Twitch sends, by the last letters of type."""
        found: dict[str, list[str]] = {}
        for subject in (ADA, CARLA):
            types = sorted(one.type for one in listed(subject) if one.status == "enabled")
            if types:
                found[subject] = types
        return found

    def state(self, twitch_id: str) -> tuple[str, str]:
        streamer = Streamer.objects.get(twitch_id=twitch_id)
        state = states_of([streamer])[streamer.pk]
        return state.code, state.sentence

    def test_going_live_of_all_comes_first(self) -> None:
        self.work()
        assert len(self.enabled()[ADA]) == 6
        self.watch("carla_plays")
        self.work()
        assert self.enabled() == {
            ADA: ["channel.raid", "channel.update", "stream.offline", "stream.online"],
            CARLA: ["channel.update", "stream.offline", "stream.online"],
        }
        assert helix().total_cost() == TotalCost(8, 9)
        for subject in (ADA, CARLA):
            assert self.state(subject) == ("watching", "Watching")
        # Nothing is in trouble, and nothing is asked in vain again.
        assert not EventSubSubscription.objects.exclude(trouble="").exists()
        assert spend(twitch=helix()) == Spending(0, 0)

    def test_whoever_consents_costs_nothing(self) -> None:
        self.watch("carla_plays")
        self.work()
        self.simulator.log_in("ada_streams", "user:read:follows")
        ada = make_user(twitch_id=ADA, login="ada_streams")
        grant = Grant.objects.create(user=ada, scopes=["user:read:follows"])
        self.work()
        self.work()
        assert {subject: len(types) for subject, types in self.enabled().items()} == {
            ADA: 6,
            CARLA: 6,
        }
        grant.state = Grant.State.DEAD
        grant.save()
        spend(twitch=helix())
        assert EventSubSubscription.objects.filter(has_place=True).count() == 8

    def test_what_has_no_place_for_going_live_says_so(self) -> None:
        others = [person["login"] for person in self.simulator.control.people()]
        crowd = [login for login in others if login not in LOGINS.values()][:7]
        for login in crowd:
            self.watch(login)
        self.work()
        rows = EventSubSubscription.objects.filter(type="stream.online", has_place=False)
        assert EventSubSubscription.objects.filter(has_place=True).count() == 8
        assert rows.count() == 1
        assert self.state(rows.get().subject_id) == (
            "watching",
            "Twitch's budget is used up: checked by polling",
        )
        assert self.enabled()[ADA] == ["stream.online"]
        # Four more viewers than the one with the fewest: it takes a place.
        polled = Streamer.objects.get(twitch_id=rows.get().subject_id)
        for _ in range(4):
            self.watch(polled.login)
        with patch.object(live, "publish") as publish:
            assert spend(twitch=helix()) == Spending(1, 1)
        publish.assert_called_once_with("subscriptions")
        self.work()
        assert self.state(polled.twitch_id) == ("watching", "Watching")
        assert helix().total_cost().total_cost == 8

    def test_when_viewers_leave_the_places_are_given_to_others(self) -> None:
        subscription = self.watch("carla_plays")
        self.work()
        EventSubWant.objects.filter(owner_id=subscription.pk).delete()
        self.work()
        assert len(self.enabled()[ADA]) == 6

    def test_a_killed_process_leaves_room_and_no_debts(self) -> None:
        self.work()
        self.watch("carla_plays")
        spend(twitch=helix())
        # Only the newcomers are looked at: Twitch refuses what has no room yet.
        sweep(twitch=helix())
        wait_for(lambda: helix().total_cost().total_cost <= 9, "the cost")
        self.work()
        assert helix().total_cost() == TotalCost(8, 9)

    def test_the_task_is_a_shell(self) -> None:
        tasks.spend()
        budget = Budget.objects.get()
        assert str(budget) == "0 of 9"


class SpendingTests(TestCase):
    """What is written; Twitch's answer is made up."""

    def spend(self, total_cost: int, max_total_cost: int) -> Spending:
        total = TotalCost(total_cost, max_total_cost)
        with patch.object(helix(), "total_cost", return_value=total):
            return spend(twitch=helix())

    def test_where_there_is_room_for_all_little_is_read(self) -> None:
        make_want(subscription=make_subscription())
        self.spend(0, 10_000)
        # Lease 1; budget 2 (savepoints beside); rows polled, leases, all rows, wants without;
        # lease 1.
        with self.assertNumQueries(10):
            self.spend(0, 10_000)
        assert not EventSubSubscription.objects.exists()

    def test_a_row_is_written_for_what_was_not_asked_yet(self) -> None:
        for _ in range(3):
            make_want(subscription=make_subscription())
        assert self.spend(0, 3) == Spending(0, 0)
        rows = EventSubSubscription.objects.order_by("-has_place")
        assert [row.has_place for row in rows] == [True, True, False]

    def test_what_topics_want_has_a_tenth_at_most_even_where_there_is_room(self) -> None:
        for number in range(4):
            make_want(
                subscription=make_subscription(),
                owner_kind=EventSubWant.OwnerKind.TOPIC,
                owner_id=number,
                until=timezone.now() + timedelta(minutes=2),
            )
        self.spend(0, 31)
        # Of 30.
        assert EventSubSubscription.objects.filter(has_place=True).count() == 3

    def test_however_many_connections_are_one_viewer(self) -> None:
        watched, listened = (make_subscription() for _ in range(2))
        for _ in range(2):
            make_want(subscription=make_subscription(streamer=watched.streamer))
        make_want(subscription=listened)
        for number in range(40):
            make_want(
                subscription=listened,
                owner_kind=EventSubWant.OwnerKind.TOPIC,
                owner_id=number,
                until=timezone.now() + timedelta(minutes=2),
            )
        # Two viewers each, and the first of equals by name.
        assert self.spend(0, 2) == Spending(0, 0)
        row = EventSubSubscription.objects.get(has_place=True)
        assert row.subject_id == min(watched.streamer.twitch_id, listened.streamer.twitch_id)

    def test_what_others_use_of_the_budget_is_not_ours(self) -> None:
        for _ in range(3):
            make_want(subscription=make_subscription())
        self.spend(9_999, 10_000)
        assert EventSubSubscription.objects.filter(has_place=True).count() == 0

    def test_no_answer_changes_nothing(self) -> None:
        make_want(subscription=make_subscription())
        with patch.object(helix(), "total_cost", side_effect=TwitchUnavailable("away")):
            assert spend(twitch=helix()) == Spending()
        assert not Budget.objects.exists()

    def test_numbers_that_cannot_be_are_no_error(self) -> None:
        make_want(subscription=make_subscription())
        self.spend(-5, -1)
        assert str(Budget.objects.get()) == "0 of 0"
        assert not EventSubSubscription.objects.filter(has_place=True).exists()

    def test_one_at_a_time(self) -> None:
        Lease.objects.take("subscriptions.spend", lifetime=timedelta(minutes=1))
        with patch.object(helix(), "total_cost") as asked:
            spend(twitch=helix())
        asked.assert_not_called()
