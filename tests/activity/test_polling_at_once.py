"""Several workers poll at once, or one is killed: nothing is missed, nothing is twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection
from django.test import SimpleTestCase, TransactionTestCase
from django.utils import timezone

from accounts.twitch import helix
from activity import polling_answers, rings, tasks
from activity.drafts import Draft, Followed
from activity.models import Activity, FollowedCursor, FollowerCount, Ring
from activity.polling import poll
from simulator.testing import Simulator, running
from subscriptions.models import Streamer
from tests.activity.polled_world import LISTS, make_due, only, polled_world
from tests.environment import VALUES, bare

ROOT = Path(__file__).resolve().parents[2]
MANY = 250
WORKERS = 4
PREPARE = """
import json, sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.factories import make_streamer, make_subscription, make_user
viewer = make_user()
for twitch_id in json.loads(sys.stdin.read()):
    make_subscription(user=viewer, streamer=make_streamer(twitch_id=twitch_id))
"""
POLL = """
import django
django.setup()
from activity import polling, rings, tasks
for name in rings.ONE_BY_ONE:
    del rings.PERIODS[name]
crash_point, groups = polling.crash_point, []
def sixth(name):
    groups.append(name)
    if len(groups) == 6:
        crash_point(name)
polling.IN_FLIGHT, polling.crash_point = 1, sixth
polling.RUN *= 60
tasks.poll()
"""
COUNT = """
import django
django.setup()
from activity import polling, polling_answers, rings, tasks
crash_point, groups = polling_answers.crash_point, []
def second(name):
    groups.append(name)
    if len(groups) == 2:
        crash_point(name)
for name in rings.PERIODS.keys() - {rings.FOLLOWERS}:
    del rings.PERIODS[name]
