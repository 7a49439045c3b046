"""The life of the world: what people do of themselves, a little at a time.

Its clock counts world seconds, `speed` of them a second. Everybody has a moment (`next_at`)
for the next deed; which one it is follows from seed, person and number of the deed. Whoever
somebody has an EventSub subscription about does something within WATCHED_PAUSE, so that there
is something to see.
"""

from __future__ import annotations

import asyncio
import time

from simulator.config import Config
from simulator.dice import Dice
from simulator.people import People, Person
from simulator.seeding import make_category, make_title
from simulator.store import Store, marks
from simulator.subscriptions import WATCHED, Subscriptions
from simulator.world import World

TICK_SECONDS = 0.5
# A machine that slept does not wake up to hours of deeds.
LONGEST_TICK_SECONDS = 5.0
# Bounds the work at any speed and any number of watched people: ten deeds a second.
DEEDS_A_TICK = 5
FASTEST = 1_000.0
# World seconds from one deed to the next, of people watched by somebody and of the others.
WATCHED_PAUSE = (35.0, 70.0)
PAUSE = (300.0, 1800.0)
CLOCK_KEPT_EVERY = 5.0


class Life:
    """Lets time pass in the world."""

    def __init__(
        self,
        store: Store,
        people: People,
        world: World,
        subscriptions: Subscriptions,
        config: Config,
    ) -> None:
        self._store = store
        self._people = people
        self._world = world
        self._subscriptions = subscriptions
        self._config = config
        self.now = self._kept_at = float(store.get_meta("world_seconds", "0"))
        self.seed = int(store.get_meta("seed", str(config.seed)))
        kept = float(store.get_meta("speed", "1"))
        self.speed = kept if config.speed is None else min(config.speed, FASTEST)

    def begin_anew(self) -> None:
        """As on the first day; to be called when the people are new."""
        self.now, self.seed = 0.0, self._config.seed
        self.speed = 1.0 if self._config.speed is None else min(self._config.speed, FASTEST)
        self._keep_clock()

    async def run(self) -> None:
        """Until cancelled; then the world's clock is written down."""
        before = time.monotonic()
        try:
            while True:
                await asyncio.sleep(TICK_SECONDS)
                now = time.monotonic()
                self.pass_time(min(now - before, LONGEST_TICK_SECONDS))
                before = now
        finally:
            self._keep_clock()

    def set_speed(self, speed: float) -> None:
        """World seconds a second from now on, also after a restart; 0 stands still."""
        self.speed = min(speed, FASTEST)
        self._store.set_meta("speed", self.speed)

    def set_seed(self, seed: int) -> None:
        """From here on the future follows from `seed`; who there is stays as it is."""
        self.seed = seed
        with self._store.transaction():
            self._store.set_meta("seed", seed)
            for row in self._store.rows("SELECT id FROM people"):
                moment = self.now + Dice(seed, "first", row["id"]).uniform(0, PAUSE[1])
                self._store.run(
                    "UPDATE people SET step = 0, next_at = ? WHERE id = ?", moment, row["id"]
                )

    def pass_time(self, seconds: float) -> int:
        """`seconds` of real time have passed; returns how many people did something."""
        if not self.speed:
            return 0
        self.now += seconds * self.speed
        self._hurry_watched()
        due = self._due()
        for row in due:
            with self._store.transaction():
                # Read again: the one before may have raided this one.
                self._act(self._people.get(row["id"]))
        if due or self.now - self._kept_at > CLOCK_KEPT_EVERY * self.speed:
            self._keep_clock()
        return len(due)

    def _due(self) -> list[Person]:
        """Whose moment has come; the watched first, for nobody misses the others."""
        due = "SELECT * FROM people WHERE next_at <= ? AND gone = 0 AND id"
        watched = self._store.rows(
            f"{due} IN ({WATCHED}) ORDER BY next_at LIMIT ?", self.now, DEEDS_A_TICK
        )
        ids = [row["id"] for row in watched]
        others = self._store.rows(
            f"{due} NOT IN ({marks(ids)}) ORDER BY next_at LIMIT ?",
            self.now,
            *ids,
            DEEDS_A_TICK - len(ids),
        )
        return watched + others

    def _keep_clock(self) -> None:
        self._store.set_meta("world_seconds", self.now)
        self._kept_at = self.now

    def _hurry_watched(self) -> None:
        """Nobody who is watched since a moment ago sleeps on as long as the others."""
        _, longest = WATCHED_PAUSE
        late = self._store.rows(
            f"SELECT id, step FROM people WHERE next_at > ? AND id IN ({WATCHED})",  # noqa: S608
            self.now + longest,
        )
        for row in late:
            soon = self.now + Dice(self.seed, "soon", row["id"], row["step"]).uniform(10, longest)
            self._people.change(row["id"], next_at=soon)

    def _act(self, person: Person) -> None:
        dice = Dice(self.seed, person["id"], person["step"])
        watched = person["id"] in self._subscriptions.watched()
        if person["last_streamed_at"] is not None:
            # Two changes are never next to each other: within a minute they would count as one.
            if person["step"] % 2:
                self._appear_or_go(person, dice, watched=watched)
            else:
                self._change(person, dice, watched=watched)
        if dice.random() < 0.5:
            self._follow(person, dice)
        pause = dice.uniform(*(WATCHED_PAUSE if watched else PAUSE))
        # A world that cannot keep up at this speed lets time go by rather than pile up deeds.
        self._people.change(person["id"], step=person["step"] + 1, next_at=self.now + pause)

    def _appear_or_go(self, person: Person, dice: Dice, *, watched: bool) -> None:
        if not person["stream_id"]:
            if watched or dice.random() < 0.4:
                self._world.go_live(person)
            return
        if not watched and dice.random() < 0.5:
            return
        deed = dice.weighted([("end", 5), ("raid", 2), ("be raided", 3)])
        # By id: by viewers the order would follow from the time of day.
        others = [one for one in self._people.live_ids() if one != person["id"]]
        if deed == "end" or not others:
            self._world.go_offline(person)
        elif deed == "raid":
            self._raid(person, self._people.get(dice.choice(others)))
        else:
            self._raid(self._people.get(dice.choice(others)), person)

    def _raid(self, raider: Person, target: Person) -> None:
        """With a raid the raider's own stream ends."""
        self._world.raid(raider, target, self._people.viewers(raider))
        self._world.go_offline(self._people.get(raider["id"]))

    def _change(self, person: Person, dice: Dice, *, watched: bool) -> None:
        """Another title, category or both; once in a while another name."""
        if not person["can_log_in"] and dice.random() < (0.01 if watched else 0.002):
            self._rename(person, dice)
            return
        category = person["category_id"]
        if dice.random() < 0.5:
            category = make_category(dice)
        title = make_title(dice, person["name"], category)
        if (title, category) == (person["title"], person["category_id"]):
            title = f"{title[:130]} (again)"
        self._world.update_channel(person, title=title, category_id=category)

    def _rename(self, person: Person, dice: Dice) -> None:
        """Another display name, and every third time another login with it."""
        login = person["login"]
        if dice.random() < 0.35:
            login = f"{login[:20].rstrip('_')}{dice.choice(['_', 'x', 'irl', 'hq'])}"
            if self._people.taken(login):
                login = person["login"]
        name = dice.choice([login, login.upper(), login.title(), f"The{login.title()}"])
        if (login, name) == (person["login"], person["name"]):
            name = f"{login.capitalize()}TV"
        self._world.update_user(person, login=login, name=name)

    def _follow(self, person: Person, dice: Dice) -> None:
        """Somebody follows the person, or the other way round. Some want it quiet."""
        other = self._people.stranger(dice.random())
        if other["id"] == person["id"] or person["login"] == "zoe_quiet":
            return
        if person["can_log_in"] or dice.random() < 0.7:
            self._world.follow(other, person)
        else:
            self._world.follow(person, other)
