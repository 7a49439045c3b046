"""Tokens of many viewers at once, against the simulator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cryptography.fernet import Fernet
from django.test import TestCase, override_settings

from accounts.models import Grant
from accounts.refreshing import access_tokens, claim_refresh, renew_together
from accounts.twitch import oauth
from streamwatch.twitch.errors import TwitchError, TwitchUnavailable
from tests.accounts.dance import local_twitch
from tests.accounts.grants import assert_ended, granted, refreshes


class TogetherTests(TestCase):
    """Ada's and Bob's tokens, for work that asks Twitch about many viewers at once."""

    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.sent = self.enterContext(refreshes(self.simulator))
        self.user = granted(self.simulator)
        self.bob = granted(self.simulator, "bob_watches")
        self.simulator.control.fault("expire_tokens")
        self.dead = access_tokens([self.user.pk, self.bob.pk])
        self.threads = self.enterContext(ThreadPoolExecutor(2))

    def renew_both(self) -> dict[int, str | TwitchError]:
        return renew_together(self.dead, oauth=oauth(), threads=self.threads)

    def test_the_tokens_of_many_are_one_query(self) -> None:
        with self.assertNumQueries(1):  # the tokens
            found = access_tokens([self.user.pk, self.bob.pk, 0])
        assert found.keys() == {self.user.pk, self.bob.pk}

    def test_one_whose_key_is_gone_does_not_hide_the_others(self) -> None:
        key = Fernet.generate_key().decode()
        with override_settings(FIELD_ENCRYPTION_KEYS=[key]):
            Grant.objects.filter(user=self.bob).update(access_token="sealed anew")
            assert access_tokens([self.user.pk, self.bob.pk]) == {self.bob.pk: "sealed anew"}

    def test_each_gets_its_own(self) -> None:
        found = self.renew_both()
        assert found == access_tokens([self.user.pk, self.bob.pk])
        assert not set(found.values()) & set(self.dead.values())
        assert len(self.sent) == 2

    def test_one_whose_grant_ends_is_left_out(self) -> None:
        self.simulator.control.event("user.authorization.revoke", "ada_streams")
        assert self.renew_both().keys() == {self.bob.pk}
        assert_ended(self.user, Grant.Ending.REFUSED)

    def test_what_another_process_has_under_way_is_left_to_it(self) -> None:
        assert claim_refresh(self.user.pk, dead=self.dead[self.user.pk]) is not None
        assert self.renew_both().keys() == {self.bob.pk}

    def test_no_answer_is_said_and_ends_nothing(self) -> None:
        self.simulator.control.fault("oauth_down", 2)
        assert all(isinstance(one, TwitchUnavailable) for one in self.renew_both().values())
        assert Grant.objects.active().count() == 2
