"""Making Twitch's list and ours agree, over HTTP with the simulator."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
from django.conf import settings
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch import live
from streamwatch.models import Lease
from streamwatch.twitch.errors import AlreadySubscribed, LimitReached, TwitchRefused
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions import agreeing, tasks
from subscriptions.models import EventSubSubscription, EventSubWant, Subscription
from subscriptions.panel import states_of
from subscriptions.reconciling import confirm, note_revocation, reconcile_streamer
from subscriptions.subscribing import subscribe, unsubscribe
from tests.factories import make_promise, make_streamer, make_subscription, make_user, make_want
from tests.simulator.callbacks import SECRET
from tests.subscriptions.twitch_here import ADA, CARLA, listed, settled, twitch_here

REFUSING = (403, "text/plain", b"no")
TYPES = Counter(
    {
        "stream.online": 1,
        "stream.offline": 1,
        "channel.update": 1,
        "channel.raid": 2,
        "user.update": 1,
    }
)


def rows(subject_id: str = ADA) -> list[EventSubSubscription]:
    return list(EventSubSubscription.objects.filter(subject_id=subject_id).order_by("pk"))


class ReconcileCase(TestCase):
    """A viewer of ada_streams, not reconciled yet."""

    def setUp(self) -> None:
        self.simulator, self.callback = self.enterContext(twitch_here())
        self.viewer = make_user()
        self.subscription = self.watch()

    def watch(self, login: str = "ada_streams", **fields: Any) -> Subscription:
        return subscribe(**{"user": self.viewer, "login": login, "twitch": helix(), **fields})

    def reconcile(self, subject_id: str = ADA) -> None:
        assert reconcile_streamer(subject_id=subject_id, twitch=helix())

    def confirm(self, subject_id: str = ADA) -> bool:
        return confirm(subject_id=subject_id, twitch=helix())

    def confirmed(self, subject_id: str = ADA) -> None:
        """Reconciled, challenged and confirmed."""
        self.reconcile(subject_id)
        settled(subject_id)
        assert self.confirm(subject_id)

    def leave(self) -> None:
        unsubscribe(user=self.viewer, subscription_id=self.subscription.pk)

    def wait_no_longer(self) -> None:
        """The back-off is over."""
        EventSubSubscription.objects.update(due_at=timezone.now())

    def state(self) -> tuple[str, str]:
        streamer = self.subscription.streamer
        state = states_of([streamer])[streamer.pk]
        return state.code, state.sentence


class AskingTests(ReconcileCase):
    def test_asks_for_everything_that_is_wanted(self) -> None:
        self.reconcile()
        promises = listed(ADA)
        assert Counter(promise.type for promise in promises) == TYPES
        assert {promise.callback for promise in promises} == {self.callback.url}
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
        real = helix().promises

        def slow(**filters: str) -> Any:
            found = list(real(**filters))
            make_want(subscription=self.subscription, type="channel.shared_chat.begin")
            return found

        with patch.object(helix(), "promises", side_effect=slow) as promises:
            EventSubWant.objects.filter(type="channel.raid").delete()
            with patch.object(agreeing, "ROUNDS", 2):
                promises.side_effect = [slow(user_id=ADA), listed_nothing()]
                self.reconcile()
        assert "channel.shared_chat.begin" in {promise.type for promise in listed(ADA)}

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


def listed_nothing() -> list[Promise]:
    return []


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
        assert {one.callback for one in promises} == {moved}
        assert not former & {one.twitch_id for one in promises}
        assert {row.callback for row in rows()} == {moved}


class EndingTests(ReconcileCase):
    def test_after_the_last_viewer_everything_is_ended(self) -> None:
        self.confirmed()
        other = make_user()
        theirs = self.watch(user=other)
        self.leave()
        self.reconcile()
        assert len(listed(ADA)) == 6
        unsubscribe(user=other, subscription_id=theirs.pk)
        self.reconcile()
        assert listed(ADA) == []
        assert rows() == []

    def test_the_row_is_kept_until_twitch_was_told(self) -> None:
        self.confirmed()
        self.leave()
        with patch.object(helix(), "end_promise", side_effect=TwitchRefused(403, "no")):
            self.reconcile()
        assert len(rows()) == 6
        assert len(listed(ADA)) == 6
        self.wait_no_longer()
        self.reconcile()
        assert (rows(), listed(ADA)) == ([], [])

    def test_what_is_gone_at_twitch_already_is_forgotten(self) -> None:
        self.confirmed()
        self.leave()
        with patch.object(helix(), "end_promise", side_effect=TwitchRefused(404, "unknown")):
            self.reconcile()
        assert rows() == []

    def test_what_was_never_asked_is_forgotten(self) -> None:
        make_promise(subject_id=ADA, type="channel.follow", twitch_id="", status="")
        self.leave()
        self.reconcile()
        assert rows() == []

    def test_leaving_and_coming_back_ends_in_watching(self) -> None:
        self.confirmed()
        self.leave()
        self.subscription = self.watch()
        self.reconcile()
        assert self.state()[0] == "watching"
        self.subscription.refresh_from_db()
        self.leave()
        self.reconcile()
        self.subscription = self.watch()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_one_that_cannot_be_ended_does_not_stop_the_others(self) -> None:
        self.confirmed()
        self.leave()
        real, stubborn = helix().end_promise, rows()[0].twitch_id

        def end(twitch_id: str) -> None:
            if twitch_id == stubborn:
                raise TwitchRefused(400, "no")
            real(twitch_id)

        with patch.object(helix(), "end_promise", end):
            self.reconcile()
        assert [row.twitch_id for row in rows()] == [stubborn]

    def test_promises_that_nobody_knows_of_are_ended(self) -> None:
        self.confirmed()
        helix().make_promise(
            type_name="channel.shared_chat.begin",
            version="1",
            condition={"broadcaster_user_id": ADA},
            callback=self.callback.url,
            secret=SECRET,
        )
        self.reconcile()
        assert Counter(promise.type for promise in listed(ADA)) == TYPES

    def test_promises_about_two_people_are_left_to_their_own_subject(self) -> None:
        """A condition may name somebody else beside the one it is about."""
        key = f"broadcaster_user_id={CARLA}&moderator_user_id={ADA}"
        make_promise(subject_id=CARLA, type="channel.follow", condition_key=key)
        condition = {"broadcaster_user_id": CARLA, "moderator_user_id": ADA}
        theirs = Promise("x", "enabled", "channel.follow", "2", condition, self.callback.url, 0)
        with (
            patch.object(helix(), "promises", return_value=[theirs]),
            patch.object(helix(), "end_promise") as end,
        ):
            self.reconcile()
        end.assert_not_called()

    def test_promises_to_other_addresses_are_not_ours(self) -> None:
        foreign = helix().make_promise(
            type_name="channel.shared_chat.begin",
            version="1",
            condition={"broadcaster_user_id": ADA},
            callback="http://localhost:1/other-house/",
            secret=SECRET,
        )
        self.confirmed()
        self.leave()
        self.reconcile()
        assert [one.twitch_id for one in listed(ADA)] == [foreign.twitch_id]


class TroubleTests(ReconcileCase):
    def online_only(self) -> None:
        EventSubWant.objects.exclude(type="stream.online").delete()

    def due_in(self) -> list[int]:
        now = timezone.now()
        return [round((row.due_at - now).total_seconds()) for row in rows() if row.due_at]

    def test_a_challenge_that_is_not_answered_is_said_and_tried_again(self) -> None:
        self.online_only()
        self.callback.answer_challenge = lambda _: REFUSING
        self.reconcile()
        assert settled(ADA)[0].status == Status.VERIFICATION_FAILED
        self.confirm()
        sentence = (
            f"Twitch could not reach StreamWatch at {self.callback.url}:"
            " the challenge was not answered"
        )
        assert self.state() == ("trouble", sentence)
        self.reconcile()
        assert self.state() == ("trouble", sentence)
        assert listed(ADA) == []
        assert self.due_in() == [10]
        self.reconcile()
        assert listed(ADA) == []
        self.callback.answer_challenge = echo_of(self.callback)
        self.wait_no_longer()
        self.reconcile()
        # Still in trouble until Twitch says that it is enabled.
        assert self.state() == ("trouble", sentence)
        settled(ADA)
        assert self.confirm()
        assert self.state() == ("watching", "Watching")
        assert rows()[0].failures == 0

    def test_the_back_off_grows_up_to_an_hour(self) -> None:
        self.online_only()
        waited = []
        for _ in range(6):
            with patch.object(helix(), "make_promise", side_effect=LimitReached(429, "x", None)):
                self.reconcile()
            waited += self.due_in()
            self.wait_no_longer()
        assert waited == [10, 30, 120, 600, 3600, 3600]

    def test_a_promise_that_died_silently_is_found(self) -> None:
        self.confirmed()
        self.simulator.control.fault("drop_subscription")
        self.confirmed()
        assert Counter(promise.type for promise in listed(ADA)) == TYPES
        assert self.state()[0] == "watching"

    def test_a_revocation_that_we_were_not_told_of_is_found(self) -> None:
        self.online_only()
        self.confirmed()
        self.simulator.control.fault("revoke_subscription")
        self.reconcile()
        assert self.state()[0] == "trouble"
        assert listed(ADA) == []
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_the_budget_is_said(self) -> None:
        self.simulator.control.fault("cost_limit")
        self.reconcile()
        code, sentence = self.state()
        assert (code, "budget" in sentence) == ("trouble", True)
        # One failing type does not stop the others.
        assert len(listed(ADA)) == 5
        assert self.due_in().count(10) == 1
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_three_of_the_same_are_said(self) -> None:
        self.online_only()
        for port in (1, 2, 3):
            helix().make_promise(
                type_name="stream.online",
                version="1",
                condition={"broadcaster_user_id": ADA},
                callback=f"http://localhost:{port}/",
                secret=SECRET,
            )
        self.reconcile()
        assert "three" in self.state()[1]

    def test_an_empty_bucket_is_waited_for_without_trouble(self) -> None:
        self.simulator.control.fault("rate_limited", path="/helix/eventsub")
        self.reconcile()
        assert self.state()[0] == "pending"
        assert {row.failures for row in rows()} == {0}
        assert all(0 <= seconds <= 120 for seconds in self.due_in())
        self.wait_no_longer()
        self.confirmed()

    def test_an_empty_bucket_half_way_stops_the_asking(self) -> None:
        reset = int(timezone.now().timestamp()) + 30
        empty = LimitReached(429, "Request limit exceeded", reset)
        with patch.object(helix(), "make_promise", side_effect=empty) as asked:
            self.reconcile()
        assert asked.call_count == 1
        assert self.state()[0] == "pending"
        assert all(28 <= seconds <= 30 for seconds in self.due_in())
        assert len(self.due_in()) == 6

    def test_a_reset_that_cannot_be_is_not_believed(self) -> None:
        for reset, most in ((0, 1), (10**30, 120), (int(timezone.now().timestamp()) + 9999, 120)):
            with self.subTest(reset=reset):
                self.wait_no_longer()
                empty = LimitReached(429, "Request limit exceeded", reset)
                with patch.object(helix(), "promises", side_effect=empty):
                    self.reconcile()
                assert set(self.due_in()) == {most}

    def test_twitch_away_is_said_and_tried_again(self) -> None:
        self.simulator.control.fault("helix_down", path="/helix/eventsub")
        self.reconcile()
        sentence = "Twitch gives no answer; StreamWatch keeps trying"
        assert self.state() == ("trouble", sentence)
        assert set(self.due_in()) == {10}
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_twitch_away_is_no_trouble_for_what_is_enabled(self) -> None:
        self.confirmed()
        self.simulator.control.fault("helix_down", path="/helix/eventsub")
        self.reconcile()
        assert self.state()[0] == "watching"
        assert {row.failures for row in rows()} == {0}

    def test_twitch_failing_for_one_does_not_stop_the_others(self) -> None:
        real = helix().make_promise

        def make(**asked: Any) -> Promise:
            if asked["type_name"] == "stream.online":
                raise TwitchRefused(403, "subscription missing proper authorization")
            if asked["type_name"] == "stream.offline":
                raise TwitchRefused(400, "<b>bad</b>")
            return real(**asked)

        with patch.object(helix(), "make_promise", make):
            self.reconcile()
        troubles = {row.type: row.trouble for row in rows()}
        assert troubles["stream.online"] == "Twitch does not allow it: the consent for it is missing"
        assert troubles["stream.offline"] == "Twitch refused: <b>bad</b>"
        assert len(listed(ADA)) == 4

    def test_a_client_that_twitch_does_not_accept_is_said(self) -> None:
        self.simulator.control.fault("token_refused", count=99, path="/helix/eventsub")
        self.reconcile()
        assert "TWITCH_CLIENT_ID" in self.state()[1]

    def test_a_corpse_that_cannot_be_ended_keeps_its_id(self) -> None:
        self.online_only()
        self.confirmed()
        dead = rows()[0].twitch_id
        self.simulator.control.fault("revoke_subscription")
        with patch.object(helix(), "end_promise", side_effect=TwitchRefused(400, "no")):
            self.reconcile()
        assert rows()[0].twitch_id == dead
        self.wait_no_longer()
        self.reconcile()
        assert (rows()[0].twitch_id, listed(ADA)) == ("", [])

    @override_settings(CAN_RECEIVE_WEBHOOKS=False)
    def test_without_a_public_address_nothing_is_asked(self) -> None:
        self.simulator.control.fault("helix_down", count=99)
        self.reconcile()
        assert self.state() == ("trouble", "Twitch needs a public https address (PUBLIC_URL)")
        assert {row.trouble for row in rows()} == {self.state()[1]}
        assert {row.failures for row in rows()} == {0}

    def test_with_a_public_address_at_last_everything_is_asked(self) -> None:
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            self.reconcile()
        self.wait_no_longer()
        self.confirmed()
        assert self.state() == ("watching", "Watching")

    def test_what_was_promised_is_ended_without_a_public_address_too(self) -> None:
        self.confirmed()
        self.leave()
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            self.reconcile()
        assert (rows(), listed(ADA)) == ([], [])


def echo_of(_: Any) -> Any:
    from tests.simulator.callbacks import echo

    return echo


class ConfirmTests(ReconcileCase):
    def test_is_not_final_while_twitch_waits_for_the_answer(self) -> None:
        with patch.object(helix(), "promises", side_effect=TwitchRefused(400, "no")):
            assert not self.confirm() or rows() == []
        self.reconcile()
        settled(ADA)
        pending = [
            Promise(one.twitch_id, Status.PENDING, one.type, one.version, one.condition,
                    one.callback, 1)
            for one in listed(ADA)
        ]  # fmt: skip
        with patch.object(helix(), "promises", return_value=pending):
            assert not self.confirm()
        assert self.confirm()

    def test_twitch_away_is_not_final(self) -> None:
        self.reconcile()
        self.simulator.control.fault("helix_down", path="/helix/eventsub")
        assert not self.confirm()

    def test_a_pending_that_was_read_before_does_not_undo_an_enabled(self) -> None:
        self.reconcile()
        stale = settled_as(listed(ADA), Status.PENDING)
        settled(ADA)
        assert self.confirm()
        with patch.object(helix(), "promises", return_value=stale):
            self.reconcile()
        assert {row.status for row in rows()} == {"enabled"}

    def test_an_id_that_is_not_written_yet_is_taken_from_the_list(self) -> None:
        """The challenge may be answered before the worker has written Twitch's answer."""
        self.reconcile()
        EventSubSubscription.objects.update(twitch_id="", status="")
        settled(ADA)
        assert self.confirm()
        assert self.state()[0] == "watching"

    def test_a_refused_challenge_has_it_reconciled(self) -> None:
        self.callback.answer_challenge = lambda _: REFUSING
        self.reconcile()
        settled(ADA)
        with (
            patch.object(tasks.reconcile_streamer, "apply_async") as task,
            self.captureOnCommitCallbacks(execute=True),
        ):
            assert self.confirm()
        assert task.call_args.args == ((ADA,),)
        assert self.state()[0] == "trouble"

    def test_nobody_to_confirm_is_final_and_asks_nobody(self) -> None:
        self.simulator.control.fault("helix_down", count=99)
        assert confirm(subject_id="12345", twitch=helix())


