"""Refreshing a viewer's token, against the simulator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts import refreshing
from accounts.granting import keep_grant
from accounts.models import Grant
from accounts.refreshing import CLAIM, GrantEnded, GrantTokens, ask, claim_refresh, settle
from accounts.twitch import oauth
from streamwatch.twitch.errors import TwitchRefused, TwitchUnavailable
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.oauth import OAuth, UserTokens
from tests.accounts.dance import local_twitch
from tests.accounts.grants import (
    ADA,
    assert_ended,
    consent_of,
    grant_of,
    granted,
    refreshes,
)
from tests.factories import make_user

REFUSED = Grant.Ending.REFUSED
OTHERS = UserTokens(access_token="a", refresh_token="r", lifetime=timedelta(hours=4))


class RefreshCase(TestCase):
    """A viewer whose access token has just run out at Twitch."""

    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.sent = self.enterContext(refreshes(self.simulator))
        self.user = granted(self.simulator)
        self.first = grant_of(self.user)
        self.tokens = GrantTokens(user_id=self.user.pk, oauth=oauth())
        self.simulator.control.fault("expire_tokens")

    def renew(self) -> str:
        return self.tokens.renew(self.first.access_token)

    def let_pass(self, seconds: float) -> None:
        """The claim or the pause runs out so much earlier."""
        until = grant_of(self.user).refresh_until
        assert until is not None
        Grant.objects.update(refresh_until=until - timedelta(seconds=seconds))


class RefreshTests(RefreshCase):
    def test_the_stored_one_is_used_until_twitch_refuses_it(self) -> None:
        with self.assertNumQueries(1):  # the token
            assert self.tokens.current() == self.first.access_token
        assert self.sent == []

    def test_a_refused_one_is_replaced_by_one_that_is_good(self) -> None:
        token = self.renew()
        assert token != self.first.access_token
        assert self.simulator.helix("GET", "/users", token=token).status_code == 200
        assert self.tokens.current() == token

    def test_the_new_refresh_token_is_stored_each_time(self) -> None:
        for _ in range(3):
            before = grant_of(self.user)
            self.simulator.control.fault("expire_tokens")
            self.tokens.renew(before.access_token)
            assert grant_of(self.user).refresh_token != before.refresh_token
        assert len(self.sent) == len(set(self.sent)) == 3

    def test_what_the_grant_is_stays_as_it_was(self) -> None:
        self.renew()
        after = grant_of(self.user)
        assert after.state == Grant.State.ACTIVE
        assert (after.scopes, after.granted_at) == (self.first.scopes, self.first.granted_at)
        assert after.due_at == self.first.due_at
        assert after.expires_at is not None
        assert after.expires_at > timezone.now() + timedelta(hours=3)

    def test_one_replaced_meanwhile_is_not_replaced_again(self) -> None:
        assert self.renew() == self.renew()
        assert len(self.sent) == 1

    def test_helix_goes_on_by_itself(self) -> None:
        with_grant = Helix(
            api_url=settings.TWITCH_API_URL, client_id=settings.TWITCH_CLIENT_ID, tokens=self.tokens
        )
        self.addCleanup(with_grant.close)
        found = with_grant.profiles(logins=["ada_streams"])
        assert [one.twitch_id for one in found] == [ADA]

    def test_no_token_is_in_the_log_or_in_words(self) -> None:
        refresh = claim_refresh(self.user.pk, dead=self.first.access_token)
        assert refresh is not None
        with self.assertLogs("accounts", "INFO") as log:
            answer = ask(refresh, oauth())
            settle(refresh, answer)
        told = "".join(log.output) + repr(refresh) + repr(answer)
        after = grant_of(self.user)
        for token in (self.first.refresh_token, after.access_token, after.refresh_token):
            assert token not in told


class RefusedTests(RefreshCase):
    def setUp(self) -> None:
        super().setUp()
        self.simulator.control.event("user.authorization.revoke", "ada_streams")

    def test_the_grant_dies(self) -> None:
        with pytest.raises(GrantEnded):
            self.renew()
        assert_ended(self.user, REFUSED)

    def test_a_dead_one_is_never_sent_again(self) -> None:
        for _ in range(3):
            with pytest.raises(GrantEnded):
                self.renew()
            with pytest.raises(GrantEnded):
                self.tokens.current()
        assert self.sent == [self.first.refresh_token]

    def test_a_login_brings_it_back_to_life(self) -> None:
        with pytest.raises(GrantEnded):
            self.renew()
        granted(self.simulator)
        again = grant_of(self.user)
        assert (again.state, again.ending) == (Grant.State.ACTIVE, "")
        assert again.due_at is not None
        assert self.tokens.current() == again.access_token

    def test_another_viewers_grant_lives_on(self) -> None:
        other = granted(self.simulator, "bob_watches")
        with pytest.raises(GrantEnded):
            self.renew()
        assert grant_of(other).state == Grant.State.ACTIVE

    def test_one_without_a_refresh_token_dies_without_a_question(self) -> None:
        Grant.objects.update(refresh_token="")
        with pytest.raises(GrantEnded):
            self.renew()
        assert_ended(self.user, REFUSED)
        assert self.sent == []


class AwayTests(RefreshCase):
    def test_nothing_dies_while_twitch_is_down(self) -> None:
        self.simulator.control.fault("oauth_down")
        with pytest.raises(TwitchUnavailable):
            self.renew()
        assert grant_of(self.user).state == Grant.State.ACTIVE
        self.let_pass(11)
        assert self.renew() != self.first.access_token

    def test_nobody_asks_again_at_once(self) -> None:
        self.simulator.control.fault("oauth_down")
        for _ in range(3):
            with pytest.raises(TwitchUnavailable):
                self.renew()
        assert self.simulator.inside(lambda twitch: twitch.faults.waiting()) == []
        assert self.sent == []

    def test_nothing_dies_when_nobody_listens(self) -> None:
        away = OAuth(auth_url="http://127.0.0.1:9", client_id="c", client_secret="s")
        self.addCleanup(away.close)
        with pytest.raises(TwitchUnavailable):
            GrantTokens(user_id=self.user.pk, oauth=away).renew(self.first.access_token)
        assert grant_of(self.user).refresh_token == self.first.refresh_token

    def test_a_refused_token_that_comes_back_is_not_asked_for_again(self) -> None:
        same = answering(200, {**GOOD, "access_token": self.first.access_token})
        with pytest.raises(TwitchUnavailable, match="came back"):
            GrantTokens(user_id=self.user.pk, oauth=same).renew(self.first.access_token)
        assert grant_of(self.user).state == Grant.State.ACTIVE

    def test_who_waits_for_another_process_in_vain_says_so(self) -> None:
        claim_refresh(self.user.pk, dead=self.first.access_token)
        with (
            patch.multiple(refreshing, PATIENCE_SECONDS=0.05, PAUSE_SECONDS=0.01),
            pytest.raises(TwitchUnavailable, match="another process"),
        ):
            self.renew()
        assert self.sent == []

    def test_who_waits_takes_what_the_other_process_stored(self) -> None:
        refresh = claim_refresh(self.user.pk, dead=self.first.access_token)
        assert refresh is not None

        def meanwhile(_seconds: float) -> None:
            settle(refresh, ask(refresh, oauth()))

        with patch("accounts.refreshing.time.sleep", side_effect=meanwhile):
            assert self.renew() == grant_of(self.user).access_token
        assert len(self.sent) == 1

    def test_a_grant_whose_key_is_gone_is_left_for_the_key_to_come_back(self) -> None:
        with (
            override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]),
            pytest.raises(GrantEnded, match="unknown key"),
        ):
            self.tokens.current()
        assert self.tokens.current() == self.first.access_token

    def test_who_never_granted_anything_has_none(self) -> None:
        with pytest.raises(GrantEnded):
            GrantTokens(user_id=make_user().pk, oauth=oauth()).current()


class KilledTests(RefreshCase):
    """A process took the claim and was never heard of again."""

    def killed(self, *, after_answer: bool = False) -> None:
        refresh = claim_refresh(self.user.pk, dead=self.first.access_token)
        assert refresh is not None
        if after_answer:
            ask(refresh, oauth())

    def test_the_claim_holds_others_back_until_nothing_can_be_under_way(self) -> None:
        self.killed()
        self.let_pass(CLAIM.total_seconds() - 1)
        assert claim_refresh(self.user.pk, dead=self.first.access_token) is None
        self.let_pass(1)
        assert claim_refresh(self.user.pk, dead=self.first.access_token) is not None

    def test_before_twitch_was_asked_nothing_is_lost(self) -> None:
        self.killed()
        self.let_pass(61)
        assert self.renew() != self.first.access_token
        assert grant_of(self.user).refresh_doubts == 0

    def test_after_twitch_used_it_up_it_is_sent_once_more_and_never_again(self) -> None:
        self.killed(after_answer=True)
        self.let_pass(61)
        for _ in range(3):
            with pytest.raises(GrantEnded):
                self.renew()
        assert self.sent == 2 * [self.first.refresh_token]
        assert_ended(self.user, REFUSED)

    def test_after_twitch_refused_it_twice_unheard_it_is_not_sent_again(self) -> None:
        self.simulator.control.event("user.authorization.revoke", "ada_streams")
        self.killed(after_answer=True)
        self.let_pass(61)
        self.killed(after_answer=True)
        self.let_pass(61)
        with pytest.raises(GrantEnded):
            self.renew()
        assert self.sent == 2 * [self.first.refresh_token]
        assert_ended(self.user, REFUSED)

    def test_one_heard_of_late_changes_nothing(self) -> None:
        late = claim_refresh(self.user.pk, dead=self.first.access_token)
        assert late is not None
        self.let_pass(61)
        token = self.renew()
        settle(late, OTHERS)
        assert self.tokens.current() == token
        settle(late, TwitchRefused(400, "Invalid refresh token"))
        assert self.tokens.current() == token


class LoginMeanwhileTests(RefreshCase):
    def setUp(self) -> None:
        super().setUp()
        refresh = claim_refresh(self.user.pk, dead=self.first.access_token)
        assert refresh is not None
        self.refresh = refresh
        keep_grant(user=self.user, consent=consent_of(self.simulator.log_in("ada_streams", "x")))
        self.newer = grant_of(self.user)

    def test_the_newer_tokens_are_not_replaced(self) -> None:
        settle(self.refresh, OTHERS)
        assert self.tokens.current() == self.newer.access_token

    def test_the_newer_grant_does_not_die_of_the_older_tokens(self) -> None:
        settle(self.refresh, TwitchRefused(400, "Invalid refresh token"))
        assert grant_of(self.user).state == Grant.State.ACTIVE

    def test_a_failure_leaves_no_pause_to_the_newer_one(self) -> None:
        with pytest.raises(TwitchUnavailable):
            settle(self.refresh, TwitchUnavailable("down"))
        assert grant_of(self.user).refresh_until is None

    def test_who_was_refused_the_older_token_gets_the_newer_one(self) -> None:
        assert self.renew() == self.newer.access_token
        assert self.sent == []


GOOD = {"access_token": "a2", "refresh_token": "r2", "expires_in": 14000, "scope": ["x"]}
UNUSABLE: list[tuple[int, Any]] = [
    (500, {}),
    (503, {"status": 503, "message": "service unavailable"}),
    (429, {"status": 429, "message": "too many"}),
    (302, {}),
    (200, "<html>maintenance</html>"),
    (200, '{"access_token": "a'),
    (200, []),
    (200, {**GOOD, "access_token": None}),
    (200, {**GOOD, "access_token": "line\nbreak"}),
    (200, {**GOOD, "refresh_token": 7}),
    (200, {**GOOD, "expires_in": "soon"}),
    # It is we who are refused; everybody's Grant would die of a wrong secret.
    (400, {"status": 400, "message": "invalid client"}),
    (403, {"status": 403, "message": "invalid client secret"}),
    (404, "not here"),
]


def answering(status: int, body: Any) -> OAuth:
    """A client to which Twitch always answers this."""

    def answer(_request: httpx.Request) -> httpx.Response:
        if isinstance(body, str):
            return httpx.Response(status, text=body)
        return httpx.Response(status, json=body)

    client = OAuth(auth_url="http://127.0.0.1:9", client_id="c", client_secret="s")
    client.close()
    client._http = httpx.Client(transport=httpx.MockTransport(answer), timeout=1)
    return client


@pytest.mark.parametrize(("status", "body"), UNUSABLE)
def test_an_unusable_answer_is_no_refusal(status: int, body: Any) -> None:
    with pytest.raises(TwitchUnavailable):
        answering(status, body).refresh("r")


@pytest.mark.parametrize("status", [400, 401])
def test_a_refusal_is_one(status: int) -> None:
    with pytest.raises(TwitchRefused):
        answering(status, {"status": status, "message": "Invalid refresh token"}).refresh("r")
    with pytest.raises(TwitchRefused):
        answering(status, "<html>").refresh("r")


def test_an_answer_without_a_new_refresh_token_keeps_the_old_one() -> None:
    answer = answering(200, {"access_token": "a2", "expires_in": 14000}).refresh("r")
    assert (answer.access_token, answer.refresh_token) == ("a2", "r")


@pytest.mark.parametrize("seconds", [-5, 0, 10**12])
def test_an_odd_lifetime_does_no_harm(seconds: int) -> None:
    answer = answering(200, {**GOOD, "expires_in": seconds, "new": {"field": 1}}).refresh("r")
    assert timedelta(0) <= answer.lifetime <= timedelta(days=60)
