"""A day in the life of ten streamers, told to two workers and two beats while all sorts break.

Deeds and troubles follow from a seed; when exactly a process dies does not. What Twitch's world
did is in the simulator's own log, what StreamWatch made of it is in its database; `truth` says
whether the two agree.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from simulator.content import CATEGORIES
from simulator.faults import MESSAGE_FAULTS
from tests.browser.databases import empty_database
from tests.browser.people import Person
from tests.browser.starting import Commands, answers, production
from tests.crashes.house import LIVE_POINTS, House
from tests.crashes.truth import Patience, Records, World, read_records

STREAMERS = (
    *("ada_streams", "carla_plays", "dan_plays", "eve_no_mail", "frank_follows"),
    *("grace_mods", "hana_games", "emoji_emil", "tag_tina", "rami_rtl"),
)
ON_AIR_BEFORE = STREAMERS[:3]
OURS = ("web", "live", "worker", "worker-2", "beat", "beat-2")
HELIX_FAULTS = ("helix_down", "helix_error", "helix_garbage", "token_refused")
PATHS = ("", "/helix/streams", "/helix/channels", "/helix/eventsub")
MANY = 10_000
# Deeds a second, and how many at once just before the process dies that is told of them.
PACE, BURST = 1.2, 4
ROUNDS = 3
# Within this part of the day things break; in the rest they come to rest.
TROUBLED = 0.75
# Twitch's points come back within a minute; a day ends later than that.
POINTS_BACK = 70.0
REVIVED_SECONDS = 60.0


@dataclass(order=True)
class Trouble:
    """Something that goes wrong at a moment (seconds from the day's beginning)."""

    at: float
    what: str
    work: Callable[[], None] = field(compare=False)


@dataclass
class Streamer:
    """What the script knows of somebody: only what it did itself."""

    twitch_id: str
    login: str
    name: str
    is_live: bool
    categories: list[str]
    changed_at: float = -1e9
    renamed_at: float = -1e9
    began_at: float = -1e9


class Day:
    """Lets things happen and break, in this order: `live_through`, `settle`, then compare."""

    def __init__(self, house: House, seed: int, patience: Patience) -> None:
        self.house = house
        self.patience = patience
        self.kills: list[tuple[str, datetime]] = []
        self.did: Counter[str] = Counter()
        self._running = house.running
        self._rng = random.Random(seed)
        self._luck = random.Random(seed + 1)
        self._twitch_is_up = True
        # Written by the live process when it dies at a point of its own.
        self._mark: Path | None = None
        self._numbers = iter(range(1, MANY))
        self._raids: dict[tuple[str, str], float] = {}
        self._streamers = [self._met(login) for login in STREAMERS]
        self._first = max((entry["id"] for entry in self._all("log")), default=0)
        self.before = read_records(house.rows)

    def _met(self, login: str) -> Streamer:
        answer = httpx.get(f"{self._running.simulator_url}/control/people", params={"q": login})
        found = next(one for one in answer.json()["people"] if one["login"] == login)
        names = [name for _, name, _ in CATEGORIES if name != found["category"]]
        self._rng.shuffle(names)
        return Streamer(found["id"], login, found["name"], found["live"], names)

    # --- The day

    def live_through(self, seconds: float) -> None:
        """Deeds at random moments, and troubles in the first three quarters."""
        troubles = sorted(self._troubles(seconds))
        began, next_deed = time.monotonic(), 0.0
        while (now := time.monotonic() - began) < seconds:
            if troubles and troubles[0].at <= now:
                trouble = troubles.pop(0)
                self.did[trouble.what] += 1
                trouble.work()
            elif next_deed <= now:
                self._deed(time.monotonic())
                next_deed = now + self._rng.expovariate(PACE)
            else:
                self._revive_live()
                time.sleep(0.02)
        deadline = time.monotonic() + REVIVED_SECONDS
        while not self._revive_live():
            assert time.monotonic() < deadline, self._running.log()[-4000:]
            self._deed(time.monotonic())
            time.sleep(0.2)

    def _troubles(self, seconds: float) -> Iterator[Trouble]:
        """Every process is killed at least once, each some minutes again in a long day."""
        rough = seconds * TROUBLED
        for role in OURS * max(1, round(seconds / 240)):
            yield Trouble(self._luck.uniform(5, rough), f"kill {role}", self._killer(role))
        for _ in range(max(1, round(seconds / 240))):
            point = self._luck.choice(LIVE_POINTS)
            at = self._luck.uniform(5, rough - 10)
            yield Trouble(at, f"live dies {point}", self._crasher(point))
        for _ in range(max(4, round(seconds / 20))):
            fault, path = self._luck.choice(HELIX_FAULTS), self._luck.choice(PATHS)
            yield Trouble(
                self._luck.uniform(3, rough),
                fault,
                self._fault(fault, path, self._luck.choice((1, 2))),
            )
        for _ in range(max(1, round(seconds / 300))):
            at = self._luck.uniform(2, max(8, rough - POINTS_BACK))
            yield Trouble(at, "rate_limited", self._fault("rate_limited", "", 1))
        for what in ("drop_subscription", "revoke_subscription"):
            yield Trouble(self._luck.uniform(5, rough), what, self._fault(what, "", 1))
        length = max(6.0, seconds / 20)
        away, dark = self._luck.uniform(5, rough / 2), self._luck.uniform(rough / 2, rough - length)
        yield Trouble(away, "Twitch away", self._twitch_goes)
        yield Trouble(away + length, "Twitch back", self._twitch_comes)
        # Its world goes on all the same, and nobody is told of it.
        for fault in ("helix_down", "lost"):
            yield Trouble(dark, f"{fault} for a while", self._fault(fault, "", MANY))
            yield Trouble(dark + length, f"no {fault} any more", self._fault(fault, "", 0))

    def _fault(self, fault: str, path: str, count: int) -> Callable[[], None]:
        def order() -> None:
            if self._twitch_is_up:
                self._running.control("faults", fault=fault, path=path, count=count)

        return order

    def _killer(self, role: str) -> Callable[[], None]:
        def kill() -> None:
            if role == "live":
                if self._mark is not None:
                    return  # It is about to die by itself.
                for _ in range(BURST):
                    self._deed(time.monotonic())
                time.sleep(self._luck.uniform(0, 0.05))
            self.kills.append((role, datetime.now(UTC)))
            self._running.restart(role)

        return kill

    def _crasher(self, point: str) -> Callable[[], None]:
        def crash() -> None:
            self._mark = self.house.new_mark()
            self._running.restart("live", CRASH_AT=point, CRASH_MARK=str(self._mark))

        return crash

    def _revive_live(self) -> bool:
        """Start another one where it has died at its point; whether none is still to die."""
        if self._mark is None:
            return True
        if not self._mark.exists() or self._running.processes["live"].poll() is None:
            return False
        self._mark = None
        self.kills.append(("live", datetime.now(UTC)))
        self._running.start("live")
        return True

    def _twitch_goes(self) -> None:
        self._twitch_is_up = False
        self._running.processes["simulator"].kill()
        self._running.processes["simulator"].wait()

    def _twitch_comes(self) -> None:
        self._running.start("simulator")
        deadline = time.monotonic() + 60
        while not answers(f"{self._running.simulator_url}/health"):
            assert time.monotonic() < deadline, self._running.log()[-4000:]
            time.sleep(0.05)
        self._twitch_is_up = True

    # --- Deeds

    def _deed(self, now: float) -> None:
        """One that cannot be folded into another, or nothing while Twitch is away."""
        if not self._twitch_is_up:
            return
        who = self._rng.choice(self._streamers)
        apart = self.patience.apart.total_seconds()
        choices: list[Callable[[Streamer, float], None]] = []
        if now - who.began_at > 2:
            choices += [self._appear_or_go] * 4
        if now - who.changed_at > apart:
            choices += [self._change] * 3
        if now - who.renamed_at > apart:
            choices.append(self._rename)
        target = self._rng.choice(self._streamers)
        if now - self._raids.get((who.twitch_id, target.twitch_id), -1e9) > (
            self.patience.same_raid.total_seconds() * 1.5
        ):
            choices += [self._raid(target)] * (who is not target)
        if choices:
            if self._luck.random() < 0.25:
                self._fault(self._luck.choice(sorted(MESSAGE_FAULTS)), "", 1)()
            self._rng.choice(choices)(who, now)

    def _happens(self, kind: str, who: Streamer, **said: object) -> None:
        self.did[kind] += 1
        self._running.event(kind, who.login, **said)

    def _appear_or_go(self, who: Streamer, now: float) -> None:
        self._happens("stream.offline" if who.is_live else "stream.online", who)
        who.is_live = not who.is_live
        who.began_at = now

    def _change(self, who: Streamer, now: float) -> None:
        said: dict[str, object] = {}
        if self._rng.random() < 0.7:
            said["title"] = f"title {next(self._numbers)}"
        if who.categories and (not said or self._rng.random() < 0.3):
            said["category"] = who.categories.pop()
        if said:
            self._happens("channel.update", who, **said)
            who.changed_at = now

    def _rename(self, who: Streamer, now: float) -> None:
        number = next(self._numbers)
        said = {"name": f"{who.twitch_id[-1]} the {number}th"}
        login = who.login
        if self._rng.random() < 0.5:
            said["login"] = f"streamer_{number}"
            login = said["login"]
        self._happens("user.update", who, **said)
        who.login, who.name, who.renamed_at = login, said["name"], now

    def _raid(self, target: Streamer) -> Callable[[Streamer, float], None]:
        def raid(who: Streamer, now: float) -> None:
            viewers = next(self._numbers)
            self._happens("channel.raid", who, to=target.login, viewers=viewers)
            self._raids[who.twitch_id, target.twitch_id] = now

        return raid

    # --- Afterwards

    def settle(self, *, seconds: float, is_polled: bool = True) -> None:
        """Nothing goes wrong any more; wait until all that can be heard has been, or `seconds`.

        Nothing is asserted here: what did not come to rest in time is for the comparison to say.
        """
        self._running.control("faults", fault="none")
        deadline = time.monotonic() + seconds
        calm_at = datetime.now(UTC)
        while not self._is_quiet() and time.monotonic() < deadline:
            time.sleep(0.5)
        # From then on no cache that Twitch might have is believed more than a reading.
        since = max(calm_at + self.patience.cache_lag, datetime.now(UTC))
        while time.monotonic() < deadline:
            rounds = [self.world().answers(path, since) for path in ("streams", "channels")]
            has_passed = datetime.now(UTC) > since + timedelta(seconds=5)
            if min(map(len, rounds)) > ROUNDS or (has_passed and not is_polled):
                break
            time.sleep(0.5)
        # What the last of them said is being written.
        time.sleep(2)

    def _is_quiet(self) -> bool:
        """Every message delivered or given up, worked at and announced; everybody watched."""
        log = self._all("log", self._first)
        waiting = [one for one in log if "waiting" in one["messages"].values()]
        left = (
            "SELECT (SELECT COUNT(*) FROM webhooks_inboxmessage WHERE processed_at IS NULL)"
            " + (SELECT COUNT(*) FROM activity_activity WHERE announced_at IS NULL)"
        )
        return not waiting and self.house.rows(left) == [(0,)] and self.house.is_watching()

    def world(self) -> World:
        """What happened, as the simulator tells it, and what it answered."""
        kills = [at for role, at in self.kills if role.startswith("worker")]
        return World(self._all("log", self._first), self._all("visits"), kills)

    def after(self) -> Records:
        """What is recorded now."""
        return read_records(self.house.rows)

    def _all(self, what: str, after: int = 0) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            answer = httpx.get(
                f"{self._running.simulator_url}/control/{what}",
                params={"after": found[-1]["id"] if found else after},
                timeout=10,
            )
            page = answer.json()[what]
            if not page:
                return found
            found += page


def in_twos(commands: Commands, folder: Path) -> Commands:
    """Two workers and two beats, and everybody in a hurry."""
    doubled = {
        **commands,
        "worker-2": (*commands["worker"], "--hostname", "second@%h"),
        "beat-2": [part.replace(str(folder / "beat"), str(folder / "beat-2"))
                   for part in commands["beat"]],
    }  # fmt: skip
    return {
        role: _hastened(command) if role in OURS else command for role, command in doubled.items()
    }


def _hastened(command: Any) -> list[str]:
    python, dash_m, *rest = command
    assert (python, dash_m) == (sys.executable, "-m")
    return [python, "-m", "tests.crashes.hastened", *rest]


@contextmanager
def day_of(
    mariadb_url: str, redis_url: str, *, seed: int, haste: int, **variables: str
) -> Iterator[Day]:
    """A day with an empty database that is about to begin."""
    patience = Patience.of(haste)
    environment: Mapping[str, str] = {
        "HASTE": str(haste),
        "BROADCAST_GRACE_SECONDS": str(int(patience.grace.total_seconds())),
        "LOG_LEVEL": "WARNING",
        # Twitch is in a hurry, too: a day comes to rest when all was sent again or given up.
        "SIMULATOR_RETRY_PACE": "4" if haste > 1 else "1",
        **variables,
    }
    with (
        empty_database(mariadb_url) as url,
        production(url, redis_url, in_twos, **environment) as running,
        Person(running) as person,
    ):
        for login in ON_AIR_BEFORE:
            running.event("stream.online", login)
        yield Day(House(running, person, url, STREAMERS), seed, patience)


def seconds_of_a_day(usual: float) -> float:
    """DAY_SECONDS, where it is set."""
    return float(os.environ.get("DAY_SECONDS", usual))


def seed_of_a_day() -> int:
    """DAY_SEED, else another one each time; to be printed."""
    return int(os.environ.get("DAY_SEED") or random.SystemRandom().randrange(1_000_000))
