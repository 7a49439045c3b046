"""Redis or MariaDB goes away and comes back: pages say so or do not notice, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from dev import servers
from tests.browser.people import Person
from tests.browser.starting import Running, answers, production, wait_for

# The simulator's first tries are 5 and 15 s apart.
SETTLED_SECONDS = 60


def rows(person: Person, running: Running) -> str:
    """The panel of activities."""
    answer = person.http.get(f"{running.url}/activity/rows/")
    return answer.text if answer.is_success else ""


@contextmanager
def watched(database: servers.MariaDB, cache: servers.Redis) -> Iterator[tuple[Running, Person]]:
    """StreamWatch as in production, and somebody for whom carla_plays is watched."""
    with production(database.url, cache.url) as running, Person(running) as person:
        person.log_in("bob_watches")
        person.subscribe("carla_plays")
        wait_for(lambda: person.states() == {"carla_plays": "watching"}, running, 60)
        yield running, person


def test_without_redis_pages_and_messages_go_on(
    own_mariadb: servers.MariaDB, own_redis: servers.Redis
) -> None:
    with watched(own_mariadb, own_redis) as (running, person):
        own_redis.stop()
        # Still logged in, and the broker's absence is not noticed.
        person.subscribe("dan_plays")
        assert person.states()["dan_plays"] == "pending"
        running.event("stream.online", "carla_plays")
        wait_for(lambda: 'data-kind="online"' in rows(person, running), running, 20)
        own_redis.start()
        wait_for(lambda: person.states()["dan_plays"] == "watching", running, SETTLED_SECONDS)


def test_without_the_database_it_is_said_and_nothing_acknowledged_is_lost(
    own_mariadb: servers.MariaDB, own_redis: servers.Redis
) -> None:
    with watched(own_mariadb, own_redis) as (running, person):
        own_mariadb.kill()
        page = person.http.get(f"{running.url}/home/")
        assert page.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "The database does not answer" in page.text
        assert not answers(f"{running.url}/health/ready")
        running.event("stream.online", "carla_plays")
        time.sleep(1)
        own_mariadb.start()
        wait_for(lambda: 'data-kind="online"' in rows(person, running), running, SETTLED_SECONDS)
        assert rows(person, running).count("data-activity-id") == 1
