"""Twitch's budget with STREAMERS (15,000) streamers, the whole way: spend, ask, compare.

Against the local Twitch in a process of its own, which answers POINTS (8,000) requests a minute:
ten times Twitch's, so that the machine shows; what Twitch's 800 make of it is told. Sweep and
reading of the list run as beat has them run, every 5 s. A twentieth of the streamers has consented.
On the database of DATABASE_URL.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.db.models import Count, Max
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.twitch.eventsub import EventType, Status
from streamwatch.twitch.helix import Helix
from subscriptions.consenting import agree_with_consents
from subscriptions.models import EventSubSubscription, EventSubWant, ListReading
from subscriptions.paging import read_on
from subscriptions.spending import Spending, spend
from subscriptions.sweeping import sweep
from tests.load.simulated import memory, simulated
from tests.simulator.callbacks import listening
from tests.subscriptions.crowd import SCOPES, consent, viewers_of, watch

STREAMERS = int(os.environ.get("BENCH_STREAMERS", "15000"))
MOST = int(os.environ.get("BENCH_MOST", "10000"))
POINTS = int(os.environ.get("BENCH_POINTS_A_MINUTE", "8000"))
USABLE = MOST - MOST // 100
TWITCHS_POINTS = 800
BEAT_SECONDS = 5.0


class Clock:
    """What a stretch of work took, and asked of Twitch."""

    def __init__(self, asked: Counter[str]) -> None:
        self._asked, self._before = asked, asked.copy()
        self._began, self._busy = time.monotonic(), time.process_time()

    def line(self, what: str) -> str:
        seconds = time.monotonic() - self._began
        busy = time.process_time() - self._busy
        asked = self._asked - self._before
        points = asked.total()
        return (
            f"{what}: {seconds:.1f} s ({busy:.1f} s of a processor), {points:,} points"
            f" {dict(asked)};"
            f" at Twitch's {TWITCHS_POINTS} a minute {points / TWITCHS_POINTS:.1f} min"
        )


@pytest.mark.bench
class BudgetAndTwitchBench(TransactionTestCase):
    def setUp(self) -> None:
        folder = Path(self.enterContext(TemporaryDirectory()))
        self.twitch = self.enterContext(
            simulated(
                folder, streamers=STREAMERS, max_total_cost=MOST, points_a_minute=POINTS, speed=0
            )
        )
        self.callback = self.enterContext(listening())
        self.enterContext(override_settings(EVENTSUB_CALLBACK=self.callback.url))
        self.asked: Counter[str] = Counter()
        real = Helix._once

        def once(this: Helix, method: str, path: str, *args: Any, **options: Any) -> dict[str, Any]:
            self.asked[f"{method} {path}"] += 1
            return real(this, method, path, *args, **options)

        self.enterContext(patch.object(Helix, "_once", once))

    def test_the_whole_way(self) -> None:
        ids = self.twitch.streamers()
        print(
            f"\n{STREAMERS:,} streamers, {POINTS:,} points a minute, {connection.vendor};"
            f" local Twitch ready in {self.twitch.start_seconds:.1f} s, {self.twitch.memory()} MB"
        )
        watch(viewers_of(ids, seed=4))
        consenting = ids[::20]
        consent(consenting)
        self.twitch.grant(consenting, SCOPES)
        agree_with_consents()
        print(f"{EventSubWant.objects.count():,} wants")
        clock = Clock(self.asked)
        spend(twitch=helix())
        print(clock.line("spent"))
        clock = Clock(self.asked)
        self.ask()
        print(clock.line(f"{self.placed().count():,} promises made and enabled"))
        self.agrees()
        self.compare_all()
        self.no_flapping()
        print(f"worker {memory()} MB (with the test), local Twitch {self.twitch.memory()} MB")

    def placed(self) -> Any:
        return EventSubSubscription.objects.filter(has_place=True)

    def ask(self) -> None:
        """Sweep and read as beat does, until all that has a place is enabled."""
        left = self.placed().exclude(status=Status.ENABLED)
        while True:
            began = time.monotonic()
            swept = sweep(twitch=helix())
            sweeping = time.monotonic() - began
            pages = read_on(twitch=helix())
            took = time.monotonic() - began
            missing = left.count()
            print(
                f"  swept {swept:>4} in {sweeping:4.1f} s, read {pages:>3} pages in"
                f" {took - sweeping:3.1f} s; {missing:>6,} left"
            )
            if not missing:
                return
            time.sleep(-took % BEAT_SECONDS)

    def agrees(self) -> None:
        total = helix().total_cost()
        rows = EventSubSubscription.objects.exclude(twitch_id="")
        ours = sum(rows.values_list("cost", flat=True))
        listed = {promise.twitch_id for promise in helix().promises()}
        print(
            f"Twitch's total cost {total.total_cost:,} of {total.max_total_cost:,}; ours {ours:,}"
        )
        assert ours == total.total_cost == USABLE
        assert listed == set(rows.values_list("twitch_id", flat=True))
        paid = rows.exclude(cost=0)
        # One is the application's own: of consents that are taken back.
        bought = set(paid.values_list("type", flat=True))
        assert bought == {EventType.ONLINE, EventType.AUTHORIZATION_REVOKE}

    def compare_all(self) -> None:
        EventSubSubscription.objects.update(due_at=timezone.now())
        ListReading.objects.update(due_at=timezone.now())
        clock, pages = Clock(self.asked), 0
        while ListReading.objects.get().due_at <= timezone.now():
            pages += read_on(twitch=helix())
        print(clock.line(f"all compared, {pages} pages"))
        clock = Clock(self.asked)
        print(clock.line(f"{sweep(twitch=helix())} left to an idle sweep"))

    def no_flapping(self) -> None:
        """Of those with several viewers every tenth loses one, again and again."""
        several = (
            EventSubWant.objects.filter(type=EventType.ONLINE)
            .values("subject_id")
            .annotate(viewers=Count("pk"), one=Max("pk"))
            .filter(viewers__gt=1)
            .order_by("subject_id")
        )
        for turn in range(2, 7):
            leaving = list(several.values_list("one", flat=True)[turn::10])
            EventSubWant.objects.filter(pk__in=leaving).delete()
            clock = Clock(self.asked)
            found = spend(twitch=helix())
            print(clock.line(f"run {turn}, {len(leaving)} viewers left, {found}"))
            assert found == Spending(0, 0)
