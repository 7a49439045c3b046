"""Access tokens: made once, shown once, and known afterwards by their hash alone."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from livestream.models import AccessToken

BEGINNING: Final = "swt_"
SHOWN: Final = 10
# A viewer's at one time; the page shows all.
MOST: Final = 50
LONGEST: Final = 200
# What is written down of its use is that exact.
NOTED_EVERY: Final = timedelta(minutes=1)
# What old programs put before a token.
SCHEMES: Final = ("oauth:", "oauth ", "bearer ")


class TooManyTokens(Exception):
    """The viewer has 50 that work."""


def make_token(*, user: User, name: str, days: int | None) -> tuple[AccessToken, str]:
    """A new token of the viewer's, and its text, which nobody can read again (3 queries).

    Raises:
        TooManyTokens: one has to be revoked first.
    """
    text = BEGINNING + secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        # Two at the same time wait here for each other.
        User.objects.select_for_update().get(pk=user.pk)
        if AccessToken.objects.of(user).usable(now).count() >= MOST:
            raise TooManyTokens(user.pk)
        token = AccessToken.objects.create(
            user=user,
            name=name,
            prefix=text[:SHOWN],
            sha256=_sha256(text),
            expires_at=now + timedelta(days=days) if days else None,
        )
    return token, text


def revoke_token(*, user: User, pk: int) -> bool:
    """Have the viewer's token work no more; False when there is none, or it was revoked."""
    mine = AccessToken.objects.filter(user=user, pk=pk, revoked_at=None)
    return bool(mine.update(revoked_at=timezone.now()))


def token_of(text: str) -> AccessToken | None:
    """The token with that text, with its viewer; None when it does not work (1 to 2 queries)."""
    for scheme in SCHEMES:
        if text[: len(scheme)].lower() == scheme:
            text = text[len(scheme) :]
    text = text.strip()
    if not text.startswith(BEGINNING) or len(text) > LONGEST:
        return None
    now = timezone.now()
    usable = AccessToken.objects.usable(now).select_related("user")
    token = usable.filter(sha256=_sha256(text)).first()
    if token is not None:
        before = Q(used_at=None) | Q(used_at__lt=now - NOTED_EVERY)
        AccessToken.objects.filter(before, pk=token.pk).update(used_at=now)
    return token


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
