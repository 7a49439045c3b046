"""StreamWatch as in production, with a viewer, to be killed at named points."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb

from tests.browser.databases import empty_database
from tests.browser.people import Person
from tests.browser.starting import Running, answers, production, wait_for

STREAMERS = ("carla_plays", "dan_plays")
OTHERS = ("hana_games", "emoji_emil", "tag_tina", "rami_rtl", "grace_mods", "frank_follows")
LIVE_POINTS = ("after-inbox-commit", "before-recording", "in-recording", "before-signal")
# Twitch tries again after 5, 15, 30, 60 and 120 s; a dead process's claim is free after 30 s.
SETTLED_SECONDS = 240


class House:
    """StreamWatch as in production with a viewer of some streamers, and what was done so far."""

    def __init__(
        self,
        running: Running,
        person: Person,
        database_url: str,
        streamers: Sequence[str] = STREAMERS,
    ) -> None:
        self.running = running
        self.streamers = streamers
        self.expected: Counter[tuple[str, str]] = Counter()
        self._database = urlsplit(database_url)
        self._marks = 0
        # Each raids once: two raids of one channel within 10 min are the same raid.
        self._raiders = list(OTHERS)
        self.person = person
        self.person.log_in("bob_watches")
        for login in streamers:
            self.person.subscribe(login)
        wait_for(self.is_watching, running, 60)

    def is_watching(self) -> bool:
        """Whether the panel says of everybody that nothing is amiss."""
        states = list(self.person.states().values())
        return states == ["watching"] * len(self.streamers)

    def rows(self, sql: str, *given: object) -> list[tuple[object, ...]]:
        """Read the database."""
        parts = self._database
        connection = MySQLdb.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=parts.password,
            database=parts.path[1:],
            connect_timeout=5,
            autocommit=True,
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, given)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def recorded(self) -> Counter[tuple[str, str]]:
        """How many Activities of each kind each streamer has, announced ones only."""
        rows = self.rows(
            "SELECT s.login, a.kind, COUNT(*) FROM activity_activity a"
            " JOIN subscriptions_streamer s ON s.id = a.streamer_id"
            " WHERE a.announced_at IS NOT NULL GROUP BY s.login, a.kind"
        )
        return Counter({(str(login), str(kind)): int(str(n)) for login, kind, n in rows})

    def new_mark(self) -> Path:
        """A file that does not exist yet, made by the process that is killed."""
        self._marks += 1
        return self.running.folder / f"crashed-{self._marks}"

    def happen(self, rng: random.Random, how_many: int) -> None:
        """Some things that cannot be taken for one another."""
        for _ in range(how_many):
            login = rng.choice(STREAMERS)
            if self._raiders and rng.random() < 0.2:
                self._happens("channel.raid", self._raiders.pop(), login, "raid_in")
            else:
                self._happens("stream.online", login, login, "online")
                self._happens("stream.offline", login, login, "offline")

    def _happens(self, event: str, broadcaster: str, whose: str, kind: str) -> None:
        said = {"to": whose, "viewers": 5} if event == "channel.raid" else {}
        self.running.event(event, broadcaster, **said)
        self.expected[(whose, kind)] += 1

    def settles(self, seconds: float = SETTLED_SECONDS) -> None:
        """Wait until all that happened is recorded, and nothing else."""
        try:
            wait_for(lambda: self.recorded() == self.expected, self.running, seconds)
        except AssertionError as error:
            raise AssertionError(f"{self.recorded()} is not {self.expected}\n{error}") from None

    def live_is_killed_at(self, point: str, rng: random.Random) -> None:
        """Kill the live process at `point` while things happen, and start another one."""
        mark = self.new_mark()
        live = f"http://127.0.0.1:{self.running.commands['live'][-1]}/health/live"
        self.running.restart("live", CRASH_AT=point, CRASH_MARK=str(mark))
        # What Twitch sends again may kill it before it has answered anybody.
        wait_for(lambda: mark.exists() or answers(live), self.running, 60)
        self.happen(rng, 6)
        process = self.running.processes["live"]
        process.wait(60)
        assert mark.exists()
        self.running.start("live")
        wait_for(lambda: answers(live), self.running, 60)

    def doubled_promises(self) -> list[tuple[object, ...]]:
        """Twitch's promises of which we hold two."""
        return self.rows(
            "SELECT type, condition_key, COUNT(*) FROM subscriptions_eventsubsubscription"
            " GROUP BY type, condition_key HAVING COUNT(*) > 1"
        )


@contextmanager
def house_of(mariadb_url: str, redis_url: str, **variables: str) -> Iterator[House]:
    """A house with an empty database, from its start to its end."""
    with (
        empty_database(mariadb_url) as url,
        production(url, redis_url, **variables) as running,
        Person(running) as person,
    ):
        yield House(running, person, url)
