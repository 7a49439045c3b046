"""Twitch's budget with STREAMERS streamers of six promises each: ms of the pure function, of a run.

The number of viewers of a streamer is drawn like at Twitch: a few have many, most have one. A run
(`spend()`) reads and writes the database of DATABASE_URL (`make bench`: MariaDB); Twitch's answer
is made up.
"""

from __future__ import annotations

import os
import random
import time
from unittest.mock import patch

import pytest
from django.test import TestCase

from accounts.twitch import helix
from streamwatch.twitch.eventsub import EventType
from streamwatch.twitch.helix import TotalCost
from subscriptions.budget import Claim, places
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import Key
from subscriptions.spending import spend

STREAMERS = int(os.environ.get("BENCH_STREAMERS", "15000"))
MOST = 10_000
USABLE = MOST - MOST // 100
CONSENTING = frozenset(str(number) for number in range(0, STREAMERS, 20))
TYPES = (
    ("stream.online", "broadcaster_user_id"),
    ("stream.offline", "broadcaster_user_id"),
    ("channel.update", "broadcaster_user_id"),
    ("channel.raid", "from_broadcaster_user_id"),
    ("channel.raid", "to_broadcaster_user_id"),
    ("user.update", "user_id"),
)


def keys() -> list[tuple[Key, str]]:
    return [
        ((type_, f"{name}={number}"), str(number))
        for number in range(STREAMERS)
        for type_, name in TYPES
    ]


@pytest.mark.bench
def test_the_pure_function() -> None:
    dice = random.Random(4)  # draws no secret
    viewers = {str(number): int(dice.paretovariate(0.8)) for number in range(STREAMERS)}
    held: frozenset[Key] = frozenset()
    for turn in ("first", "again", "wobbling"):
        claims = [
            Claim(
                key,
                subject,
                viewers[subject] + (dice.randint(0, 1) if turn == "wobbling" else 0),
                key in held,
            )
            for key, subject in keys()
        ]
        begin = time.perf_counter()
        found = places(claims, consenting=CONSENTING, budget=USABLE)
        took = (time.perf_counter() - begin) * 1_000
        costing = {key for key in found if key[1].rpartition("=")[2] not in CONSENTING}
        print(  # it measures
            f"\n{turn}: {len(claims):,} claims in {took:.0f} ms; {len(found):,} places,"
            f" {len(costing):,} of {USABLE:,} paid for; changed {len(found ^ held):,}"
        )
        assert len(costing) == USABLE
        # Only going live is paid for while it alone is more than the budget.
        assert {key[0] for key in costing} == {EventType.ONLINE}
        held = found


@pytest.mark.bench
class RunBench(TestCase):
    def test_a_run(self) -> None:
        dice = random.Random(4)  # draws no secret
        wants = [
            EventSubWant(
                type=key[0],
                condition_key=key[1],
                condition={},
                subject_id=subject,
                owner_kind=EventSubWant.OwnerKind.SUBSCRIPTION,
                owner_id=owner,
            )
            for key, subject in keys()
            for owner in range(dice.choice((1, 1, 1, 2, 3)))
        ]
        EventSubWant.objects.bulk_create(wants, batch_size=2_000)
        for turn in ("first", "again"):
            begin = time.perf_counter()
            with patch.object(helix(), "total_cost", return_value=TotalCost(0, MOST)):
                spend(twitch=helix())
            took = time.perf_counter() - begin
            placed = EventSubSubscription.objects.filter(has_place=True).count()
            print(  # it measures
                f"\n{turn}: {len(wants):,} wants, {placed:,} places, {took:.1f} s"
            )
            assert placed == USABLE
