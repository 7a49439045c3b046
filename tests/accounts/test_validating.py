"""Every live Grant is validated once an hour, against the simulator."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from cryptography.fernet import Fernet
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts import tasks
from accounts.granting import Consent, keep_grant
from accounts.models import Grant, User
from accounts.refreshing import claim_refresh
from accounts.twitch import oauth
from accounts.validating import IN_FLIGHT, validate_due
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.oauth import OAuth, Validation
from tests.accounts.dance import local_twitch
from tests.accounts.grants import assert_ended, grant_of, granted, refreshes
from tests.factories import make_user

MINUTE = timedelta(minutes=1)


def make_due() -> None:
    Grant.objects.active().update(due_at=timezone.now() - MINUTE, validated_at=None)


def minutes_left(user: User) -> float:
    """Until the Grant is due again."""
    due_at = grant_of(user).due_at
    assert due_at is not None
    return (due_at - timezone.now()) / MINUTE


class ValidateTests(TestCase):
    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.sent = self.enterContext(refreshes(self.simulator))
        self.user = granted(self.simulator)

    def validate(self) -> int:
        make_due()
        return validate_due(oauth=oauth())

    def test_a_login_is_due_within_the_hour(self) -> None:
        assert 44 < minutes_left(self.user) < 56
        assert validate_due(oauth=oauth()) == 0

    def test_a_good_one_is_due_again_within_the_hour(self) -> None:
        assert self.validate() == 1
        grant = grant_of(self.user)
        assert grant.validated_at is not None
        assert 44 < minutes_left(self.user) < 56
        assert self.sent == []

    def test_those_due_together_drift_apart(self) -> None:
        found = set()
        for _ in range(5):
            self.validate()
            found.add(round(minutes_left(self.user), 3))
        assert len(found) > 1

    def test_one_that_ran_out_is_refreshed_and_lives(self) -> None:
        before = grant_of(self.user)
        self.simulator.control.fault("expire_tokens")
        assert self.validate() == 1
        after = grant_of(self.user)
        assert after.state == Grant.State.ACTIVE
        assert after.access_token != before.access_token
        assert 44 < minutes_left(self.user) < 56
        assert self.sent == [before.refresh_token]

    def test_one_taken_back_at_twitch_ends(self) -> None:
        other = granted(self.simulator, "bob_watches")
        self.simulator.control.event("user.authorization.revoke", "ada_streams")
        with self.assertLogs("accounts", "INFO") as log:
            assert self.validate() == 2
        assert_ended(self.user, Grant.Ending.REFUSED)
        assert grant_of(other).state == Grant.State.ACTIVE
        assert self.validate() == 1
        assert len(self.sent) == 1
        assert "'ended': 1" in log.output[-1]

    def test_nothing_ends_while_twitch_is_down(self) -> None:
        self.simulator.control.fault("oauth_down", path="/oauth2/validate")
        assert self.validate() == 1
        assert grant_of(self.user).state == Grant.State.ACTIVE
        assert 0.9 < minutes_left(self.user) < 5.1
        assert self.validate() == 1
        assert grant_of(self.user).validated_at is not None

    def test_nothing_ends_while_tokens_cannot_be_refreshed(self) -> None:
        self.simulator.control.fault("expire_tokens")
        self.simulator.control.fault("oauth_down", path="/oauth2/token")
        self.validate()
        assert grant_of(self.user).state == Grant.State.ACTIVE
        assert 0.9 < minutes_left(self.user) < 5.1
        Grant.objects.update(refresh_until=None)
        self.validate()
        assert grant_of(self.user).validated_at is not None

    def test_one_that_another_process_refreshes_is_left_to_it(self) -> None:
        self.simulator.control.fault("expire_tokens")
        assert claim_refresh(self.user.pk, dead=grant_of(self.user).access_token)
        self.validate()
        assert grant_of(self.user).state == Grant.State.ACTIVE
        assert 0.9 < minutes_left(self.user) < 5.1
        assert self.sent == []

    def test_one_whose_key_is_gone_does_not_stop_the_others(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
            other = granted(self.simulator, "bob_watches")
            assert self.validate() == 1
            assert grant_of(other).validated_at is not None
        grant = grant_of(self.user)
        assert (grant.state, grant.validated_at) == (Grant.State.ACTIVE, None)
        assert grant.access_token
        assert 44 < minutes_left(self.user) < 56

    def test_the_task_leaves_the_work_to_whoever_is_at_it(self) -> None:
        make_due()
        lease = Lease.objects.take("accounts.validate_grants", lifetime=MINUTE)
        tasks.validate_grants()
        assert grant_of(self.user).validated_at is None
        Lease.objects.give_back("accounts.validate_grants", lease)
        tasks.validate_grants()
        assert grant_of(self.user).validated_at is not None


class CountingOAuth(OAuth):
    """Counts how many questions are under way at once."""

    def __init__(self, *, is_down: bool = False) -> None:
        super().__init__(auth_url="http://127.0.0.1:9", client_id="c", client_secret="s")
        self._lock = threading.Lock()
        self._under_way = 0
        self.is_down = is_down
        self.most = 0
        self.asked = 0

    def validate(self, token: str) -> Validation:
        with self._lock:
            self.asked += 1
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        time.sleep(0.02)
        with self._lock:
            self._under_way -= 1
        if self.is_down:
            raise TwitchUnavailable("down")
        return Validation(client_id="c", twitch_id="1", login="a", scopes=())


class ManyTests(TestCase):
    def setUp(self) -> None:
        consent = Consent(access_token="a", refresh_token="r", scopes=[], expires_at=None)
        for _ in range(3 * IN_FLIGHT):
            keep_grant(user=make_user(), consent=consent)
        make_due()

    def test_ten_at_most_are_under_way(self) -> None:
        twitch = CountingOAuth()
        assert validate_due(oauth=twitch) == 3 * IN_FLIGHT
        assert 1 < twitch.most <= IN_FLIGHT
        assert validate_due(oauth=twitch) == 0

    def test_a_run_ends_when_twitch_answers_none_of_ten(self) -> None:
        twitch = CountingOAuth(is_down=True)
        assert validate_due(oauth=twitch) == IN_FLIGHT
        assert twitch.asked == IN_FLIGHT
        assert not Grant.objects.filter(state=Grant.State.DEAD).exists()
