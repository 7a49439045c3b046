"""The login dance between Django's test client and the simulator, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx
from allauth.socialaccount.providers.twitch.views import TwitchOAuth2Adapter
from django.conf import settings
from django.test import Client, override_settings

from accounts.models import User
from simulator.testing import Simulator, running

LOGIN = "/accounts/twitch/login/"
CALLBACK = "/accounts/twitch/login/callback/"
HOST = "localhost:8000"


@contextmanager
def local_twitch(**overrides: Any) -> Iterator[Simulator]:
    """A simulator that knows this application, and an application that knows it."""
    client = {
        "client_id": settings.TWITCH_CLIENT_ID,
        "client_secret": settings.TWITCH_CLIENT_SECRET,
    }
    with (
        running(**{**client, **overrides}) as simulator,
        twitch_at(simulator.auth_url, simulator.api_url),
    ):
        yield simulator


@contextmanager
def twitch_at(auth_url: str, api_url: str) -> Iterator[None]:
    """Twitch is at these addresses for the block."""
    addresses: dict[str, Any] = {
        "access_token_url": f"{auth_url}/token",
        "authorize_url": f"{auth_url}/authorize",
        "profile_url": f"{api_url}/users",
    }
    with (
        patch.multiple(TwitchOAuth2Adapter, **addresses),
        override_settings(TWITCH_AUTH_URL=auth_url, TWITCH_API_URL=api_url),
    ):
        yield


class Dancer(Client):
    """A browser at the address that the simulator knows."""

    def __init__(self, **options: Any) -> None:
        super().__init__(headers={"host": HOST}, **options)

    def set_out(self, query: str = "") -> dict[str, str]:
        """Press the button; what the browser is sent to Twitch with."""
        answer = self.post(LOGIN + query)
        assert answer.status_code == 302, answer.content
        address = urlsplit(answer["Location"])
        assert answer["Location"].startswith(settings.TWITCH_AUTH_URL + "/authorize?")
        return {name: values[0] for name, values in parse_qs(address.query).items()}

    def consent(self, wish: dict[str, str], login: str = "") -> str:
        """Press the button of `login` (or the one that denies); the address to come back to."""
        choice = {"login": login} if login else {"deny": "1"}
        answer = httpx.post(
            f"{settings.TWITCH_AUTH_URL}/authorize", data={**wish, **choice}, trust_env=False
        )
        assert answer.status_code == 302, answer.text
        back = answer.headers["location"]
        assert back.startswith(f"http://{HOST}{CALLBACK}?")
        return str(back.removeprefix(f"http://{HOST}"))

    def log_in_as(self, login: str, query: str = "") -> Any:
        """The whole dance; the answer to the callback."""
        return self.get(self.consent(self.set_out(query), login))

    def allow_as(self, login: str = "", channel_id: str = "") -> Any:
        """The consent of /consent/, by a link for that channel; the answer to the callback."""
        answer = self.post("/consent/", {"channel": channel_id})
        query = parse_qs(urlsplit(answer["Location"]).query)
        return self.get(self.consent({name: values[0] for name, values in query.items()}, login))

    def viewer(self) -> User | None:
        """Who this browser is logged in as."""
        viewer_id = self.session.get("_auth_user_id")
        return User.objects.filter(pk=viewer_id).first() if viewer_id else None