def settled_as(promises: list[Promise], status: str) -> list[Promise]:
    return [
        Promise(one.twitch_id, status, one.type, one.version, one.condition, one.callback, 1)
        for one in promises
    ]


class RevocationTests(TestCase):
    def setUp(self) -> None:
        self.subscription = make_subscription(streamer=make_streamer(twitch_id=ADA))
        make_want(subscription=self.subscription)
        self.row = make_promise(subject_id=ADA, twitch_id="promised")

    def revoked(self, twitch_id: str = "promised", status: str = "user_removed") -> Promise:
        return Promise(twitch_id, status, "stream.online", "1", {}, "https://x/webhooks/", 1)

    def test_says_why(self) -> None:
        for status, words in (
            ("user_removed", "The channel is gone from Twitch"),
            ("authorization_revoked", "The consent at Twitch was withdrawn"),
            ("notification_failures_exceeded", "StreamWatch did not answer its messages"),
            ("version_removed", "no longer sends these messages"),
            ("webhook_callback_verification_failed", "could not reach StreamWatch at https://x/"),
            ("beta_maintenance", "Twitch ended it (beta maintenance)"),
            ("<b>" + "x" * 500, "Twitch ended it (<b>x"),
        ):
            with self.subTest(status=status):
                note_revocation(promise=self.revoked(status=status))
                self.row.refresh_from_db()
                assert words in self.row.trouble
                assert self.row.status == status[:64]
                streamer = self.subscription.streamer
                assert states_of([streamer])[streamer.pk].code == "trouble"

    def test_has_it_reconciled_at_once(self) -> None:
        with (
            patch.object(tasks.reconcile_streamer, "apply_async") as task,
            patch.object(live, "publish") as publish,
            self.captureOnCommitCallbacks(execute=True),
        ):
            note_revocation(promise=self.revoked())
        assert task.call_args.args == ((ADA,),)
        publish.assert_called_once_with("subscriptions")
        self.row.refresh_from_db()
        assert self.row.due_at is not None
        assert self.row.due_at <= timezone.now()

    def test_what_we_do_not_know_is_passed_over(self) -> None:
        make_promise(subject_id="1", twitch_id="", type="user.update")
        for promise in (
            self.revoked("unknown"), self.revoked(""), self.revoked(status="enabled"),
            self.revoked(status=""),
        ):  # fmt: skip
            with patch.object(tasks.reconcile_streamer, "apply_async") as task:
                note_revocation(promise=promise)
            task.assert_not_called()
        assert {row.trouble for row in EventSubSubscription.objects.all()} == {""}

    def test_is_asked_for_again_after_ten_seconds(self) -> None:
        note_revocation(promise=self.revoked())
        asked: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request.method)
            return httpx.Response(200, json={"data": []})

        twitch = Helix(api_url="http://twitch", client_id="x", tokens=Tokens())
        twitch._http = httpx.Client(transport=httpx.MockTransport(answer))
        reconcile_streamer(subject_id=ADA, twitch=twitch)
        self.row.refresh_from_db()
        assert (self.row.twitch_id, self.row.failures, asked) == ("", 1, ["GET"])
        assert self.row.trouble == "The channel is gone from Twitch"
        assert self.row.due_at is not None
        assert self.row.due_at > timezone.now() + timedelta(seconds=8)


class Tokens:
    def current(self) -> str:
        return "token"

    def renew(self, dead: str) -> str:
        return dead
