"""A new secret or address: every promise is made anew, and no message is missed meanwhile."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import override_settings

from accounts.twitch import helix
from streamwatch.twitch.errors import AlreadySubscribed, LimitReached, TwitchRefused
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.signatures import fingerprint
from subscriptions import consenting
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback
from subscriptions.sweeping import sweep
from tests.simulator.callbacks import echo
from tests.subscriptions.reconcile_case import REFUSING, ReconcileCase, rows
from tests.subscriptions.twitch_here import ADA, listed, settled

OLD, NEW = "the secret of yesterday", "the secret of today"


class ReplacingCase(ReconcileCase):
    """One promise, enabled, made with OLD; the first secret is NEW now."""

    def setUp(self) -> None:
        super().setUp()
        EventSubWant.objects.exclude(type="stream.online").delete()
        with override_settings(TWITCH_EVENTSUB_SECRETS=[OLD]):
            self.confirmed()
        self.former = self.row().twitch_id
        self.enterContext(override_settings(TWITCH_EVENTSUB_SECRETS=[NEW, OLD]))

    def row(self) -> EventSubSubscription:
        return rows()[0]

    def secrets(self) -> list[str]:
        """Those of the enabled promises, as the simulator signs with them."""
        return self.simulator.inside(
            lambda twitch: sorted(
                row["secret"]
                for row in twitch.store.rows(
                    "SELECT secret FROM subscriptions WHERE status = 'enabled'"
                )
            )
        )


class NewSecretTests(ReplacingCase):
    def test_the_former_promise_is_ended_only_after_the_new_one_is_enabled(self) -> None:
        self.callback.answer_challenge = lambda _: REFUSING
        self.reconcile()
        assert OLD in self.secrets()
        settled(ADA)
        self.reconcile()
        # The new one died: the former goes on, and the row says what is wrong.
        assert self.secrets() == [OLD]
        row = self.row()
        assert (row.twitch_id, row.status) == (self.former, Status.ENABLED)
        assert "challenge was not answered" in row.trouble
        self.callback.answer_challenge = echo
        self.wait_no_longer()
        self.reconcile()
        assert self.row().twitch_id == self.former
        settled(ADA)
        assert self.secrets() == [NEW, OLD]
        self.reconcile()
        assert self.secrets() == [NEW]
        row = self.row()
        assert (row.status, row.trouble, row.failures) == (Status.ENABLED, "", 0)
        assert (row.replacement_id, row.callback) == ("", callback())
        assert [one.twitch_id for one in listed(ADA)] == [row.twitch_id]

    def test_every_event_meanwhile_is_sent(self) -> None:
        for work in (self.reconcile, lambda: settled(ADA), self.reconcile, self.reconcile):
            work()
            ids = self.simulator.control.event("stream.online", "ada_streams")
            ids += self.simulator.control.event("stream.offline", "ada_streams")
            assert ids != []
            sent = self.simulator.control.settled(ids)
            assert {one["state"] for one in sent} == {"delivered"}

    def test_the_page_says_watching_all_the_while(self) -> None:
        assert self.state()[0] == "watching"
        self.reconcile()
        assert self.state()[0] == "watching"
        assert self.confirm()
        assert self.row().twitch_id == self.former

    def test_the_sweep_sees_the_change_and_waits_for_the_new_one(self) -> None:
        self.enterContext(patch.object(consenting, "APPLICATION_TYPES", ()))
        assert sweep(twitch=helix()) == 1
        assert self.row().replacement_id
        settled(ADA)
        assert sweep(twitch=helix()) == 0
        self.wait_no_longer()
        assert sweep(twitch=helix()) == 1
        assert self.secrets() == [NEW]

    def test_a_confirmation_of_others_does_not_forget_the_former(self) -> None:
        self.watch()
        self.confirmed()
        assert self.row().twitch_id == self.former
        self.reconcile()
        assert set(self.secrets()) == {NEW}

    def test_a_worker_killed_after_it_asked_is_made_good(self) -> None:
        self.reconcile()
        EventSubSubscription.objects.update(replacement_id="")
        self.reconcile()
        assert self.row().replacement_id
        settled(ADA)
        self.reconcile()
        assert self.secrets() == [NEW]

    def test_changed_twice_in_a_row(self) -> None:
        self.reconcile()
        with override_settings(TWITCH_EVENTSUB_SECRETS=["a third secret", NEW, OLD]):
            self.reconcile()
            settled(ADA)
            assert OLD in self.secrets()
            self.reconcile()
            assert self.secrets() == ["a third secret"]
            assert len(listed(ADA)) == 1

    def test_what_nobody_wants_is_ended_with_its_replacement(self) -> None:
        self.reconcile()
        self.leave()
        self.reconcile()
        assert (rows(), listed(ADA)) == ([], [])

    def test_a_full_budget_leaves_the_former_in_place(self) -> None:
        for error, trouble in (
            (LimitReached(429, "maximum total cost exceeded", None), ""),
            (TwitchRefused(400, "no"), "Twitch refused: no"),
        ):
            with self.subTest(error=error):
                self.wait_no_longer()
                with patch.object(helix(), "make_promise", side_effect=error):
                    self.reconcile()
                assert (self.row().twitch_id, self.row().trouble) == (self.former, trouble)
                assert self.secrets() == [OLD]

    def test_a_twitch_that_does_not_tell_the_two_apart(self) -> None:
        """Then the former has to go first, and the gap is as short as can be."""
        conflict = AlreadySubscribed(409, "subscription already exists", self.former)
        with patch.object(helix(), "make_promise", side_effect=conflict):
            self.reconcile()
        assert listed(ADA) == []
        self.confirmed()
        assert self.secrets() == [NEW]

    def test_a_promise_from_before_addresses_named_the_secret_is_replaced(self) -> None:
        def forget_key(twitch: Any) -> None:
            twitch.store.run("UPDATE subscriptions SET callback = ?", self.callback.url)

        self.simulator.inside(forget_key)
        EventSubSubscription.objects.update(callback=settings.EVENTSUB_CALLBACK)
        self.reconcile()
        settled(ADA)
        self.reconcile()
        assert [one.callback for one in listed(ADA)] == [callback()]


class NewAddressTests(ReplacingCase):
    def test_the_former_address_is_kept_until_the_new_one_answers(self) -> None:
        with override_settings(EVENTSUB_CALLBACK=f"{self.callback.url}/moved/"):
            self.reconcile()
            assert self.row().twitch_id == self.former
            settled(ADA)
            self.reconcile()
            assert [one.callback for one in listed(ADA)] == [callback()]

    def test_moved_twice_in_a_row(self) -> None:
        for place in ("one", "two"):
            with override_settings(EVENTSUB_CALLBACK=f"{self.callback.url}/{place}/"):
                EventSubSubscription.objects.update(due_at=None)
                self.reconcile()
                settled(ADA)
        with override_settings(EVENTSUB_CALLBACK=f"{self.callback.url}/two/"):
            self.reconcile()
            assert [one.callback for one in listed(ADA)] == [callback()]


def test_the_fingerprint_tells_secrets_apart_and_not_what_they_are() -> None:
    assert fingerprint(OLD) != fingerprint(NEW)
    assert fingerprint(OLD) == fingerprint(OLD)
    assert len(fingerprint(OLD)) == 8
    assert OLD not in callback()
