"""Tokens from id.twitch.tv.

Source: https://dev.twitch.tv/docs/authentication
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from streamwatch.twitch.answers import json_object, refuse
from streamwatch.twitch.errors import TwitchUnavailable

TIMEOUT = httpx.Timeout(5.0)


@dataclass(frozen=True, slots=True)
class AppToken:
    """An application token; `lifetime` from the moment of the answer."""

    token: str
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Validation:
    """What Twitch knows of a token (`/validate`)."""

    client_id: str
    twitch_id: str
    login: str
    scopes: tuple[str, ...]


class OAuth:
    """Calls to `auth_url` (`https://id.twitch.tv/oauth2`). Each takes at most 5 s a phase.

    Every method raises `TwitchUnavailable` when there is no usable answer and `TwitchRefused`
    (or a subclass) when Twitch says no.
    """

    def __init__(self, *, auth_url: str, client_id: str, client_secret: str) -> None:
        self._http = httpx.Client(timeout=TIMEOUT)
        self._url = auth_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret

    def close(self) -> None:
        """Let go of open connections; the client cannot be used afterwards."""
        self._http.close()

    def app_token(self) -> AppToken:
        """A new application token (client credentials)."""
        data = self._send(
            "POST",
            "/token",
            data={
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "grant_type": "client_credentials",
            },
        )
        token, seconds = data.get("access_token"), data.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise TwitchUnavailable("token answer without access_token or expires_in")
        return AppToken(token=token, lifetime=timedelta(seconds=seconds))

    def validate(self, token: str) -> Validation:
        """What the token is good for; `TokenRefused` when it is dead."""
        data = self._send("GET", "/validate", headers={"Authorization": f"OAuth {token}"})
        scopes = data.get("scopes")
        return Validation(
            client_id=str(data.get("client_id", "")),
            twitch_id=str(data.get("user_id", "")),
            login=str(data.get("login", "")),
            scopes=tuple(map(str, scopes)) if isinstance(scopes, list) else (),
        )

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, self._url + path, **options)
        except httpx.HTTPError as error:
            raise TwitchUnavailable(f"{method} {path}: {type(error).__name__}") from error
        if not response.is_success:
            raise refuse(response)
        return json_object(response)
