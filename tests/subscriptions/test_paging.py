"""Twitch's whole list against our rows, over HTTP with the simulator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.models import Lease
from streamwatch.twitch.errors import LimitReached, TwitchRefused, TwitchUnavailable
from streamwatch.twitch.helix import Helix, PromisePage, RateLimit
from subscriptions import paging, tasks
from subscriptions.models import (
    APPLICATION,
    EventSubSubscription,
    EventSubWant,
    ListReading,
)
from subscriptions.paging import hurry, read_on
from subscriptions.promises import callback
from subscriptions.sweeping import sweep
from tests.factories import make_promise, make_streamer, make_subscription, make_want
from tests.simulator.callbacks import SECRET
from tests.subscriptions.reconcile_case import ReconcileCase, rows
from tests.subscriptions.test_races import at_once
from tests.subscriptions.twitch_here import ADA, BOB, CARLA, listed, settled, twitch_here


def due() -> set[str]:
    """Types of the rows that the sweep is to look at before all others."""
    found = EventSubSubscription.objects.filter(due_at=None).values_list("type", flat=True)
    return set(found)


def read_now() -> int:
    """Read the list from its beginning."""
    ListReading.objects.update(due_at=timezone.now())
    return read_on(twitch=helix())


class PagingTests(ReconcileCase):
    """Six promises for ada_streams, all enabled."""

    def setUp(self) -> None:
        super().setUp()
        self.confirmed()
        self.by_type = {row.type: row for row in rows()}

    def change(self, type_: str, **values: Any) -> None:
        EventSubSubscription.objects.filter(pk=self.by_type[type_].pk).update(**values)

    def test_what_is_as_it_should_be_is_left_alone_for_half_an_hour(self) -> None:
        EventSubSubscription.objects.update(due_at=timezone.now())
        assert read_now() == 1
        now = timezone.now()
        for row in rows():
            assert row.due_at is not None
            assert timedelta(minutes=29) < row.due_at - now < timedelta(minutes=31)
        reading = ListReading.objects.get()
        assert (reading.pages, reading.cursor, reading.is_under_way) == (1, "", False)
        assert timedelta(minutes=9) < reading.due_at - now < timedelta(minutes=11)
        assert read_on(twitch=helix()) == 0

    def test_what_was_enabled_meanwhile_is_written_down(self) -> None:
        self.change("stream.online", status="webhook_callback_verification_pending")
        read_now()
        assert all(row.is_enabled for row in rows())
        assert due() == set()

    def test_another_cost_is_written_down(self) -> None:
        assert {row.cost for row in rows()} == {1}
        self.simulator.log_in("ada_streams", "user:read:follows")
        read_now()
        assert {row.cost for row in rows()} == {0}

    def test_what_vanished_died_or_is_not_known_is_left_to_the_sweep(self) -> None:
        helix().end_promise(self.by_type["stream.offline"].twitch_id)
        dead = self.by_type["channel.update"].twitch_id
        self.simulator.inside(lambda twitch: twitch.subscriptions.set_status(dead, "user_removed"))
        self.change("user.update", twitch_id="", status="", checked_at=None)
        self.change("stream.online", has_place=False, twitch_id="", status="")
        read_now()
        assert due() == {"stream.offline", "channel.update", "user.update", "stream.online"}
        sweep(twitch=helix())
        settled(ADA)
        types = sorted(one.type for one in listed(ADA) if one.status == "enabled")
        assert types == ["channel.raid", "channel.raid", "stream.offline", "user.update"]
        assert len(EventSubSubscription.objects.exclude(trouble="")) == 1

    def test_what_nobody_knows_of_is_ended(self) -> None:
        self.promise(BOB, callback())
        elsewhere = self.promise(CARLA, self.callback.url + "/of-another-house")
        read_now()
        assert listed(BOB) == []
        assert [one.twitch_id for one in listed(CARLA)] == [elsewhere]

    def test_what_is_in_trouble_waits_for_its_time(self) -> None:
        due_at = timezone.now() + timedelta(minutes=30)
        helix().end_promise(self.by_type["stream.offline"].twitch_id)
        self.change("stream.offline", twitch_id="", status="", failures=4, due_at=due_at)
        self.change("stream.online", twitch_id="other", failures=4, due_at=due_at)
        read_now()
        assert due() == set()

    def test_what_is_being_replaced_is_nobodys_loss(self) -> None:
        with override_settings(TWITCH_EVENTSUB_SECRETS=["a new secret", "the former"]):
            read_now()
            assert due() == set()
            self.reconcile()
            read_now()
            assert due() == set()
            assert all(row.replacement_id for row in rows())

    def test_polled_rows_are_put_off_for_a_day(self) -> None:
        nothing = {"twitch_id": "", "status": "", "has_place": False}
        make_promise(subject_id=BOB, due_at=timezone.now(), **nothing)
        read_now()
        row = EventSubSubscription.objects.get(subject_id=BOB)
        assert row.due_at is not None
        assert row.due_at > timezone.now() + timedelta(hours=23)

    def test_an_unchanged_page_costs_few_queries(self) -> None:
        read_now()
        ListReading.objects.update(due_at=timezone.now())
        # Lease; reading; begun; token; rows of the page; 1 update; missing; polled; over; lease.
        with self.assertNumQueries(10):
            read_on(twitch=helix())

    def test_without_an_address_nothing_is_read(self) -> None:
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            assert read_now() == 0

    def test_one_at_a_time(self) -> None:
        Lease.objects.take("subscriptions.read_list", lifetime=timedelta(minutes=1))
        assert read_now() == 0

    def test_the_task_is_a_shell(self) -> None:
        tasks.read_list()
        assert ListReading.objects.get().pages == 1

    def test_many_that_wait_have_it_read_sooner_but_not_at_once(self) -> None:
        read_now()
        hurry()
        assert read_on(twitch=helix()) == 0
        ago = timezone.now() - timedelta(seconds=61)
        ListReading.objects.update(began_at=ago)
        hurry()
        assert read_on(twitch=helix()) == 1

    def promise(self, subject: str, to: str) -> str:
        condition = {"broadcaster_user_id": subject}
        return helix().make_promise(
            type_name="stream.online", version="1", condition=condition, callback=to, secret=SECRET
        ).twitch_id  # fmt: skip


class BadDayTests(ReconcileCase):
    """Answers Twitch may give; a page more than there is."""

    def setUp(self) -> None:
        super().setUp()
        self.confirmed()

    def reads(self, *answers: Any) -> int:
        with patch.object(Helix, "promise_page", side_effect=answers):
            return read_now()

    def page(self, cursor: str = "") -> PromisePage:
        return PromisePage(listed(ADA), cursor)

    def test_killed_half_way_it_goes_on_where_it_was(self) -> None:
        with pytest.raises(SystemExit):
            self.reads(self.page("two"), SystemExit())
        with patch.object(Helix, "promise_page", side_effect=[self.page()]) as asked:
            assert read_on(twitch=helix()) == 1
        asked.assert_called_once_with("two")
        assert ListReading.objects.get().pages == 2

    def test_twitch_away_is_waited_for(self) -> None:
        self.reads(self.page("two"), TwitchUnavailable("away"))
        reading = ListReading.objects.get()
        assert (reading.cursor, reading.failures) == ("two", 1)
        assert read_on(twitch=helix()) == 0
        assert self.reads(self.page()) == 1
        assert ListReading.objects.get().failures == 0

    def test_points_used_up_are_waited_for(self) -> None:
        self.reads(self.page("two"), LimitReached(429, "Too Many Requests", 0))
        assert ListReading.objects.get().cursor == "two"

    def test_a_cursor_that_twitch_does_not_take_begins_anew(self) -> None:
        self.reads(self.page("two"), TwitchRefused(400, "The cursor is invalid"))
        reading = ListReading.objects.get()
        assert (reading.cursor, reading.pages) == ("", 0)
        assert reading.is_under_way

    def test_a_page_that_repeats_is_no_news(self) -> None:
        assert self.reads(self.page("two"), self.page("three"), self.page()) == 3
        assert due() == set()

    def test_a_list_without_end_ends(self) -> None:
        with patch.object(paging, "MOST_PAGES", 3):
            assert self.reads(*(self.page(str(number)) for number in range(9))) == 3
        assert not ListReading.objects.get().is_under_way

    def test_an_empty_list_ends_nothing(self) -> None:
        self.reads(PromisePage([], ""))
        assert len(due()) == 5
        sweep(twitch=helix())
        assert len(listed(ADA)) == 6
        assert all(row.is_enabled for row in rows())

    def test_a_quarter_of_the_points_is_left(self) -> None:
        seen = RateLimit(limit=800, remaining=150, reset_at=0, seen_at=timezone.now().timestamp())
        helix()._limits[""] = seen
        assert self.reads() == 0

    def test_another_worker_that_is_further_is_left_alone(self) -> None:
        def further(_: str) -> PromisePage:
            ListReading.objects.update(cursor="nine", pages=9)
            return self.page("two")

        with patch.object(Helix, "promise_page", side_effect=further):
            assert read_now() == 1
        assert ListReading.objects.get().cursor == "nine"


@pytest.mark.mariadb
class AtOnceTests(TransactionTestCase):
    """Two workers without a lease (MariaDB; SQLite has one writer)."""

    def test_two_readings_and_two_sweeps_are_harmless(self) -> None:
        self.enterContext(twitch_here())
        for subject in (ADA, CARLA):
            make_want(subscription=make_subscription(streamer=make_streamer(twitch_id=subject)))
        with patch.object(Lease.objects, "take", return_value="token"):
            for _ in range(3):
                ListReading.objects.update(due_at=timezone.now())
                found = at_once(
                    *[lambda: read_on(twitch=helix())] * 2, *[lambda: sweep(twitch=helix())] * 2
                )
                assert not any(isinstance(one, Exception) for one in found), found
        settled(ADA)
        settled(CARLA)
        read_now()
        assert EventSubWant.objects.exclude(subject_id=APPLICATION).count() == 2
        promises = {one.twitch_id for one in helix().promises()}
        assert promises == {row.twitch_id for row in EventSubSubscription.objects.all()}
        assert all(row.is_enabled for row in EventSubSubscription.objects.all())
