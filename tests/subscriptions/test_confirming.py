"""After the challenge, and after a revocation."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import httpx
from django.test import TestCase
from django.utils import timezone

from accounts.twitch import helix
from streamwatch import live
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.helix import Helix, RateLimit
from streamwatch.twitch.payloads import Promise
from subscriptions import tasks
from subscriptions.models import EventSubSubscription
from subscriptions.panel import states_of
from subscriptions.reconciling import confirm, note_revocation, reconcile_streamer
from tests.factories import make_promise, make_streamer, make_subscription, make_want
from tests.subscriptions.reconcile_case import REFUSING, ReconcileCase, rows, settled_as
from tests.subscriptions.twitch_here import ADA, listed, settled


class ConfirmTests(ReconcileCase):
    def test_is_not_final_while_twitch_waits_for_the_answer(self) -> None:
        self.reconcile()
        settled(ADA)
        pending = settled_as(listed(ADA), Status.PENDING)
        with patch.object(helix(), "promises", return_value=pending):
            assert not self.confirm()
        assert self.confirm()

    def test_twitch_away_is_not_final(self) -> None:
        self.reconcile()
        self.simulator.control.fault("helix_down", path="/helix/eventsub")
        assert not self.confirm()

    def test_few_points_are_left_to_those_who_ask(self) -> None:
        self.reconcile()
        settled(ADA)
        seen = RateLimit(limit=800, remaining=300, reset_at=0, seen_at=timezone.now().timestamp())
        with patch.dict(helix()._limits, {"": seen}), patch.object(helix(), "promises") as asked:
            assert not self.confirm()
        asked.assert_not_called()
        assert self.confirm()

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
