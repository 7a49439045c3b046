"""The kill tests with 20 seeds a point: what was made, what was recorded, how long it took."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.browser.starting import wait_for
from tests.crashes.house import LIVE_POINTS, house_of

SEEDS = int(os.environ.get("BENCH_SEEDS", "20"))
PERSON = "zoe_quiet"
PROMISES = (
    "SELECT COUNT(*) FROM subscriptions_eventsubsubscription p"
    " JOIN subscriptions_streamer s ON s.twitch_id = p.subject_id WHERE s.login = %s"
)


@pytest.mark.bench
@pytest.mark.parametrize("point", LIVE_POINTS)
def test_live_processes_killed(mariadb_url: str, redis_url: str, point: str) -> None:
    with house_of(mariadb_url, redis_url) as house:
        for seed in range(SEEDS):
            house.live_is_killed_at(point, random.Random(seed))
            began = time.monotonic()
            # Each time: Twitch gives a message up that meets a dead process for 4 min.
            house.settles()
        made, recorded = house.expected.total(), house.recorded().total()
        print(
            f"{point}: killed {SEEDS} times, {made} things happened, {recorded} recorded,"
            f" settled {time.monotonic() - began:.0f} s after the last"
        )
        assert house.recorded() == house.expected


@pytest.mark.bench
def test_workers_killed_in_a_task(mariadb_url: str, redis_url: str) -> None:
    with house_of(mariadb_url, redis_url) as house:
        for _ in range(SEEDS):
            mark = house.new_mark()
            house.running.restart("worker", CRASH_AT="in-task", CRASH_MARK=str(mark))
            house.person.subscribe(PERSON)
            wait_for(lambda: house.person.states()[PERSON] == "watching", house.running, 90)
            assert mark.exists()
            assert house.doubled_promises() == []
            house.person.unsubscribe(PERSON)
            wait_for(lambda: house.rows(PROMISES, PERSON) == [(0,)], house.running, 90)
        print(f"in-task: killed {SEEDS} times, each subscription was watched, none doubled")
