"""The stage of `make test` and `make bench`: all installed, throwaway servers up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dev import install, packages, servers
from dev.leash import leash
from dev.parts import Parts
from tests import environment


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The variables of what runs on it: without servers (SQLite), and with MariaDB and Redis."""

    on_sqlite: dict[str, str]
    on_servers: dict[str, str]


@contextmanager
def stage(parts: Parts) -> Iterator[Stage]:
    """Install, start, and stop at the end all that was started in the block, tests' own too.

    The caller's own variables for StreamWatch (DATABASE_URL, TWITCH_...) do not get in.
    """
    os.chdir(install.ROOT)
    with parts.part("packages of the system"):
        packages.bring(packages.FOR_TESTING)
    with parts.part("packages of Python and Node"):
        install.for_testing()
    with ExitStack() as stack:
        with parts.part("servers started"):
            held = stack.enter_context(leash())
            mariadb = stack.enter_context(servers.mariadb())
            redis = stack.enter_context(servers.redis())
        variables = held.environment(environment.bare())
        yield Stage(
            on_sqlite=variables,
            on_servers={
                **variables,
                "DATABASE_URL": mariadb.url,
                "TEST_MARIADB_URL": mariadb.url,
                "TEST_REDIS_URL": redis.url,
            },
        )
