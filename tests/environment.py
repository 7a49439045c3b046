"""The environment in which tests and lint read the settings; a pytest plugin (`-p`).

Importing this sets harmless values where the settings want one, before Django reads them; a
value that is set already stays, and the clone's own `.env` is not read. DATABASE_URL stays as it
is (absent: SQLite).

Tests within pytest's process run without REDIS_URL, so that each counts its queries and waits for
the tailer alike on every database, and nobody's own Redis is emptied. Redis is where it matters:
under the processes that tests start, and in tests that take `redis_url` or `own_redis`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

# Nobody listens on port 9: a test that forgets to put something in Twitch's place fails at once.
VALUES = {
    "SECRET_KEY": "only-for-tests-" + 50 * "x",
    "FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS1rZXktb2YtMzItYnl0ZXMtLTAwMDE=",
    "TWITCH_EVENTSUB_SECRET": "only-for-tests-eventsub-secret",
    "TWITCH_CLIENT_ID": "tests-client-id",
    "TWITCH_CLIENT_SECRET": "tests-client-secret",
    "PUBLIC_URL": "http://localhost:8000",
    "TWITCH_AUTH_URL": "http://127.0.0.1:9/oauth2",
    "TWITCH_API_URL": "http://127.0.0.1:9/helix",
    "TWITCH_EVENTSUB_WS_URL": "ws://127.0.0.1:9/ws",
    "TWITCH_PLAYER_URL": "http://127.0.0.1:9/player",
    "TWITCH_EMBED_URL": "http://127.0.0.1:9/embed",
    "CELERY_BROKER_URL": "memory://",
}

# What `make test` and pytest set beyond .env.example's variables, and what would change the
# behaviour of a `make` inside.
OURS = (
    *("TEST_MARIADB_URL", "TEST_REDIS_URL", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"),
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ARGS", "TESTS", "ONLY", "VIRTUAL_ENV", "PYTHONPATH"),
)
OUR_PREFIXES = ("TWITCH_", "SIMULATOR_", "PYTEST_", "STREAMWATCH_TEST_", "CRASH_")
EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"


def prepare() -> None:
    """Set the values; done by importing this module."""
    for name, value in VALUES.items():
        os.environ.setdefault(name, value)
    os.environ.pop("REDIS_URL", None)


def bare(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a person's shell: without anything that StreamWatch or its tests read.

    For tests that start `make run` or processes of their own.
    """
    variables = os.environ if given is None else given
    names = {*OURS, *VALUES, *example_names()}
    return {
        name: value
        for name, value in variables.items()
        if name not in names and not name.startswith(OUR_PREFIXES)
    }


def example_names() -> list[str]:
    """The variables that .env.example lists, in its order; those it leaves unset too."""
    return re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)


prepare()
