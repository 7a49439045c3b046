"""Rings over many streamers: requests, seconds and queries a round, and the real period.

STREAMERS (10,000) against a Twitch in a process of its own that answers after DELAY_MS (100),
driven as beat does, a run every 5 s. First a round in which a third go live, then ROUNDS in which
nothing happens, then one in which a hundredth have changed. On the database of DATABASE_URL.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.twitch import helix, oauth
from activity.models import Activity, Ring
from activity.polling import poll
from activity.rings import PROFILES, all_rings
from dev import ports
from subscriptions.models import Streamer, Subscription
from tests.accounts.dance import twitch_at
from tests.factories import LONG_AGO, make_user

STREAMERS = int(os.environ.get("BENCH_STREAMERS", "10000"))
DELAY_MS = os.environ.get("BENCH_DELAY_MS", "100")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
BEAT_SECONDS = 5.0
CHUNK = 5000
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def lists() -> Iterator[str]:
    """The address of a Twitch that lists."""
    port = ports.free(1)[0]
    command = [sys.executable, "-m", "tests.load.polled_twitch", str(port), DELAY_MS]
    process = subprocess.Popen(command, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/asked", timeout=1, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        with twitch_at(url, f"{url}/helix"):
            yield url
            helix().close()
            oauth().close()
    finally:
        process.terminate()
        process.wait(10)


def fill() -> None:
    """All watched by one viewer, as the lists have them, but nobody live."""
    moments = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
    for start in range(1, STREAMERS + 1, CHUNK):
        Streamer.objects.bulk_create(
            Streamer(
                twitch_id=str(number),
                login=f"streamer{number}",
                display_name=f"Streamer{number}",
                title="a title",
                category_id="1",
                category_name="Chess",
                **dict.fromkeys(moments, LONG_AGO),
            )
            for number in range(start, min(start + CHUNK, STREAMERS + 1))
        )
    viewer = make_user()
    pks = list(Streamer.objects.values_list("pk", flat=True))
    Subscription.objects.bulk_create(
        (Subscription(user=viewer, streamer_id=pk) for pk in pks), batch_size=CHUNK
    )


class Round:
    """Runs until both quick rings have gone round once more; what that took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.requests = self.queries = 0
        self.busy = self.database = 0.0
        rings = {ring.name: ring for ring in all_rings() if ring.name != PROFILES}
        # Due now, as after a minute.
        Ring.objects.filter(name__in=rings).update(due_at=timezone.now() - timedelta(seconds=1))
        before = {ring.pk: ring.due_at for ring in Ring.objects.filter(name__in=rings)}
        began = time.monotonic()
        while self._goes_on(before):
            run_began = time.monotonic()
            self._run()
            self.busy += time.monotonic() - run_began
            if self._goes_on(before):
                time.sleep(max(0.0, BEAT_SECONDS - (time.monotonic() - run_began)))
        self.seconds = time.monotonic() - began

    def _goes_on(self, before: dict[int, Any]) -> bool:
        rows = Ring.objects.filter(pk__in=before)
        return any(row.due_at == before[row.pk] for row in rows)

    def _run(self) -> None:
        with CaptureQueriesContext(connection) as captured:
            self.requests += poll(twitch=helix())
        self.queries += len(captured)
        self.database += sum(float(query["time"]) for query in captured.captured_queries)

    def row(self) -> str:
        """For the table."""
        rate = 60 * self.requests / max(self.seconds, 60)
        return (
            f"{self.name:>20} {self.requests:>9} {self.seconds:>9.1f} {self.busy:>7.1f}"
            f" {self.database:>9.2f} {self.queries:>8} {rate:>10.0f} {Activity.objects.count():>11}"
        )


@pytest.mark.bench
class PollingBench(TransactionTestCase):
    def test_rounds(self) -> None:
        fill()
        with lists() as url:
            all_rings()
            # The daily ring has been round: it would take its turns among the others.
            tomorrow = timezone.now() + timedelta(days=1)
            Ring.objects.filter(name=PROFILES).update(due_at=tomorrow)
            print(f"\n{STREAMERS:,} streamers, {connection.vendor}, answers after {DELAY_MS} ms")
            print(
                f"{'round':>20} {'requests':>9} {'seconds':>9} {'busy s':>7} {'database s':>9}"
                f" {'queries':>8} {'points/min':>10} {'activities':>11}"
            )
            rounds = [Round("a third go live")]
            print(rounds[-1].row())
            for _ in range(ROUNDS):
                rounds.append(Round("nothing happens"))
                print(rounds[-1].row())
            for streamer in Streamer.objects.filter(pk__gt=0).order_by("pk")[::100]:
                Streamer.objects.filter(pk=streamer.pk).update(title="an old title")
            rounds.append(Round("a hundredth changed"))
            print(rounds[-1].row())
            asked = httpx.get(f"{url}/asked", timeout=5, trust_env=False).json()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"asked: {asked['asked']}, at most {asked['most']} at once; {memory:.0f} MB at most")
        assert asked["most"] <= 10
        assert {one.requests for one in rounds} == {2 * -(-STREAMERS // 100)}
        assert Activity.objects.filter(kind="online").count() == STREAMERS // 3
        assert Activity.objects.filter(kind="changed").count() == -(-STREAMERS // 100)
