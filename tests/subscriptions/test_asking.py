"""What is wanted is asked for, and taken over where Twitch has promised it already."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch import live
from streamwatch.models import Lease
from streamwatch.twitch.errors import AlreadySubscribed, TwitchUnavailable
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.payloads import Promise
from subscriptions import tasks
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback
from subscriptions.reconciling import reconcile_streamer
from tests.factories import make_user
from tests.simulator.callbacks import SECRET
from tests.subscriptions.reconcile_case import TYPES, ReconcileCase, rows
from tests.subscriptions.twitch_here import ADA, CARLA, listed, settled


class AskingTests(ReconcileCase):
    def test_asks_for_everything_that_is_wanted(self) -> None:
        self.reconcile()
        promises = listed(ADA)
        assert Counter(promise.type for promise in promises) == TYPES
        assert {promise.callback for promise in promises} == {callback()}
        assert {row.twitch_id for row in rows()} == {promise.twitch_id for promise in promises}
        assert {row.cost for row in rows()} == {1}

    def test_is_pending_first_and_watching_when_twitch_says_enabled(self) -> None:
        assert self.state()[0] == "pending"
        self.reconcile()
        assert self.state() == ("pending", "Waiting for Twitch's confirmation")
        settled(ADA)
        assert self.state()[0] == "pending"
        assert self.confirm()
        assert self.state() == ("watching", "Watching")
        assert {row.status for row in rows()} == {"enabled"}

    def test_signs_with_the_first_secret(self) -> None:
        with override_settings(TWITCH_EVENTSUB_SECRETS=[SECRET, "another secret"]):
            self.reconcile()
        secrets = self.simulator.inside(
            lambda twitch: {
                row["secret"] for row in twitch.store.rows("SELECT secret FROM subscriptions")
            }
        )
        assert secrets == {SECRET}

    def test_again_changes_nothing(self) -> None:
        self.confirmed()
        before = [(row.pk, row.twitch_id, row.changed_at) for row in rows()]
        with patch.object(live, "publish") as publish:
            self.reconcile()
        publish.assert_not_called()
        assert [(row.pk, row.twitch_id, row.changed_at) for row in rows()] == before
        assert len(listed(ADA)) == 6

    def test_one_promise_is_shared_by_all_viewers(self) -> None:
        self.confirmed()
        self.watch(user=make_user())
        assert EventSubWant.objects.count() == 12
        self.reconcile()
        assert len(listed(ADA)) == 6
        assert self.state()[0] == "watching"

    def test_a_raid_between_two_watched_is_promised_to_each(self) -> None:
        self.watch("carla_plays")
        self.confirmed()
        self.confirmed(CARLA)
        assert len(listed(ADA)) == len(listed(CARLA)) == 6

    def test_while_another_worker_is_at_it_nothing_is_done(self) -> None:
        Lease.objects.take(f"subscriptions.reconcile:{ADA}", lifetime=timedelta(minutes=1))
        assert not reconcile_streamer(subject_id=ADA, twitch=helix())
        assert listed(ADA) == []

    def test_what_is_wanted_meanwhile_is_done_too(self) -> None:
        real, late = helix().make_promise, EventSubWant.objects.filter(type="channel.raid")
        late.update(until=timezone.now())

        def meanwhile(**asked: Any) -> Promise:
            late.update(until=None)
            return real(**asked)

        with patch.object(helix(), "make_promise", meanwhile):
            self.reconcile()
        assert Counter(promise.type for promise in listed(ADA)) == TYPES

    def test_what_is_left_meanwhile_is_ended_too(self) -> None:
        real = helix().make_promise

        def meanwhile(**asked: Any) -> Promise:
            EventSubWant.objects.all().delete()
            return real(**asked)

        with patch.object(helix(), "make_promise", meanwhile):
            self.reconcile()
        assert (rows(), listed(ADA)) == ([], [])

    def test_the_task_is_a_shell_that_may_run_twice(self) -> None:
        tasks.reconcile_streamer(ADA)
        tasks.reconcile_streamer(ADA)
        assert Counter(promise.type for promise in listed(ADA)) == TYPES

    def test_wants_that_have_ended_are_not_asked_for(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").update(
            until=timezone.now() - timedelta(seconds=1)
        )
        self.reconcile()
        assert [promise.type for promise in listed(ADA)] == ["stream.online"]

    def test_pages_are_told_of_a_change(self) -> None:
        long_ago = datetime(2026, 1, 1, tzinfo=UTC)
        self.reconcile()
        EventSubSubscription.objects.update(changed_at=long_ago)
        settled(ADA)
        with patch.object(live, "publish") as publish:
            self.confirm()
        publish.assert_called_with("subscriptions")
        assert all(row.changed_at > long_ago for row in rows())


class AdoptionTests(ReconcileCase):
    def test_a_promise_whose_answer_was_lost_is_taken_over(self) -> None:
        self.simulator.control.fault("already_exists", count=6)
        self.reconcile()
        assert {row.twitch_id for row in rows()} == {one.twitch_id for one in listed(ADA)}
        settled(ADA)
        assert self.confirm()
        assert self.state()[0] == "watching"
        assert len(listed(ADA)) == 6

    def test_a_worker_killed_before_it_wrote_is_made_good_by_the_list(self) -> None:
        self.reconcile()
        EventSubSubscription.objects.update(twitch_id="", status="", due_at=timezone.now())
        settled(ADA)
        self.reconcile()
        assert self.state()[0] == "watching"
        assert len(listed(ADA)) == 6

    def test_a_conflict_that_the_list_does_not_show_yet_is_believed(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").delete()
        conflict = AlreadySubscribed(409, "subscription already exists", "id-of-twitch")
        with patch.object(helix(), "make_promise", side_effect=conflict):
            self.reconcile()
        row = rows()[0]
        assert (row.twitch_id, row.status) == ("id-of-twitch", Status.PENDING)
        # It was not true: the next look finds that and asks again.
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_a_promise_to_another_address_is_neither_taken_nor_ended(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").delete()
        with override_settings(EVENTSUB_CALLBACK="http://localhost:1/other-house/"):
            theirs = self.ask_for_online()
        conflict = AlreadySubscribed(409, "subscription already exists", theirs)
        with patch.object(helix(), "make_promise", side_effect=conflict):
            self.reconcile()
        assert self.state()[0] == "trouble"
        assert "another address" in self.state()[1]
        assert [one.twitch_id for one in listed(ADA)] == [theirs]
        assert rows()[0].twitch_id == ""

    def test_a_conflict_that_cannot_be_looked_into_is_tried_again(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").delete()
        conflict = AlreadySubscribed(409, "subscription already exists", "id-of-twitch")
        away = TwitchUnavailable("away")
        with (
            patch.object(helix(), "make_promise", side_effect=conflict),
            patch.object(helix(), "promises", side_effect=away),
        ):
            self.reconcile()
        assert (rows()[0].twitch_id, rows()[0].failures) == ("", 1)
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_a_conflict_without_id_is_trouble(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").delete()
        conflict = AlreadySubscribed(409, "subscription already exists", "")
        with patch.object(helix(), "make_promise", side_effect=conflict):
            self.reconcile()
        assert self.state()[0] == "trouble"

    def ask_for_online(self) -> str:
        return helix().make_promise(
            type_name="stream.online",
            version="1",
            condition={"broadcaster_user_id": ADA},
            callback=settings.EVENTSUB_CALLBACK,
            secret=SECRET,
        ).twitch_id  # fmt: skip

    def test_after_a_move_the_former_promise_is_ended_and_made_anew(self) -> None:
        self.confirmed()
        former = {row.twitch_id for row in rows()}
        moved = self.callback.url + "/moved/"
        with override_settings(EVENTSUB_CALLBACK=moved):
            self.confirmed()
            promises = listed(ADA)
            # The former ones stay until the new ones are enabled.
            assert len(promises) == 12
            assert {row.twitch_id for row in rows()} == former
            assert self.state()[0] == "watching"
            self.reconcile()
            promises, now = listed(ADA), callback()
        assert {one.callback for one in promises} == {now}
        assert not former & {one.twitch_id for one in promises}
        assert {row.callback for row in rows()} == {now}
