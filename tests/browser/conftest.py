"""StreamWatch, started once for all browser tests: by `make run`, and as in production."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dev.leash import leash
from tests.browser.starting import Running, bare_environment, fresh_clone, make_run, production


@pytest.fixture(scope="session")
def quick_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`make run` in a fresh clone, with Node, compilers and MariaDB's headers hidden."""
    folder = tmp_path_factory.mktemp("quick-start")
    clone = fresh_clone(folder / "streamwatch")
    environment = {**bare_environment(folder), "SIMULATOR_SPEED": "0"}
    with leash() as held, make_run(held, clone, environment) as running:
        yield running


@pytest.fixture(scope="session")
def as_in_production(mariadb_url: str, redis_url: str) -> Iterator[Running]:
    """MariaDB, Redis, and a process for each role."""
    from tests.browser.databases import empty_database

    with (
        empty_database(mariadb_url) as database_url,
        production(database_url, redis_url) as running,
    ):
        yield running


@pytest.fixture(params=["quick_start", "as_in_production"])
def streamwatch(request: pytest.FixtureRequest) -> Running:
    """Each test that takes this runs on both."""
    running: Running = request.getfixturevalue(request.param)
    return running


@pytest.fixture(scope="module")
def strangers(quick_start: Running) -> list[str]:
    """Streamers who cannot log in, so that nobody watches them and what is about them costs 1."""
    people = httpx.get(f"{quick_start.simulator_url}/control/people", timeout=10).json()["people"]
    return [one["login"] for one in people if not one["can_log_in"] and not one["live"]]
