"""Real processes, killed at named points: what Twitch was told we have is recorded, once.

`make bench` does the same with more seeds (tests/load/bench_crashes.py).
"""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.starting import wait_for
from tests.crashes.house import LIVE_POINTS, House, house_of

SEEDS = (1, 2)


@pytest.fixture(scope="module")
def house(mariadb_url: str, redis_url: str) -> Iterator[House]:
    with house_of(mariadb_url, redis_url) as house:
        yield house


@pytest.mark.parametrize("point", LIVE_POINTS)
def test_a_killed_live_process_loses_and_doubles_nothing(house: House, point: str) -> None:
    house.expected = house.recorded()
    for seed in SEEDS:
        house.live_is_killed_at(point, random.Random(seed))
    house.settles()
    assert house.recorded() == house.expected


# Not among those who raid: a raid is recorded of the raider too, once somebody subscribes to them.
@pytest.mark.parametrize("login", ["eve_no_mail", "zoe_quiet"])
def test_a_worker_killed_in_a_task_leaves_nothing_undone(house: House, login: str) -> None:
    mark = house.new_mark()
    house.running.restart("worker", CRASH_AT="in-task", CRASH_MARK=str(mark))
    house.person.subscribe(login)
    wait_for(lambda: house.person.states()[login] == "watching", house.running, 60)
    assert mark.exists()
    assert house.doubled_promises() == []


def test_without_the_sweep_an_acknowledged_message_would_be_lost(
    mariadb_url: str, redis_url: str
) -> None:
    with house_of(mariadb_url, redis_url, SWEEP_SECONDS="0") as house:
        house.live_is_killed_at("before-recording", random.Random(1))
        with pytest.raises(AssertionError, match="is not"):
            house.settles(seconds=20)
        left = house.rows("SELECT COUNT(*) FROM webhooks_inboxmessage WHERE processed_at IS NULL")
        assert left != [(0,)]


def test_the_children_of_a_killed_worker_end_with_it(house: House) -> None:
    worker = house.running.processes["worker"]
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    assert children != []
    house.running.restart("worker")
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), house.running, 10)
    assert worker.returncode == -signal.SIGKILL
