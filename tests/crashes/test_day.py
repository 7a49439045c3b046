"""A day with two workers and two beats, in which all sorts break, against the world's own log.

`DAY_SECONDS` and `DAY_SEED` choose another one; `make bench ONLY=day` takes one of 20 minutes
at the product's own pace (tests/load/bench_day.py).
"""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from tests.browser.starting import wait_for
from tests.crashes.day import OURS, day_of, seconds_of_a_day, seed_of_a_day
from tests.crashes.judging import judge

SECONDS = 50.0
# Two seconds of this day are a minute of the product's.
HASTE = 30
SETTLED_SECONDS = 150.0


def test_what_is_recorded_equals_what_happened(
    mariadb_url: str, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = seed_of_a_day()
    moments = [time.monotonic()]
    with day_of(mariadb_url, redis_url, seed=seed, haste=HASTE) as day:
        moments.append(time.monotonic())
        day.live_through(seconds_of_a_day(SECONDS))
        moments.append(time.monotonic())
        day.settle(seconds=SETTLED_SECONDS)
        moments.append(time.monotonic())
        took = [round(b - a) for a, b in pairwise(moments)]
        verdict = judge(day.before, day.world(), day.after(), day.patience)
        with capsys.disabled():
            print(f"\nDAY_SEED={seed}: seconds to begin, to live, to settle: {took}")  # noqa: T201
            print(f"{dict(day.did)}\n{verdict}")  # noqa: T201
        assert verdict.wrong == [], verdict
        assert verdict.right > 0
        assert {role for role, _ in day.kills} == set(OURS)
        # A promise that had vanished may just have been found missing and be pending.
        wait_for(day.house.is_watching, day.house.running, 60)
        assert day.house.doubled_promises() == []
