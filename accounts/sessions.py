"""Who a session belongs to, for what is answered in front of Django."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from accounts.models import User

KEY: Final = re.compile(r"[0-9a-z]{8,40}", re.ASCII)


def viewer_of_session(session_key: str) -> User | None:
    """The viewer whose session this is; None when it has ended or the viewer is switched off.

    As `django.contrib.auth.get_user`, but it changes nothing. Two queries, or one where the
    sessions are cached.
    """
    if not KEY.fullmatch(session_key):
        return None
    engine = import_module(settings.SESSION_ENGINE)
    session: SessionBase = engine.SessionStore(session_key)
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = User.objects.filter(pk=_number(session.get(SESSION_KEY)), is_active=True).first()
    return user if user and is_session_of(session, user) else None


def is_session_of(session: SessionBase | Mapping[str, Any], user: User) -> bool:
    """Whether the session counts for `user`: neither epoch nor keys have changed since."""
    found = str(session.get(HASH_SESSION_KEY, ""))
    wanted = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(found, value) for value in wanted)


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0
