"""Codes, tokens and grants: what OAuth gives out and takes back."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass

from simulator.clock import Clock
from simulator.config import Config
from simulator.store import Store

LETTERS = string.ascii_lowercase + string.digits
ACCESS_LENGTH, REFRESH_LENGTH, CODE_LENGTH = 30, 50, 30


class Denied(Exception):
    """An answer of id.twitch.tv other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Token:
    """A valid access token; an app token belongs to no user."""

    access: str
    client_id: str
    user_id: str | None
    scopes: tuple[str, ...]
    expires_in: int


class Tokens:
    """Everything OAuth keeps, in the state file."""

    def __init__(self, store: Store, config: Config, clock: Clock) -> None:
        self._store = store
        self._config = config
        self._clock = clock

    def grant(self, user_id: str, scopes: list[str]) -> None:
        """Note a consent; scopes granted before stay granted."""
        client = self._config.client_id
        with self._store.transaction():
            before: str | None = self._store.value(
                "SELECT scopes FROM grants WHERE client_id = ? AND user_id = ?", client, user_id
            )
            both = sorted({*(before or "").split(), *scopes})
            self._store.run(
                "INSERT OR REPLACE INTO grants (client_id, user_id, scopes) VALUES (?, ?, ?)",
                client,
                user_id,
                " ".join(both),
            )

    def make_code(self, user_id: str, scopes: list[str], redirect_uri: str) -> str:
        """A code for the person, good once, for `code_lifetime` seconds and this address."""
        code = _secret(CODE_LENGTH)
        self._store.insert(
            "codes",
            code=code,
            client_id=self._config.client_id,
            user_id=user_id,
            redirect_uri=redirect_uri,
            scopes=" ".join(scopes),
            expires_at=self._clock.now() + self._config.code_lifetime,
        )
        return code

    def redeem_code(self, code: str, redirect_uri: str) -> dict[str, object]:
        """Tokens for a code. A code is good once.

        Raises:
            Denied: 400 for a code unknown, used, expired, or given for another address.
        """
        with self._store.transaction():
            row = self._store.row("SELECT * FROM codes WHERE code = ?", code)
            if row is None or row["expires_at"] <= self._clock.now():
                raise Denied(400, "Invalid authorization code")
            if row["redirect_uri"] != redirect_uri:
                raise Denied(400, "Parameter redirect_uri does not match registered URI")
            self._store.run("DELETE FROM codes WHERE code = ?", code)
            return self._user_tokens(row["user_id"], row["scopes"])

    def refresh(self, refresh_token: str) -> dict[str, object]:
        """New tokens for a refresh token, which is used up by it.

        Raises:
            Denied: 400 for a refresh token unknown, rotated or revoked.
        """
        with self._store.transaction():
            row = self._store.row("SELECT * FROM tokens WHERE refresh = ?", refresh_token)
            if not refresh_token or row is None:
                raise Denied(400, "Invalid refresh token")
            self._store.run("UPDATE tokens SET refresh = NULL WHERE refresh = ?", refresh_token)
            return self._user_tokens(row["user_id"], row["scopes"])

    def _user_tokens(self, user_id: str, scopes: str) -> dict[str, object]:
        access, refresh = _secret(ACCESS_LENGTH), _secret(REFRESH_LENGTH)
        lifetime = self._config.user_token_lifetime
        self._insert(access, refresh, user_id, scopes, lifetime)
        return {
            "access_token": access,
            "expires_in": int(lifetime),
            "refresh_token": refresh,
            "scope": scopes.split(),
            "token_type": "bearer",
        }

    def app_token(self) -> dict[str, object]:
        """A new token of the application itself, without scopes and refresh token."""
        access, lifetime = _secret(ACCESS_LENGTH), self._config.app_token_lifetime
        self._insert(access, None, None, "", lifetime)
        return {"access_token": access, "expires_in": int(lifetime), "token_type": "bearer"}

    def _insert(
        self, access: str, refresh: str | None, user_id: str | None, scopes: str, lifetime: float
    ) -> None:
        now = self._clock.now()
        self._store.run("DELETE FROM tokens WHERE refresh IS NULL AND expires_at <= ?", now)
        self._store.run("DELETE FROM codes WHERE expires_at <= ?", now)
        self._store.insert(
            "tokens",
            access=access,
            refresh=refresh,
            client_id=self._config.client_id,
            user_id=user_id,
            scopes=scopes,
            expires_at=now + lifetime,
        )

    def find(self, access: str) -> Token | None:
        """The token, unless it is unknown or has expired."""
        row = self._store.row("SELECT * FROM tokens WHERE access = ?", access)
        if row is None or row["expires_at"] <= self._clock.now():
            return None
        return Token(
            access=row["access"],
            client_id=row["client_id"],
            user_id=row["user_id"],
            scopes=tuple(row["scopes"].split()),
            expires_in=int(row["expires_at"] - self._clock.now()),
        )

    def revoke(self, token: str) -> str | None:
        """Take an access or refresh token back; returns the id of its user, if it has one.

        Raises:
            Denied: 400 when no such token is known.
        """
        row = self._store.row("SELECT * FROM tokens WHERE access = ? OR refresh = ?", token, token)
        if not token or row is None:
            raise Denied(400, "Invalid token")
        self._store.run("DELETE FROM tokens WHERE access = ?", row["access"])
        user: str | None = row["user_id"]
        return user

    def has_any(self, user_id: str) -> bool:
        """Whether the user still has a token that is valid or can be refreshed."""
        return (
            self._store.row(
                "SELECT 1 FROM tokens WHERE user_id = ?"
                " AND (refresh IS NOT NULL OR expires_at > ?)",
                user_id,
                self._clock.now(),
            )
            is not None
        )

    def end_grant(self, user_id: str) -> bool:
        """Forget a consent and every token and code of it; False when there was none."""
        with self._store.transaction():
            self._store.run("DELETE FROM tokens WHERE user_id = ?", user_id)
            self._store.run("DELETE FROM codes WHERE user_id = ?", user_id)
            return self._store.run("DELETE FROM grants WHERE user_id = ?", user_id) > 0

    def expire_all(self) -> int:
        """Every access token expires now; refresh tokens stay good."""
        return self._store.run("UPDATE tokens SET expires_at = ?", self._clock.now())


def _secret(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))
