"""Several processes record the same messages at once: nothing twice, nobody in another's way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from activity import pruning
from activity.announcing import announce
from activity.drafts import Draft
from activity.models import Activity, Follow
from activity.pruning import prune
from activity.recording import record
from streamwatch.outages import patiently
from subscriptions.models import Streamer
from tests.activity.saying import at, channel, follow, offline, online, raid
from tests.conftest import on_mariadb
from tests.environment import bare
from tests.factories import make_activity, make_streamer, make_subscription, make_user

ROOT = Path(__file__).resolve().parents[2]
STREAMERS = [str(number) for number in range(8)]
WORKERS = 6
OLD = at(-400 * 24 * 3600)
# What each worker does in its own order, as one of a sweep and a live process would.
SCRIPT = """
import sys
import django
django.setup()
from tests.activity.test_recording_at_once import work
sys.stdin.readline()
work(int(sys.argv[1]))
"""
READ = """
import json
import django
django.setup()
from activity.models import Activity
print(json.dumps(list(Activity.objects.values_list("streamer__twitch_id", "dedupe_key"))))
"""
MAKE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from tests.activity.test_recording_at_once import STREAMERS
from tests.factories import make_streamer
for twitch_id in STREAMERS:
    make_streamer(twitch_id=twitch_id)
"""


def said() -> list[Draft]:
    """For each streamer two streams, an end and a raid on the next one; no change, see below."""
    drafts: list[Draft] = []
    for number, who in enumerate(STREAMERS):
        drafts += [
            online("s1", 10, twitch_id=who),
            offline("s1", 100, twitch_id=who),
            online("s2", 200, twitch_id=who),
            raid(150, who, STREAMERS[number - 1]),
        ]
    return drafts


EXPECTED = Counter({"online": 16, "offline": 8, "raid_in": 8, "raid_out": 8})


def work(seed: int) -> None:
    drafts = said()
    random.Random(seed).shuffle(drafts)
    for start in range(0, len(drafts), 7):
        record(drafts[start : start + 7])


def kinds(keys: list[str]) -> Counter[str]:
    return Counter(key.split(":")[0] for key in keys)


@pytest.mark.mariadb
class ThreadsTests(TransactionTestCase):
    def setUp(self) -> None:
        for twitch_id in STREAMERS:
            make_streamer(twitch_id=twitch_id)

    def at_once(self, *works: Callable[[], None]) -> None:
        """Run them together, each with a connection of its own; raises what one raised."""
        barrier = Barrier(len(works))

        def run(one: Callable[[], None]) -> None:
            try:
                barrier.wait()
                one()
            finally:
                connection.close()

        with ThreadPoolExecutor(len(works)) as pool:
            list(pool.map(run, works))

    def test_nothing_is_recorded_twice(self) -> None:
        self.at_once(*(partial(work, seed) for seed in range(WORKERS)))
        keys = list(Activity.objects.values_list("dedupe_key", flat=True))
        assert kinds(keys) == EXPECTED
        assert set(Streamer.objects.values_list("live_stream_id", flat=True)) == {"s2"}
        assert not Activity.objects.filter(announced_at=None).exists()

    def test_same_changes_by_all_are_one_each(self) -> None:
        drafts = [channel(300, f"Title {who}", "Go", twitch_id=who) for who in STREAMERS]

        def change() -> None:
            record(drafts)

        self.at_once(*([change] * WORKERS))
        assert Activity.objects.count() == len(STREAMERS)
        assert set(Streamer.objects.values_list("revision", flat=True)) == {1}

    def test_each_follow_is_counted_once(self) -> None:
        """Bots follow all of them, and they one another, within some minutes."""
        drafts: list[Draft] = [
            follow(number * 7, who, streamer)
            for number, who in enumerate([*STREAMERS, *(f"bot{n}" for n in range(20))])
            for streamer in STREAMERS
            if who != streamer
        ]

        def take(seed: int) -> None:
            mine = random.Random(seed).sample(drafts, len(drafts))
            for start in range(0, len(mine), 40):
                record(mine[start : start + 40])

        self.at_once(*(partial(take, seed) for seed in range(WORKERS)))
        # Told by each of them, and by the streamers among the followers.
        told = len(drafts) + len(STREAMERS) * (len(STREAMERS) - 1)
        shown = list(Activity.objects.values_list("details", flat=True))
        assert Follow.objects.count() == told
        assert sum(1 + len(one["others"]) + one["more"] for one in shown) == told

    @override_settings(ACTIVITY_DAYS=(timezone.now() - OLD).days - 100)
    def test_amending_announcing_pruning_and_subscribing_get_done(self) -> None:
        for streamer in Streamer.objects.all():
            for _ in range(12):
                make_activity(streamer=streamer, occurred_at=OLD)
        works: list[Callable[[], None]] = [
            *(partial(change, turn) for turn in range(4)),
            *(2 * [subscribe, sweep, prunes]),
        ]
        with patch.object(pruning, "CHUNK_ROWS", 2), patch.object(pruning, "CHUNKS", 10):
            self.at_once(*works)
        # The old ones have gone, and all changes lie within a minute.
        assert Activity.objects.count() == len(STREAMERS)


def change(turn: int) -> None:
    for step in range(12):
        who = random.Random(turn * 100 + step).sample(STREAMERS, 5)
        titles = [channel(step, f"{turn} {step}", twitch_id=one) for one in who]
        # As those who call record() do: MariaDB sees a deadlock once in a while.
        announce(patiently(partial(record, titles)))


def subscribe() -> None:
    viewer = make_user()
    for streamer in Streamer.objects.order_by("-pk"):
        make_subscription(user=viewer, streamer=streamer)


def sweep() -> None:
    for _ in range(12):
        announce(list(Activity.objects.order_by("-pk").values_list("pk", flat=True)))


def prunes() -> None:
    for _ in range(12):
        prune()


@pytest.mark.skipif(on_mariadb(), reason="is run among the tests on SQLite")
def test_processes_on_sqlite_record_everything_once(tmp_path: Path) -> None:
    environment = {
        **bare(),
        **{name: os.environ[name] for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS")},
        "TWITCH_CLIENT_ID": "tests",
        "TWITCH_CLIENT_SECRET": "tests-secret",
        "TWITCH_EVENTSUB_SECRET": "tests-eventsub-secret",
        "TWITCH_API_URL": "http://127.0.0.1:9/helix",
        "TWITCH_AUTH_URL": "http://127.0.0.1:9/oauth2",
        "PUBLIC_URL": "http://localhost:8000",
        "CELERY_BROKER_URL": "memory://",
        "DJANGO_SETTINGS_MODULE": "streamwatch.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'test.sqlite3'}",
        "PYTHONPATH": str(ROOT),
    }

    def python(script: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(process: subprocess.Popen[str]) -> str:
        output, errors = process.communicate("go\n", timeout=60)
        assert process.returncode == 0, errors
        return output

    ended(python(MAKE))
    workers = [python(SCRIPT, str(seed)) for seed in range(3)]
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(ended, workers))
    found = json.loads(ended(python(READ)))
    assert kinds([key for _, key in found]) == EXPECTED
