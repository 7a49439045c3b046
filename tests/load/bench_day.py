"""A day of DAY_SECONDS (20 min) at the product's own pace; and two that must not agree.

What Twitch could not tell is listed by the rule that says why. Without the sweep or without
polling the same comparison finds what is missing, which shows that it can.
"""

from __future__ import annotations

import pytest

from tests.crashes.day import day_of, seconds_of_a_day, seed_of_a_day
from tests.crashes.judging import Verdict, judge

SETTLED_SECONDS = 900.0
# Of a day in which something is switched off, on which nothing is waited for.
SHORT, SHORT_HASTE, SHORT_SETTLED = 50.0, 30, 60.0


def lived(
    mariadb_url: str,
    redis_url: str,
    *,
    seconds: float,
    haste: int,
    settled: float,
    **variables: str,
) -> Verdict:
    """What the comparison says of a day, with what happened in it."""
    seed = seed_of_a_day()
    with day_of(mariadb_url, redis_url, seed=seed, haste=haste, **variables) as day:
        day.live_through(seconds)
        day.settle(seconds=settled, is_polled=variables.get("POLL_POINTS_SHARE") != "0")
        verdict = judge(day.before, day.world(), day.after(), day.patience)
        print(f"DAY_SEED={seed} {seconds:.0f} s, haste {haste} {variables}\n{dict(day.did)}")
        print(verdict)
        return verdict


@pytest.mark.bench
def test_a_long_day(mariadb_url: str, redis_url: str) -> None:
    seconds = seconds_of_a_day(1200.0)
    verdict = lived(mariadb_url, redis_url, seconds=seconds, haste=1, settled=SETTLED_SECONDS)
    assert verdict.wrong == []


@pytest.mark.bench
@pytest.mark.parametrize("name", ["SWEEP_SECONDS", "POLL_POINTS_SHARE"])
def test_a_day_without_it_does_not_agree(mariadb_url: str, redis_url: str, name: str) -> None:
    variables = {name: "0"}
    verdict = lived(
        mariadb_url, redis_url,
        seconds=SHORT, haste=SHORT_HASTE, settled=SHORT_SETTLED, **variables,
    )  # fmt: skip
    assert verdict.wrong != []
