"""Tokens from id.twitch.tv.

Source: https://dev.twitch.tv/docs/authentication
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeGuard

import httpx

from streamwatch.twitch.answers import json_object, refuse
from streamwatch.twitch.errors import TwitchRefused, TwitchUnavailable

TIMEOUT = httpx.Timeout(5.0)
# Of a user's token; Twitch gives about 4 hours, more is not believed.
LONGEST_SECONDS = 60 * 24 * 3600


@dataclass(frozen=True, slots=True)
class AppToken:
    """An application token; `lifetime` from the moment of the answer."""

    token: str
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class UserTokens:
    """A person's tokens after a refresh; `lifetime` from the moment of the answer."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
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
            data={**self._client, "grant_type": "client_credentials"},
        )
        token, seconds = data.get("access_token"), data.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise TwitchUnavailable("token answer without access_token or expires_in")
        return AppToken(token=token, lifetime=timedelta(seconds=seconds))

    def refresh(self, refresh_token: str) -> UserTokens:
        """Other tokens for a person's refresh token, which may be used up by it.

        Raises:
            TwitchRefused: the refresh token is dead (400, 401).
            TwitchUnavailable: also when it is we who are refused, not the token.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            data = self._send("POST", "/token", data={**self._client, **form})
        except TwitchRefused as error:
            if error.status in (400, 401) and "client" not in error.message.lower():
                raise
            raise TwitchUnavailable(f"refresh: {error}") from error
        access, seconds = data.get("access_token"), data.get("expires_in")
        newer = data.get("refresh_token") or refresh_token
        if not (_is_token(access) and _is_token(newer) and isinstance(seconds, int)):
            raise TwitchUnavailable("refresh answer without tokens or expires_in")
        lifetime = timedelta(seconds=max(0, min(seconds, LONGEST_SECONDS)))
        return UserTokens(access_token=access, refresh_token=newer, lifetime=lifetime)

    def revoke(self, token: str) -> None:
        """Have Twitch forget a person's token; `TwitchRefused` when it knows none such."""
        form = {"client_id": self._client_id, "token": token}
        self._answer("POST", "/revoke", data=form)

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

    @property
    def _client(self) -> dict[str, str]:
        return {"client_id": self._client_id, "client_secret": self._client_secret}

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return json_object(self._answer(method, path, **options))

    def _answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, self._url + path, **options)
        except httpx.HTTPError as error:
            raise TwitchUnavailable(f"{method} {path}: {type(error).__name__}") from error
        if not response.is_success:
            raise refuse(response)
        return response


def _is_token(value: object) -> TypeGuard[str]:
    """Whether it can be sent in a header."""
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()