polling.IN_FLIGHT, polling_answers.crash_point = 5, second
polling.RUN *= 60
tasks.poll()
"""
READ = """
import json
import django
django.setup()
from activity.models import Activity, FollowerCount, Ring
from streamwatch.models import Lease
from subscriptions.models import Streamer
live = Streamer.objects.exclude(live_stream_id="").values_list("live_stream_id", flat=True)
keys = Activity.objects.filter(kind="online").values_list("dedupe_key", flat=True)
print(json.dumps({
    "live": sorted(live),
    "keys": sorted(keys),
    "counts": sorted(FollowerCount.objects.values_list("streamer__twitch_id", "total")),
    "cursors": sorted(Ring.objects.values_list("cursor", flat=True)),
}))
Lease.objects.all().delete()
"""


def together(work: Callable[[], object]) -> None:
    """So many workers do it at the same time."""
    barrier = Barrier(WORKERS)

    def one(_: int) -> None:
        barrier.wait(10)
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as threads:
        list(threads.map(one, range(WORKERS)))


@pytest.mark.mariadb
class AtOnceTests(TransactionTestCase):
    def setUp(self) -> None:
        self.world = self.enterContext(polled_world(streamers=MANY))
        self.enterContext(only(*LISTS))
        self.world.watch(MANY)

    def assert_all_once(self) -> None:
        live = Streamer.objects.exclude(live_stream_id="").count()
        assert live > 50
        assert Activity.objects.count() == live
        assert set(Ring.objects.values_list("cursor", flat=True)) == {0}

    def test_with_the_lease_one_does_it_all(self) -> None:
        together(tasks.poll)
        assert self.world.asked == {"streams": 3, "channels": 3, "users": 3}
        self.assert_all_once()

    def test_without_it_nothing_is_twice(self) -> None:
        together(lambda: poll(twitch=helix()))
        self.assert_all_once()


@pytest.mark.mariadb
class FollowsAtOnceTests(TransactionTestCase):
    """The rings that ask about one streamer a request; record() is replaced."""

    def setUp(self) -> None:
        self.world = self.enterContext(polled_world())
        self.enterContext(only(*rings.ONE_BY_ONE))
        self.drafts: list[Draft] = []
        self.enterContext(patch.object(polling_answers, "record", self.drafts.extend))
        self.ada, *_ = self.world.watch_cast("ada_streams", "bob_watches", "carla_plays")
        self.world.consent("ada_streams")

    def at_once(self, work: Any) -> None:
        make_due()
        Ring.objects.update(spent_until=timezone.now() - timedelta(minutes=1))
        together(work)

    def test_nothing_is_lost_or_said_again_later(self) -> None:
        for work in (tasks.poll, lambda: poll(twitch=helix())):
            poll(twitch=helix())
            (chosen,) = self.world.not_followed_by(self.ada.twitch_id, 1)
            self.world.follow(self.ada.twitch_id, chosen)
            self.at_once(work)
            # Before it is said a second time, record() knows it.
            told = [
                draft.followed.twitch_id for draft in self.drafts if isinstance(draft, Followed)
            ]
            assert set(told) == {chosen}
            self.drafts.clear()
            self.at_once(work)
            assert self.drafts == []
        assert FollowerCount.objects.count() == 3
        assert FollowedCursor.objects.count() == 1
        assert set(Ring.objects.values_list("cursor", flat=True)) == {0}


class KilledTests(SimpleTestCase):
    """Real processes on a database file, the first of them killed by SIGKILL in a round."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        client = (settings.TWITCH_CLIENT_ID, settings.TWITCH_CLIENT_SECRET)
        self.simulator: Simulator = self.enterContext(
            running(streamers=MANY, client_id=client[0], client_secret=client[1])
        )

    def run_script(self, script: str, *, given: str = "", **more: str) -> tuple[int, str]:
        variables = {
            **bare(),
            **VALUES,
            "DJANGO_SETTINGS_MODULE": "streamwatch.settings",
            "DATABASE_URL": f"sqlite:///{self.folder}/db.sqlite3",
            "TWITCH_AUTH_URL": self.simulator.auth_url,
            "TWITCH_API_URL": self.simulator.api_url,
            **more,
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=variables,
            input=given,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout

    def read(self) -> dict[str, list[Any]]:
        """What the database has; the dead process's lease is over then."""
        found: dict[str, list[Any]] = json.loads(self.run_script(READ)[1])
        return found

    def crash(self, point: str) -> dict[str, str]:
        return {"CRASH_AT": point, "CRASH_MARK": str(self.folder / "crashed")}

    def test_a_killed_round_is_finished_by_the_next_process(self) -> None:
        people = self.simulator.inside(
            lambda twitch: [
                (row["id"], row["stream_id"])
                for row in twitch.store.rows("SELECT id, stream_id FROM people")
            ]
        )
        self.run_script(PREPARE, given=json.dumps([one for one, _ in people]))
        crash = self.crash("between-batches")
        assert self.run_script(POLL, **crash)[0] == -signal.SIGKILL
        half = self.read()
        # All three are under way; the last group is recorded, but its ring does not know yet.
        assert 0 not in half["cursors"]
        assert 0 < len(half["keys"]) < sum(stream is not None for _, stream in people)
        assert self.run_script(POLL, **crash)[0] == 0
        whole = self.read()
        assert whole["cursors"] == [0, 0, 0]
        assert whole["live"] == sorted(stream for _, stream in people if stream)
        assert whole["keys"] == [f"online:{stream}" for stream in whole["live"]]

    def test_killed_while_followers_are_counted_each_is_counted_all_the_same(self) -> None:
        totals = self.simulator.inside(
            lambda twitch: [
                [row["id"], twitch.people.followers_total(row["id"])]
                for row in twitch.store.rows("SELECT id FROM people ORDER BY id LIMIT 12")
            ]
        )
        self.run_script(PREPARE, given=json.dumps([one for one, _ in totals]))
        crash = self.crash("after-recording-followers")
        assert self.run_script(COUNT, **crash)[0] == -signal.SIGKILL
        assert self.read()["counts"] == totals[:5]
        assert self.run_script(COUNT, **crash)[0] == 0
        whole = self.read()
        assert whole["counts"] == totals
        assert whole["cursors"] == [0]
