"""`manage.py reconcile`, over HTTP with the simulator."""

from __future__ import annotations

import threading
from collections import Counter
from io import StringIO
from typing import Any
from unittest.mock import Mock, patch

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase, override_settings

from accounts.twitch import helix
from streamwatch.twitch.errors import LimitReached, TwitchUnavailable
from streamwatch.twitch.helix import Helix, PatientHelix, TokenSource, TotalCost
from subscriptions import agreeing, comparing
from subscriptions.models import Budget, EventSubSubscription, EventSubWant
from subscriptions.promises import callback
from subscriptions.subscribing import subscribe
from tests.factories import make_promise, make_user
from tests.simulator.callbacks import SECRET
from tests.subscriptions.reconcile_case import TYPES, ReconcileCase, rows
from tests.subscriptions.test_races import at_once
from tests.subscriptions.twitch_here import ADA, BOB, CARLA, listed, settled, twitch_here


def reconcile(**options: Any) -> str:
    out = StringIO()
    call_command("reconcile", stdout=out, **options)
    return out.getvalue()


class CommandTests(ReconcileCase):
    """In this thread: others would not see what the test has not committed."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(patch.object(comparing, "_each", one_by_one))

    def test_a_dry_run_prints_the_plan_and_does_nothing(self) -> None:
        text = reconcile(dry_run=True)
        assert "create   stream.online broadcaster_user_id=700000001: it is wanted" in text
        assert text.endswith("Plan: create 6, adopt 0, recreate 0, delete 0, leave 0.\n")
        assert (rows(), listed(ADA), Budget.objects.count()) == ([], [], 0)

    def test_it_does_what_it_printed(self) -> None:
        self.watch("carla_plays")
        assert "Plan: create 12," in (text := reconcile())
        assert text.endswith("Twitch ids: 2 done, 0 left to another worker, 0 failed.\n")
        assert Counter(one.type for one in listed(ADA)) == TYPES
        settled(ADA)
        settled(CARLA)
        text = reconcile()
        assert text.startswith("Plan: create 0, adopt 0, recreate 0, delete 0, leave 12.")
        assert "leave    channel.raid" in reconcile(dry_run=True, verbosity=2)

    def test_every_deed_is_said_with_its_reason(self) -> None:
        self.watch("carla_plays")
        for subject in (ADA, CARLA):
            self.confirmed(subject)
        by_type = {row.type: row for row in rows()}
        # Adopted: the answer was lost. Recreated: one vanished, one died.
        EventSubSubscription.objects.filter(pk=by_type["stream.online"].pk).update(
            twitch_id="", status=""
        )
        helix().end_promise(by_type["stream.offline"].twitch_id)
        dead = by_type["channel.update"].twitch_id
        self.simulator.inside(
            lambda twitch: twitch.subscriptions.set_status(dead, "notification_failures_exceeded")
        )
        # Deleted: nobody wants it; nobody knows of it.
        EventSubWant.objects.filter(type="user.update", subject_id=ADA).delete()
        stray = self.ask("channel.shared_chat.begin", BOB)
        text = reconcile()
        about = f"broadcaster_user_id={ADA}"
        for line in (
            f"adopt    stream.online {about}: Twitch has promised it already",
            f"recreate stream.offline {about}: it has vanished from Twitch's list",
            f"recreate channel.update {about}: Twitch gave up: StreamWatch did not answer",
            f"delete   user.update user_id={ADA}: nobody wants it any more",
            f"nobody knows why {stray} was promised",
        ):
            assert line in text
        assert "Plan: create 0, adopt 1, recreate 2, delete 3, leave 8." in text
        assert listed(BOB) == []
        self.wait_no_longer()
        reconcile()
        expected = Counter(TYPES) - Counter(["user.update"])
        assert Counter(one.type for one in listed(ADA)) == expected

    def test_a_new_secret_recreates_all_without_a_gap(self) -> None:
        self.confirmed()
        former = {row.twitch_id for row in rows()}
        with override_settings(TWITCH_EVENTSUB_SECRETS=["a new secret", "the former"]):
            text = reconcile()
            assert "recreate 6, delete 0" in text
            assert "address or secret has changed" in text
            settled(ADA)
            assert former < {one.twitch_id for one in listed(ADA)}
            assert "adopt 6, recreate 0, delete 6" in reconcile()
            assert {one.callback for one in listed(ADA)} == {callback()}
            assert len(listed(ADA)) == 6

    def test_a_row_of_nobody_is_ended(self) -> None:
        make_promise(subject_id=BOB)
        reconcile()
        assert rows(BOB) == []

    def test_twitch_away_is_said(self) -> None:
        self.simulator.control.fault("helix_down", path="/helix/eventsub", count=9)
        with pytest.raises(CommandError, match="gives no answer"):
            reconcile()
        assert rows() == []

    def test_killed_half_way_it_is_begun_again(self) -> None:
        self.watch("carla_plays")
        real = agreeing.agree
        calls: list[str] = []

        def agree(*, subject_id: str, twitch: Helix) -> bool:
            calls.append(subject_id)
            if len(calls) == 2:
                raise SystemExit
            return real(subject_id=subject_id, twitch=twitch)

        with patch.object(comparing, "agree", agree), pytest.raises(SystemExit):
            reconcile()
        text = reconcile()
        assert "create 6," in text
        assert len(listed(ADA)) == len(listed(CARLA)) == 6

    def test_one_that_breaks_does_not_stop_the_others(self) -> None:
        self.watch("carla_plays")
        with patch.object(comparing, "agree", side_effect=[ValueError("broken"), False]):
            text = reconcile()
        assert text.endswith("Twitch ids: 0 done, 1 left to another worker, 1 failed.\n")

    def ask(self, type_name: str, subject: str) -> str:
        return helix().make_promise(
            type_name=type_name,
            version="1",
            condition={"broadcaster_user_id": subject},
            callback=callback(),
            secret=SECRET,
        ).twitch_id  # fmt: skip


def one_by_one(subjects: list[str], twitch: Helix) -> list[str]:
    return [comparing._one(subject_id, twitch) for subject_id in subjects]


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class PatienceTests(SimpleTestCase):
    """429 with a reset is waited out; Twitch's answers are made up."""

    def setUp(self) -> None:
        self.time = FakeTime()
        self.enterContext(patch("streamwatch.twitch.helix.time", self.time))

    def ask(self, *answers: Any) -> TotalCost:
        tokens = Mock(spec=TokenSource)
        twitch = PatientHelix(at_once=10, api_url="http://x", client_id="c", tokens=tokens)
        self.addCleanup(twitch.close)
        with patch.object(Helix, "_once", side_effect=answers):
            return twitch.total_cost()

    def empty(self, seconds: float) -> LimitReached:
        return LimitReached(429, "Too Many Requests", int(self.time.now + seconds))

    def test_it_waits_until_the_reset_and_asks_again(self) -> None:
        cost = {"data": [], "total_cost": 3, "max_total_cost": 10_000}
        assert self.ask(self.empty(40), cost) == TotalCost(3, 10_000)
        assert self.time.slept == [40]

    def test_a_reset_that_cannot_be_is_not_believed(self) -> None:
        with pytest.raises(LimitReached):
            self.ask(*(self.empty(seconds) for seconds in (10**9, -5, 0, 1, 1)))
        assert self.time.slept == [120, 1, 1, 1]

    def test_a_limit_that_waiting_does_not_help_is_raised_at_once(self) -> None:
        with pytest.raises(LimitReached):
            self.ask(LimitReached(429, "maximum total cost exceeded", None))
        assert self.time.slept == []

    def test_an_answer_without_costs_is_none(self) -> None:
        with pytest.raises(TwitchUnavailable):
            self.ask({"data": [], "total_cost": None})


@pytest.mark.mariadb
class AtOnceTests(TransactionTestCase):
    """Ten threads (MariaDB; SQLite has one writer)."""

    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        people = [person["login"] for person in self.simulator.control.people()][:15]
        for login in people:
            subscribe(user=make_user(), login=login, twitch=helix())

    def test_at_most_ten_requests_are_in_flight(self) -> None:
        assert connection.vendor == "mysql"
        lock, now, most = threading.Lock(), 0, 0
        real = Helix._once

        def once(*args: Any, **kwargs: Any) -> dict[str, Any]:
            nonlocal now, most
            with lock:
                now += 1
                most = max(most, now)
            try:
                return real(*args, **kwargs)
            finally:
                with lock:
                    now -= 1

        with patch.object(Helix, "_once", once):
            assert "create 90," in reconcile()
        assert 2 <= most <= 10
        assert len(list(helix().promises())) == 90

    def test_two_at_once_are_harmless(self) -> None:
        found = at_once(reconcile, reconcile)
        assert all(isinstance(text, str) for text in found), found
        reconcile()
        assert len(list(helix().promises())) == 90
        assert EventSubSubscription.objects.exclude(twitch_id="").count() == 90
