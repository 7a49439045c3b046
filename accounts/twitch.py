"""This installation's clients of Twitch, with the application's own token.

One of each a process: they keep connections open and are safe to use from many threads.
"""

from __future__ import annotations

import threading
from functools import cache

from django.conf import settings
from django.test.signals import setting_changed

from accounts.app_token import DatabaseTokens
from streamwatch.twitch.helix import Helix, PatientHelix
from streamwatch.twitch.oauth import OAuth

# To make one takes a tenth of a second; threads that start together must not all do it.
_making = threading.RLock()


def oauth() -> OAuth:
    """The client of id.twitch.tv (`TWITCH_AUTH_URL`)."""
    with _making:
        return _oauth()


def helix() -> Helix:
    """The client of Helix (`TWITCH_API_URL`); reads its token from the database at each call."""
    with _making:
        return _helix()


def patient_helix(*, at_once: int) -> PatientHelix:
    """A client for commands, which have time; of the caller's own, to be closed."""
    return PatientHelix(
        at_once=at_once,
        api_url=settings.TWITCH_API_URL,
        client_id=settings.TWITCH_CLIENT_ID,
        tokens=DatabaseTokens(oauth=oauth(), client_id=settings.TWITCH_CLIENT_ID),
    )


@cache
def _oauth() -> OAuth:
    return OAuth(
        auth_url=settings.TWITCH_AUTH_URL,
        client_id=settings.TWITCH_CLIENT_ID,
        client_secret=settings.TWITCH_CLIENT_SECRET,
    )


@cache
def _helix() -> Helix:
    tokens = DatabaseTokens(oauth=oauth(), client_id=settings.TWITCH_CLIENT_ID)
    return Helix(
        api_url=settings.TWITCH_API_URL, client_id=settings.TWITCH_CLIENT_ID, tokens=tokens
    )


def _forget_clients(*, setting: str, **_: object) -> None:
    """For tests, which put something else in Twitch's place."""
    if not setting.startswith("TWITCH_"):
        return
    for client in (_oauth, _helix):
        if client.cache_info().currsize:
            client().close()
            client.cache_clear()


setting_changed.connect(_forget_clients)
