"""The application's token at Twitch: one in the database for all processes.

Whoever finds it missing, dead or near its end takes a lease and asks Twitch for another; the
others wait for that one briefly. No transaction is open while Twitch is asked.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.models import AppToken
from streamwatch.encryption import Undecipherable
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchError, TwitchUnavailable
from streamwatch.twitch.oauth import OAuth

logger = logging.getLogger(__name__)

EARLY: Final = timedelta(minutes=10)  # Renewed this long before its end.
LONGEST: Final = timedelta(days=60)  # Twitch gives about 58 days; more is not believed.
LEASE: Final = timedelta(seconds=30)  # Longer than one answer may take.
PATIENCE_SECONDS: Final = 8.0
PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Stored:
    token: str
    expires_at: datetime
    renewed_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        # Half its life when it is a short one: it must not be renewed at every call.
        early = min(EARLY, (self.expires_at - self.renewed_at) / 2)
        return now < self.expires_at - early

    def is_usable(self, now: datetime) -> bool:
        return now < self.expires_at


class DatabaseTokens:
    """A `TokenSource` of the application's token. Every method raises `TwitchError`s."""

    def __init__(self, *, oauth: OAuth, client_id: str) -> None:
        self._oauth = oauth
        self._client_id = client_id

    def current(self) -> str:
        """The token to use now. One query, unless it must be got or renewed.

        Near its end the old one is used on while another process renews it, or when Twitch
        gives no new one.
        """
        stored = self._stored()
        now = timezone.now()
        if stored and stored.is_fresh(now):
            return stored.token
        if stored and stored.is_usable(now):
            return self._renew_early(stored)
        return self._another_than("")

    def renew(self, dead: str) -> str:
        """Another token than `dead`, which Twitch refused: the stored one if it is another."""
        return self._another_than(dead)

    def _another_than(self, dead: str) -> str:
        """The stored token when it is good, else a new one, by one process at a time.

        At most 8 s of waiting for another process, then one call to Twitch.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if token := self._good(dead):
                return token
            if lease := Lease.objects.take(self._lease_name, lifetime=LEASE):
                try:
                    # Whoever had the lease before may just have stored one.
                    return self._good(dead) or self._replace()
                finally:
                    Lease.objects.give_back(self._lease_name, lease)
            if time.monotonic() > deadline:
                raise TwitchUnavailable("another process is still asking for the app token")
            time.sleep(PAUSE_SECONDS)

    def _renew_early(self, stored: _Stored) -> str:
        lease = Lease.objects.take(self._lease_name, lifetime=LEASE)
        if not lease:
            return stored.token
        try:
            newer = self._stored()
            return newer.token if newer and newer.is_fresh(timezone.now()) else self._replace()
        except TwitchError as error:
            logger.warning("app token could not be renewed before its end: %s", error)
            return stored.token
        finally:
            Lease.objects.give_back(self._lease_name, lease)

    def _good(self, dead: str) -> str:
        stored = self._stored()
        is_good = stored and stored.token != dead and stored.is_usable(timezone.now())
        return stored.token if stored and is_good else ""

    def _stored(self) -> _Stored | None:
        rows = AppToken.objects.filter(client_id=self._client_id)
        try:
            row = rows.values_list("token", "expires_at", "renewed_at").first()
        except Undecipherable:
            logger.warning("app token: its key has left FIELD_ENCRYPTION_KEYS; another is got")
            return None
        return _Stored(*row) if row else None

    def _replace(self) -> str:
        # Counted from before the question: the answer may have taken seconds.
        asked_at = timezone.now()
        answer = self._oauth.app_token()
        values = {
            "token": answer.token,
            "expires_at": asked_at + min(answer.lifetime, LONGEST),
            "renewed_at": asked_at,
        }
        # Without reading the row, which may be sealed with a key that is gone.
        if not AppToken.objects.filter(client_id=self._client_id).update(**values):
            AppToken.objects.update_or_create(client_id=self._client_id, defaults=values)
        logger.info("app token renewed, good until %s", values["expires_at"])
        return answer.token

    @property
    def _lease_name(self) -> str:
        return f"app token {self._client_id}"[:100]
