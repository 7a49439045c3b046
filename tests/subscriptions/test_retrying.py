"""What goes wrong at Twitch is said, and tried again."""

from __future__ import annotations

from collections import Counter
from typing import Any
from unittest.mock import patch

from django.test import override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.twitch.errors import LimitReached, TwitchRefused
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.payloads import Promise
from subscriptions.models import EventSubWant
from subscriptions.spending import spend
from tests.simulator.callbacks import SECRET, echo
from tests.subscriptions.reconcile_case import REFUSING, TYPES, ReconcileCase, rows
from tests.subscriptions.twitch_here import ADA, listed, settled


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
        self.callback.answer_challenge = echo
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
            refusal = LimitReached(429, "maximum subscriptions with type and condition", None)
            with patch.object(helix(), "make_promise", side_effect=refusal):
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

    def test_what_the_budget_has_no_place_for_is_polled(self) -> None:
        self.simulator.control.fault("cost_limit")
        self.confirmed()
        # One failing type does not stop the others.
        assert len(listed(ADA)) == 5
        polled = [row for row in rows() if not row.has_place]
        assert [(row.twitch_id, row.trouble, row.failures) for row in polled] == [("", "", 0)]
        assert self.state()[0] == "watching"
        spend(twitch=helix())
        assert self.state()[0] == "pending"
        self.wait_no_longer()
        self.confirmed()
        assert self.state() == ("watching", "Watching")

    def test_three_of_the_same_are_said(self) -> None:
        self.online_only()
        for number in (1, 2, 3):
            helix().make_promise(
                type_name="stream.online",
                version="1",
                condition={"broadcaster_user_id": ADA},
                callback=f"{self.callback.url}/{number}",
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
        self.simulator.advance(60)
        self.wait_no_longer()
        self.confirmed()
        assert self.state()[0] == "watching"

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
                with patch.object(helix(), "make_promise", side_effect=empty):
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
        assert (
            troubles["stream.online"] == "Twitch does not allow it: the consent for it is missing"
        )
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
        sentence = "Twitch needs a public https address (PUBLIC_URL)"
        assert self.state() == ("trouble", sentence)
        assert {row.trouble for row in rows()} == {sentence}
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
