"""Logins, refreshes, withdrawals and Twitch's own word about one viewer, all at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from accounts.granting import Consent
from accounts.logging_in import log_in
from accounts.models import Grant, User
from accounts.refreshing import GrantEnded, GrantTokens
from accounts.revoking import note_revoked
from accounts.validating import validate_due
from accounts.withdrawing import withdraw
from streamwatch.twitch.errors import TokenRefused, TwitchRefused, TwitchUnavailable
from streamwatch.twitch.oauth import OAuth, UserTokens, Validation
from streamwatch.twitch.payloads import Profile

ROUNDS = 15
PROFILE = Profile.parse({"id": "1", "login": "ann", "display_name": "Ann"})


class OneUseOAuth(OAuth):
    """Each refresh token is good once; every third is refused. Notes those that are sent."""

    def __init__(self) -> None:
        super().__init__(auth_url="http://127.0.0.1:9", client_id="c", client_secret="s")
        self.sent: list[str] = []
        self._numbers = count(1)

    def refresh(self, refresh_token: str) -> UserTokens:
        self.sent.append(refresh_token)
        number = next(self._numbers)
        if number % 3 == 0:
            raise TwitchRefused(400, "Invalid refresh token")
        return UserTokens(f"access-{number}", f"refresh-{number}", timedelta(hours=4))

    def validate(self, token: str) -> Validation:
        raise TokenRefused(401, "invalid access token")

    def revoke(self, token: str) -> None:
        """Always works."""


@pytest.mark.mariadb
class AtOnceTests(TransactionTestCase):
    def setUp(self) -> None:
        self.twitch = OneUseOAuth()
        self.addCleanup(self.twitch.close)
        self.logins = count(1)
        self.log_in()

    def log_in(self) -> None:
        number = next(self.logins)
        log_in(profile=PROFILE, consent=Consent(f"login-{number}", f"once-{number}", [], None))

    def refresh(self) -> None:
        tokens = GrantTokens(user_id=self.user().pk, oauth=self.twitch)
        try:
            tokens.renew(tokens.current())
        except (GrantEnded, TwitchUnavailable):
            return

    def validate(self) -> None:
        Grant.objects.active().update(due_at=timezone.now())
        validate_due(oauth=self.twitch)

    def withdraw(self) -> None:
        withdraw(user=self.user(), oauth=self.twitch)

    def note(self) -> None:
        note_revoked(twitch_id="1", at=timezone.now())

    def user(self) -> User:
        return User.objects.get(twitch_id="1")

    def test_no_refresh_token_is_sent_twice_and_no_dead_grant_keeps_one(self) -> None:
        living = [self.log_in, self.refresh, self.refresh, self.validate]
        for number in range(ROUNDS):
            # Withdrawals are quick: in every round they would leave little to be refreshed.
            ends = [self.withdraw, self.note] if number % 2 else []
            assert at_once([*living, *ends]) == []
            grant = Grant.objects.get()
            if grant.state == Grant.State.DEAD:
                assert (grant.access_token, grant.refresh_token, grant.due_at) == ("", "", None)
                assert grant.ending
            else:
                assert grant.access_token
                assert not grant.ending
            assert grant.refresh_claim == ""
            self.log_in()
        assert len(self.twitch.sent) == len(set(self.twitch.sent)) > ROUNDS / 4


def at_once(works: list[Callable[[], None]]) -> list[Exception]:
    """What they raise."""
    start = threading.Barrier(len(works))
    failures: list[Exception] = []

    def do(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001  # told by the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
