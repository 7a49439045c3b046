"""One application token for all processes."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts import app_token
from accounts.app_token import DatabaseTokens
from accounts.models import AppToken
from accounts.twitch import helix, oauth
from simulator.testing import Simulator
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.oauth import AppToken as Answer
from streamwatch.twitch.oauth import OAuth
from tests.accounts.dance import local_twitch

ROOT = Path(__file__).resolve().parents[2]
MONTH = timedelta(days=30)


class CountingOAuth(OAuth):
    """Gives token-1, token-2, ... or nothing."""

    def __init__(self) -> None:
        super().__init__(auth_url="http://127.0.0.1:9", client_id="c", client_secret="s")
        self.given = 0
        self.lifetime = MONTH
        self.is_down = False

    def app_token(self) -> Answer:
        assert Lease.objects.filter(until__gt=timezone.now()).exists(), "no lease is held"
        if self.is_down:
            raise TwitchUnavailable("down")
        self.given += 1
        return Answer(token=f"token-{self.given}", lifetime=self.lifetime)


class DatabaseTokensTests(TestCase):
    def setUp(self) -> None:
        self.oauth = CountingOAuth()
        self.tokens = DatabaseTokens(oauth=self.oauth, client_id="c")

    def ends_in(self, left: timedelta) -> None:
        now = timezone.now()
        AppToken.objects.update(expires_at=now + left, renewed_at=now + left - MONTH)

    def lease(self) -> None:
        """Another process has the lease."""
        assert Lease.objects.take("app token c", lifetime=timedelta(minutes=1))

    def test_is_got_once_and_kept_for_everybody(self) -> None:
        assert self.tokens.current() == "token-1"
        other_process = DatabaseTokens(oauth=self.oauth, client_id="c")
        with self.assertNumQueries(1):  # the token
            assert other_process.current() == "token-1"
        assert self.oauth.given == 1

    def test_lies_encrypted_in_the_database(self) -> None:
        self.tokens.current()
        with connection.cursor() as cursor:
            cursor.execute("SELECT token FROM accounts_apptoken")
            assert cursor.fetchone()[0].startswith("gAAAA")

    def test_is_renewed_some_minutes_before_its_end(self) -> None:
        self.tokens.current()
        self.ends_in(timedelta(minutes=11))
        assert self.tokens.current() == "token-1"
        self.ends_in(timedelta(minutes=9))
        assert self.tokens.current() == "token-2"

    def test_near_its_end_it_serves_while_another_process_renews_it(self) -> None:
        self.tokens.current()
        self.ends_in(timedelta(minutes=9))
        self.lease()
        assert self.tokens.current() == "token-1"

    def test_near_its_end_it_serves_while_twitch_is_down(self) -> None:
        self.tokens.current()
        self.ends_in(timedelta(minutes=9))
        self.oauth.is_down = True
        assert self.tokens.current() == "token-1"

    def test_after_its_end_it_is_never_given(self) -> None:
        self.tokens.current()
        self.ends_in(timedelta(0))
        assert self.tokens.current() == "token-2"
        self.ends_in(timedelta(0))
        self.oauth.is_down = True
        with pytest.raises(TwitchUnavailable):
            self.tokens.current()

    def test_a_short_one_is_not_renewed_at_every_call(self) -> None:
        self.oauth.lifetime = timedelta(minutes=4)
        assert [self.tokens.current() for _ in range(3)] == 3 * ["token-1"]

    def test_an_endless_one_is_not_believed(self) -> None:
        self.oauth.lifetime = timedelta(days=999_999)
        self.tokens.current()
        assert AppToken.objects.get().expires_at < timezone.now() + timedelta(days=61)

    def test_a_dead_one_is_replaced(self) -> None:
        self.tokens.current()
        assert self.tokens.renew("token-1") == "token-2"
        assert self.tokens.current() == "token-2"

    def test_one_that_another_process_has_replaced_is_not_replaced_again(self) -> None:
        self.tokens.current()
        self.tokens.renew("token-1")
        assert self.tokens.renew("token-1") == "token-2"
        assert self.oauth.given == 2

    def test_who_waits_for_another_process_takes_what_it_stored(self) -> None:
        self.tokens.current()
        self.lease()

        def meanwhile(_seconds: float) -> None:
            other = AppToken.objects.get()
            other.token = "theirs"
            other.save()

        with patch("accounts.app_token.time.sleep", side_effect=meanwhile):
            assert self.tokens.renew("token-1") == "theirs"
        assert self.oauth.given == 1

    def test_one_stored_just_before_the_lease_was_free_is_taken(self) -> None:
        self.tokens.current()

        def take(*_: object, **__: object) -> str:
            AppToken.objects.filter(client_id="c").update(token="theirs")
            return "our lease"

        with patch.object(type(Lease.objects), "take", side_effect=take):
            assert self.tokens.renew("token-1") == "theirs"
        assert self.oauth.given == 1

    def test_who_waits_in_vain_says_so(self) -> None:
        self.lease()
        with (
            patch.multiple(app_token, PATIENCE_SECONDS=0.05, PAUSE_SECONDS=0.01),
            pytest.raises(TwitchUnavailable, match="another process"),
        ):
            self.tokens.current()

    def test_the_lease_is_given_back_when_twitch_is_down(self) -> None:
        self.oauth.is_down = True
        for _ in range(2):
            with pytest.raises(TwitchUnavailable, match="down"):
                self.tokens.current()
        self.oauth.is_down = False
        assert self.tokens.current() == "token-1"

    def test_one_whose_key_is_gone_is_replaced(self) -> None:
        self.tokens.current()
        with override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
            assert self.tokens.current() == "token-2"
            assert self.tokens.current() == "token-2"

    def test_another_client_has_one_of_its_own(self) -> None:
        self.tokens.current()
        other = DatabaseTokens(oauth=self.oauth, client_id="d")
        assert other.current() == "token-2"
        assert self.tokens.current() == "token-1"

    def test_is_not_in_the_log(self) -> None:
        with self.assertLogs("accounts.app_token", "INFO") as log:
            token = self.tokens.current()
        assert token not in "".join(log.output)


class ClientsTests(TestCase):
    def test_helix_gets_its_token_by_itself_and_another_when_it_is_refused(self) -> None:
        with local_twitch() as simulator:
            assert [p.login for p in helix().profiles(logins=["ada_streams"])] == ["ada_streams"]
            first = AppToken.objects.get().token
            simulator.control.fault("expire_tokens")
            assert helix().profiles(logins=["bob_watches"])
            assert AppToken.objects.get().token != first

    def test_there_is_one_of_each_in_a_process(self) -> None:
        assert helix() is helix()
        assert oauth() is oauth()

    def test_other_addresses_make_other_ones(self) -> None:
        before = helix()
        with override_settings(TWITCH_API_URL="http://127.0.0.1:9/elsewhere"):
            assert helix() is not before


# --- Real processes

ASK = """
import django; django.setup()
import sys, threading
from django.db import connection
from accounts.models import AppToken
from accounts.twitch import helix
found, dead = [], sys.argv[1]
start = threading.Barrier(6)
def ask():
    tokens = helix()._tokens
    start.wait()
    try:
        found.append(tokens.renew(dead) if dead else tokens.current())
    finally:
        connection.close()
