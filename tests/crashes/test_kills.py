"""Real processes, killed at named points: what Twitch was told we have is recorded, once.

`make bench` does the same with more seeds (tests/load/bench_crashes.py).
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser.starting import Running, wait_for
from tests.crashes.house import LIVE_POINTS, House, house_of
from tests.crashes.old_client import access_token, old_client

SEEDS = (1, 2)
BOB, HANA = "700000002", "700000006"
SCOPES = (
    *("user:read:whispers", "bits:read"),
    *("channel:read:subscriptions", "channel:read:redemptions"),
)


@pytest.fixture(scope="module")
def house(mariadb_url: str, redis_url: str) -> Iterator[House]:
    with house_of(mariadb_url, redis_url) as house:
        yield house


def test_a_killed_live_process_loses_and_doubles_nothing(house: House) -> None:
    """At every point, and then one wait for the claims of the dead (`make bench`: one by one)."""
    house.expected = house.recorded()
    for point in LIVE_POINTS:
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


def test_without_the_sweep_an_acknowledged_message_would_be_lost(house: House) -> None:
    house.expected = house.recorded()
    house.running.restart("beat", SWEEP_SECONDS="0")
    house.live_is_killed_at("before-recording", random.Random(1))
    with pytest.raises(AssertionError, match="is not"):
        house.settles(seconds=20)
    left = house.rows("SELECT COUNT(*) FROM webhooks_inboxmessage WHERE processed_at IS NULL")
    assert left != [(0,)]
    house.running.restart("beat")
    house.settles()


def test_an_old_program_listens_on_when_its_server_is_killed(house: House) -> None:
    """An unmodified client of PubSub's time: each sort of message, and after SIGKILL once more."""
    person, running = house.person, house.running
    person.allow(*SCOPES)
    bob = {"broadcaster": "bob_watches"}
    orders: dict[str, dict[str, Any]] = {
        "whisper": {"type": "user.whisper.message", "to": "bob_watches", "text": "hello",
                    "broadcaster": "hana_games"},
        "bits": {"type": "channel.cheer", "user": "hana_games", "bits": 100, **bob},
        "subscription": {"type": "channel.subscribe", "user": "hana_games", **bob},
        "redemption": {"type": "channel.channel_points_custom_reward_redemption.add",
                       "user": "hana_games", **bob},
    }  # fmt: skip
    token = access_token(person, running.url)
    with old_client(running, token=token, user_id=BOB) as client:
        client.waits_for("connected")
        for what, order in orders.items():
            _repeated(running, order, until=partial(client.given, what))
        assert client.given("whisper")[0] == {
            "what": "whisper", "text": "hello", "senderId": HANA, "senderName": "hana_games",
            "senderDisplayName": "はなゲームス",
        }  # fmt: skip
        assert client.given("bits")[0]["bits"] == 100
        assert client.given("redemption")[0]["userId"] == HANA
        before = len(client.given("whisper"))
        running.restart("live")
        client.waits_for("connected", 2, seconds=60)
        _repeated(running, orders["whisper"], until=lambda: len(client.given("whisper")) > before)
        assert client.given("went") == []
        # Told to stop, it says RECONNECT first, and whoever is told goes by itself.
        connected = len(client.given("connected"))
        running.processes["live"].terminate()
        client.waits_for("went")
        running.processes["live"].wait(30)
        running.start("live")
        client.waits_for("connected", connected + 1, seconds=60)
        assert client.given("refused") == []


def _repeated(running: Running, order: dict[str, Any], *, until: Callable[[], object]) -> None:
    """Order it each second: what came before somebody listened is not sent again."""
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, running.log()[-4000:]
        running.control("events", **order)
        with suppress(AssertionError):
            wait_for(lambda: bool(until()), running, 1)


def test_the_children_of_a_killed_worker_end_with_it(house: House) -> None:
    worker = house.running.processes["worker"]
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    assert children != []
    house.running.restart("worker")
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), house.running, 10)
    assert worker.returncode == -signal.SIGKILL
