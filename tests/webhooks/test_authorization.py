"""Twitch tells that a viewer disconnected StreamWatch there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import TestCase
from django.utils import timezone

from accounts.granting import Consent, keep_grant
from accounts.models import Grant
from tests.accounts.dance import local_twitch
from tests.accounts.grants import ADA, assert_ended, grant_of, granted
from tests.factories import make_message, make_user
from tests.simulator.callbacks import listening, subscribe
from tests.webhooks.messages import claimed
from tests.webhooks.sending import body_of
from webhooks.models import InboxMessage
from webhooks.processing import process

TYPE = "user.authorization.revoke"
CONSENT = Consent(access_token="a", refresh_token="r", scopes=[], expires_at=None)


def revoke(**event: Any) -> None:
    """The message lies in the inbox, sent in a moment, and is processed."""
    at = timezone.now() + timedelta(seconds=1)
    make_message(type=TYPE, sent_at=at, body=body_of(TYPE, event), **claimed())
    assert process("mine") == 1


class AuthorizationTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        keep_grant(user=self.user, consent=CONSENT)

    def test_ends_the_grant(self) -> None:
        revoke(client_id="c", user_id=self.user.twitch_id, user_login=None, user_name=None)
        assert_ended(self.user, Grant.Ending.REVOKED)
        assert InboxMessage.objects.get().processed_at is not None

    def test_twice_is_the_same_as_once(self) -> None:
        for _ in range(2):
            revoke(user_id=self.user.twitch_id)
        assert_ended(self.user, Grant.Ending.REVOKED)

    def test_one_without_an_id_is_a_problem_and_ends_nothing(self) -> None:
        revoke(user_id=None)
        assert "user_id is no id" in InboxMessage.objects.get().problem
        assert grant_of(self.user).state == Grant.State.ACTIVE

    def test_about_somebody_unknown_is_processed(self) -> None:
        revoke(user_id="999")
        assert InboxMessage.objects.get().problem == ""


class FromTwitchTests(TestCase):
    """The message as the simulator sends it."""

    def test_ends_the_grant(self) -> None:
        with local_twitch() as simulator, listening() as callback:
            user = granted(simulator)
            subscribe(simulator, callback, TYPE, client_id=simulator.client_id)
            simulator.control.event(TYPE, "ada_streams")
            body = callback.wait(1)[0].raw
        assert user.twitch_id == ADA
        at = timezone.now() + timedelta(seconds=1)
        make_message(type=TYPE, sent_at=at, body=body, **claimed())
        assert process("mine") == 1
        assert_ended(user, Grant.Ending.REVOKED)
