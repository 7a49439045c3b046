"""The life of the world, without waiting for it: its clock is turned by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simulator.config import Config
from simulator.eventsub_types import TYPES
from simulator.life import Life
from simulator.local_twitch import LocalTwitch, build
from simulator.subscriptions import Asked
from simulator.testing import Simulator, running, wait_for
from tests.simulator.callbacks import Callback, subscribe

TICK = 0.5
NAMING = [
    ("stream.online", "broadcaster_user_id"),
    ("stream.offline", "broadcaster_user_id"),
    ("channel.update", "broadcaster_user_id"),
    ("channel.raid", "from_broadcaster_user_id"),
    ("channel.raid", "to_broadcaster_user_id"),
    ("user.update", "user_id"),
]
Make = Callable[..., LocalTwitch]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """`make(seed=7)`: a world of 300 streamers whose life only the test lets pass."""
    with ExitStack() as stack:

        def build_one(state: str = "world.sqlite3", **values: Any) -> LocalTwitch:
            config = Config(state=tmp_path / state, client_id="c", client_secret="s", **values)
            twitch = build(config)
            stack.callback(twitch.store.close)
            return twitch

        yield build_one


def live_on(twitch: LocalTwitch, seconds: float) -> None:
    """Let so many seconds pass, tick by tick."""
    for _ in range(int(seconds / TICK)):
        twitch.life.pass_time(TICK)


def doings(twitch: LocalTwitch) -> list[tuple[str, str]]:
    """What happened since the world began, and what was said of it."""
    rows = twitch.store.rows("SELECT type, payload FROM log ORDER BY id")
    return [(row["type"], row["payload"]) for row in rows]


class TestTheFirstDay:
    def test_has_a_few_hundred_streamers_some_of_them_live(self, make: Make) -> None:
        people, live = make().people.counts()
        assert people == 313
        assert 60 < live < 200

    def test_logins_and_ids_are_unlike_each_other_and_well_formed(self, make: Make) -> None:
        rows = make().store.rows("SELECT id, login FROM people")
        assert len({row["id"] for row in rows}) == len({row["login"] for row in rows}) == 313
        assert all(row["id"].isdigit() and 4 <= len(row["login"]) <= 25 for row in rows)

    def test_follows_from_the_seed(self, make: Make) -> None:
        def logins(state: str, seed: int) -> list[str]:
            rows = make(state, seed=seed).store.rows("SELECT login FROM people ORDER BY id")
            return [row["login"] for row in rows]

        assert logins("a", 1) == logins("b", 1) != logins("c", 2)


@pytest.fixture(scope="module")
def two_hours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTwitch]:
    """A world that has lived for two hours, watched by nobody."""
    state = tmp_path_factory.mktemp("world") / "world.sqlite3"
    twitch = build(Config(state=state, client_id="c", client_secret="s"))
    for _ in range(2 * 720):
        twitch.life.pass_time(5)
    yield twitch
    twitch.store.close()


class TestTwoHours:
    def test_everything_that_can_happen_happens(self, two_hours: LocalTwitch) -> None:
        rows = two_hours.store.rows("SELECT DISTINCT type FROM log")
        assert {row["type"] for row in rows} == {
            "stream.online",
            "stream.offline",
            "channel.update",
            "channel.raid",
            "channel.follow",
            "user.update",
        }

    def test_the_air_is_neither_emptied_nor_filled(self, two_hours: LocalTwitch) -> None:
        _, live = two_hours.people.counts()
        assert 80 < live < 220

    def test_those_who_can_log_in_keep_their_names(self, two_hours: LocalTwitch) -> None:
        logins = [row["login"] for row in two_hours.people.who_can_log_in()]
        assert len(logins) == 13
        assert {"ada_streams", "bob_watches", "zoe_quiet"} <= set(logins)

    def test_nobody_follows_or_is_followed_by_zoe_quiet(self, two_hours: LocalTwitch) -> None:
        zoe = two_hours.people.by_login("zoe_quiet")["id"]
        assert two_hours.people.followers_total(zoe) == 0
        assert two_hours.people.follows_total(zoe) == 0


class TestLife:
    def test_the_same_seed_lives_the_same_life(self, make: Make) -> None:
        lives = []
        for state, seed in (("a", 5), ("b", 5), ("c", 6)):
            twitch = make(state, seed=1)
            twitch.life.set_seed(seed)
            live_on(twitch, 300)
            lives.append([kind for kind, _ in doings(twitch)])
            assert len(lives[-1]) > 20
        assert lives[0] == lives[1] != lives[2]

    def test_stands_still_at_speed_0(self, make: Make) -> None:
        twitch = make()
        twitch.life.set_speed(0)
        live_on(twitch, 3600)
        assert doings(twitch) == []

    def test_speed_counts_more_world_seconds_in_the_same_time(self, make: Make) -> None:
        slow, fast = make("slow"), make("fast")
        fast.life.set_speed(20)
        live_on(slow, 60)
        live_on(fast, 60)
        assert len(doings(fast)) > 5 * len(doings(slow))

    def test_never_does_more_than_ten_deeds_a_second(self, make: Make) -> None:
        twitch = make()
        twitch.life.set_speed(1000)
        for _ in range(100):
            assert twitch.life.pass_time(TICK) <= 5

    def test_banned_people_do_nothing(self, make: Make) -> None:
        twitch = make()
        twitch.store.run("UPDATE people SET gone = 1")
        live_on(twitch, 600)
        assert doings(twitch) == []


@pytest.mark.parametrize("seed", range(5))
def test_whoever_watches_three_streamers_sees_something_new_within_two_minutes(
    make: Make, seed: int
) -> None:
    twitch, chance = make(seed=seed), random.Random(seed)
    live_on(twitch, chance.randrange(120))
    everybody = twitch.people.search("", live_only=False, offset=0, limit=500)
    for others in (0, 30):
        watched = [row["id"] for row in chance.sample(everybody, 3 + others)]
        watch(twitch, *watched)
        newest = twitch.store.value("SELECT max(seq) FROM messages") or 0
        live_on(twitch, 120)
        for person_id in watched[:3]:
            assert told_about(twitch, person_id, newest)


def watch(twitch: LocalTwitch, *ids: str) -> None:
    """Enabled subscriptions about people, as StreamWatch has them."""
    for person_id in ids:
        for kind, key in NAMING:
            version = "2" if kind == "channel.update" else "1"
            callback = f"http://localhost/{len(ids)}"
            asked = Asked(TYPES[kind, version], {key: person_id}, callback, "s" * 10)
            made = twitch.subscriptions.create(asked)
            twitch.subscriptions.set_status(made["id"], "enabled")


def told_about(twitch: LocalTwitch, person_id: str, newest: int) -> bool:
    """Whether a message about the person was written after message `newest`."""
    sql = (
        "SELECT 1 FROM messages m JOIN subscriptions s ON s.id = m.subscription_id"
        " WHERE m.seq > ? AND s.subject LIKE ?"
    )
    return twitch.store.row(sql, newest, f"%:{person_id}") is not None


def test_two_changes_of_somebody_watched_are_never_next_to_each_other(make: Make) -> None:
    twitch = make()
    (row, *_) = twitch.people.search("", live_only=False, offset=0, limit=1)
    watch(twitch, row["id"])
    live_on(twitch, 1800)
    rows = twitch.store.rows(
        "SELECT s.type, m.sent_ns FROM messages m JOIN subscriptions s"
        " ON s.id = m.subscription_id ORDER BY m.seq"
    )
    types = [one["type"] for one in rows]
    assert len(types) > 20
    assert ("channel.update", "channel.update") not in set(itertools.pairwise(types))


def test_the_life_goes_on_where_it_was(make: Make) -> None:
    twitch = make()
    live_on(twitch, 100)
    assert doings(twitch)
    again = Life(twitch.store, twitch.people, twitch.world, twitch.subscriptions, twitch.config)
    assert 90 <= again.now <= 100


def test_it_lives_of_itself_and_its_messages_arrive(callback: Callback) -> None:
    with running(speed=200.0) as simulator:
        person = streamer(simulator)
        for kind in ("stream.online", "stream.offline", "channel.update"):
            subscribe(simulator, callback, kind, broadcaster_user_id=person)
        wait_for(lambda: callback.of_kind("notification"), "something to happen")
        told = callback.of_kind("notification")[0].body
        assert told["event"]["broadcaster_user_id"] == person


def streamer(simulator: Simulator) -> str:
    """The id of somebody who streams."""
    return str(next(one["id"] for one in simulator.control.people() if not one["can_log_in"]))
