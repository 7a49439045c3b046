"""Several logins of one person at the same moment."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import TransactionTestCase, override_settings

from accounts.granting import Consent
from accounts.logging_in import log_in
from accounts.models import Grant, OperatorBinding, User
from streamwatch.twitch.payloads import Profile

THREADS = 4


@pytest.mark.mariadb
@override_settings(OPERATOR_TWITCH_LOGINS=["ann"])
class AtOnceTests(TransactionTestCase):
    def test_make_one_viewer_with_one_grant(self) -> None:
        for number in range(10):
            failures = self.log_in_at_once(str(number))
            assert failures == []
            assert User.objects.filter(twitch_id=str(number)).count() == 1
            assert Grant.objects.filter(user__twitch_id=str(number)).count() == 1
        assert OperatorBinding.objects.count() == 1

    def log_in_at_once(self, twitch_id: str) -> list[Exception]:
        profile = Profile.parse({"id": twitch_id, "login": "ann", "display_name": "Ann"})
        start = threading.Barrier(THREADS)
        failures: list[Exception] = []

        def work(number: int) -> None:
            consent = Consent(
                access_token=f"a{number}", refresh_token="r", scopes=[], expires_at=None
            )
            start.wait()
            try:
                log_in(profile=profile, consent=consent)
            except Exception as error:  # noqa: BLE001  # told by the test
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return failures