threads = [threading.Thread(target=ask) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(*found)
"""


def tokens_given(simulator: Simulator) -> int:
    sql = "SELECT count(*) FROM tokens WHERE user_id IS NULL"
    return int(simulator.inside(lambda twitch: twitch.store.value(sql)))


def ask_all(environ: dict[str, str], dead: str = "") -> list[str]:
    """What 2 processes of 6 threads each get, all asking at once."""
    command = [sys.executable, "-c", ASK, dead]
    options: dict[str, Any] = {"cwd": ROOT, "env": environ, "stdout": -1, "text": True}
    asking = [subprocess.Popen(command, **options) for _ in range(2)]
    return [token for process in asking for token in process.communicate(timeout=60)[0].split()]


def assert_one_for_all(database_url: str) -> None:
    with local_twitch(slow_seconds=0.5) as simulator:
        environ = {
            **os.environ,
            "DATABASE_URL": database_url,
            "TWITCH_AUTH_URL": simulator.auth_url,
            "TWITCH_API_URL": simulator.api_url,
            "DJANGO_SETTINGS_MODULE": "streamwatch.settings",
        }
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=ROOT, env=environ, check=True)
        # The first to ask keeps the others waiting.
        simulator.control.fault("oauth_slow")
        first = ask_all(environ)
        assert len(first) == 12
        assert len(set(first)) == 1
        assert tokens_given(simulator) == 1

        simulator.control.fault("oauth_slow")
        second = ask_all(environ, dead=first[0])
        assert len(second) == 12
        assert len(set(second)) == 1
        assert second[0] != first[0]
        assert tokens_given(simulator) == 2


def test_many_processes_get_one_token_on_sqlite(tmp_path: Path) -> None:
    assert_one_for_all(f"sqlite:///{tmp_path / 'db.sqlite3'}")


@pytest.mark.mariadb
def test_many_processes_get_one_token_on_mariadb(mariadb_database: str) -> None:
    assert_one_for_all(mariadb_database)
