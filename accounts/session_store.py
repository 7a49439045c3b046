"""Sessions in the database with a copy in Redis, of which a logout is never undone.

Django's store deletes the copy too, but does not notice when Redis is away, and so leaves one
that counts again once Redis is back. This one then raises the viewer's `session_epoch`, which
ends all of the viewer's sessions. It also closes the gaps in which another request of the same
browser writes the copy back after the logout.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import cached_db
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import BaseCache
from django.db.models import F

from accounts.models import User
from accounts.sessions import is_session_of


class SessionStore(cached_db.SessionStore):
    """SESSION_ENGINE where REDIS_URL is set."""

    _is_told = True  # Whether the cache could be told of the last deletion.
    _is_from_database = False

    def load(self) -> dict[str, Any]:
        """The data from the cache, else from the database (two queries)."""
        self._is_from_database = False
        data: dict[str, Any] = super().load()
        if self._is_from_database:
            self._forget_copy_of_ended()
        return data

    def save(self, must_create: bool = False) -> None:
        """Write row and copy; one query more than Django's."""
        super().save(must_create)
        self._forget_copy_of_ended()

    def delete(self, session_key: str | None = None) -> None:
        """Delete row and copy, and note whether the cache could be told."""
        session_key = session_key or self.session_key
        if session_key is None:
            return
        DatabaseStore.delete(self, session_key)
        self._is_told = self._forget_copy(session_key)

    def flush(self) -> None:
        """End the session for good, whatever becomes of the cache (two queries more then)."""
        data = dict(self.items())
        super().flush()
        if data.get(SESSION_KEY) and not self._is_told:
            _end_all_sessions(data)

    def _get_session_from_db(self) -> Any:
        self._is_from_database = True
        return super()._get_session_from_db()  # type: ignore[misc]  # missing in the stubs

    def _forget_copy_of_ended(self) -> None:
        # A logout deletes the row, then the copy. Had it deleted the row before this look, the
        # copy just written goes here; else it goes there.
        key = self.session_key
        if key and not DatabaseStore.exists(self, key):
            self._forget_copy(key)

    def _forget_copy(self, session_key: str) -> bool:
        # django-redis, told to ignore exceptions, returns None for a Redis that is away.
        cache: BaseCache = self._cache  # type: ignore[attr-defined]  # missing in the stubs
        return cache.delete(self.cache_key_prefix + session_key) is not None


def _end_all_sessions(data: dict[str, Any]) -> None:
    user = User.objects.filter(pk=data[SESSION_KEY]).first()
    # One that had ended before must not end those begun since.
    if user and is_session_of(data, user):
        same = User.objects.filter(pk=user.pk, session_epoch=user.session_epoch)
        same.update(session_epoch=F("session_epoch") + 1)
