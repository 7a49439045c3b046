"""Many processes refresh one token, and some are killed at it: real ones, on real databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.testing import Simulator
from tests.accounts.dance import local_twitch
from tests.accounts.grants import ADA, SCOPES, refreshes

ROOT = Path(__file__).resolve().parents[2]
THREADS = 6

BEGIN = """
import sys, threading
import django; django.setup()
from datetime import timedelta
from django.db import connection
from django.utils import timezone
from accounts.granting import Consent, keep_grant
from accounts.models import Grant, User
from accounts.refreshing import GrantEnded, GrantTokens
from accounts.twitch import oauth
"""
KEEP = """
user = User.objects.create_user(sys.argv[1], login="ada_streams", display_name="Ada")
keep_grant(user=user, consent=Consent(sys.argv[2], sys.argv[3], [], None))
print(user.pk)
"""
RENEW = f"""
found = []
start = threading.Barrier({THREADS})
def renew():
    start.wait()
    try:
        found.append(GrantTokens(user_id=int(sys.argv[1]), oauth=oauth()).renew(sys.argv[2]))
    except GrantEnded:
        found.append("ended")
    finally:
        connection.close()
threads = [threading.Thread(target=renew) for _ in range({THREADS})]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(*found)
"""
LET_PASS = """
Grant.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
"""
LOOK = """
grant = Grant.objects.get()
print(grant.state, bool(grant.access_token or grant.refresh_token), grant.user.session_epoch)
"""


@dataclass
class Processes:
    """Processes of StreamWatch on one database, and the viewer whose token they want."""

    environ: dict[str, str]
    user_id: str = ""
    token: str = ""
    refresh_token: str = ""

    def start(self, code: str, *words: str, **environ: str) -> subprocess.Popen[str]:
        options: dict[str, Any] = {"cwd": ROOT, "env": {**self.environ, **environ}}
        command = [sys.executable, "-c", BEGIN + code, *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)

    def run(self, code: str, *words: str, **environ: str) -> list[str]:
        """What it printed."""
        return self.start(code, *words, **environ).communicate(timeout=60)[0].split()

    def renew_at_once(self) -> list[str]:
        """What 2 processes of 6 threads each get, all at once."""
        started = [self.start(RENEW, self.user_id, self.token) for _ in range(2)]
        return [word for one in started for word in one.communicate(timeout=60)[0].split()]

    def killed(self, mark: Path) -> None:
        """One begins to refresh and is killed when Twitch has answered."""
        crash = {"CRASH_AT": "after-refresh", "CRASH_MARK": str(mark)}
        one = self.start(RENEW, self.user_id, self.token, **crash)
        one.communicate(timeout=60)
        assert one.returncode == -signal.SIGKILL
        assert mark.exists()


@contextmanager
def processes(simulator: Simulator, database_url: str) -> Iterator[Processes]:
    """StreamWatch on an empty database, with a viewer whose access token has run out."""
    environ = {
        **os.environ,
        "DATABASE_URL": database_url,
        "TWITCH_AUTH_URL": simulator.auth_url,
        "TWITCH_API_URL": simulator.api_url,
        "DJANGO_SETTINGS_MODULE": "streamwatch.settings",
    }
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=environ, check=True)
    given = simulator.log_in("ada_streams", *SCOPES)
    here = Processes(environ, "", given["access_token"], given["refresh_token"])
    (here.user_id,) = here.run(KEEP, ADA, here.token, here.refresh_token)
    simulator.control.fault("expire_tokens")
    yield here


def assert_one_for_all(database_url: str) -> None:
    with (
        local_twitch(slow_seconds=0.5) as simulator,
        processes(simulator, database_url) as here,
        refreshes(simulator) as sent,
    ):
        # The first to ask keeps the others waiting.
        simulator.control.fault("oauth_slow")
        found = here.renew_at_once()
        assert len(found) == 2 * THREADS
        assert len(set(found)) == 1
        assert found[0] not in ("ended", here.token)
        assert sent == [here.refresh_token]

        simulator.control.event("user.authorization.revoke", "ada_streams")
        here.token = found[0]
        assert set(here.renew_at_once()) == {"ended"}
        assert len(sent) == 2
        assert here.run(LOOK) == ["dead", "False", "1"]


def assert_not_sent_for_ever(database_url: str, tmp_path: Path) -> None:
    with (
        local_twitch() as simulator,
        processes(simulator, database_url) as here,
        refreshes(simulator) as sent,
    ):
        here.killed(tmp_path / "first")
        here.run(LET_PASS)
        here.killed(tmp_path / "second")
        here.run(LET_PASS)
        assert set(here.renew_at_once()) == {"ended"}
        # The second time Twitch said no, and nobody lived to hear it.
        assert sent == 2 * [here.refresh_token]
        assert here.run(LOOK) == ["dead", "False", "1"]


def test_many_processes_send_one_refresh_token_once_on_sqlite(tmp_path: Path) -> None:
    assert_one_for_all(f"sqlite:///{tmp_path / 'db.sqlite3'}")


@pytest.mark.mariadb
def test_many_processes_send_one_refresh_token_once_on_mariadb(mariadb_database: str) -> None:
    assert_one_for_all(mariadb_database)


def test_who_is_killed_leaves_no_token_to_be_sent_for_ever_on_sqlite(tmp_path: Path) -> None:
    assert_not_sent_for_ever(f"sqlite:///{tmp_path / 'db.sqlite3'}", tmp_path)


@pytest.mark.mariadb
def test_who_is_killed_leaves_no_token_to_be_sent_for_ever_on_mariadb(
    mariadb_database: str, tmp_path: Path
) -> None:
    assert_not_sent_for_ever(mariadb_database, tmp_path)
