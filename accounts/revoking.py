"""The end of a Grant: tokens deleted, sessions ended, and why."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Grant, User

logger = logging.getLogger(__name__)


def end_grant(*, user_id: int, ending: Grant.Ending, only: Q | None = None) -> bool:
    """End the viewer's live Grant, where it also fits `only`; whether it ended now.

    Its tokens are deleted and every session of the viewer ends: `ended_sessions` says on the
    next page how to mend it. Two queries in one transaction.
    """
    values = {
        "state": Grant.State.DEAD,
        "ending": ending,
        "access_token": "",
        "refresh_token": "",
        "expires_at": None,
        "due_at": None,
        "refresh_claim": "",
        "refresh_until": None,
        "refresh_doubts": 0,
        "updated_at": timezone.now(),
    }
    with transaction.atomic():
        # As a login does: the viewer's row first, so that the two cannot wait for each other.
        User.objects.select_for_update().filter(pk=user_id).values_list("pk").first()
        grants = Grant.objects.active().filter(only or Q(), user_id=user_id)
        if not grants.update(**values):
            return False
        User.objects.filter(pk=user_id).update(session_epoch=F("session_epoch") + 1)
    logger.info("grant of viewer %d ended: %s", user_id, ending)
    return True


def note_revoked(*, twitch_id: str, at: datetime) -> bool:
    """Twitch says that the person took the consent back at `at`; whether a Grant ended by it.

    A consent given later is not meant by it; Twitch is asked about that one soon instead, for
    the two clocks may differ. Safe to call again. Two to four queries.
    """
    user_id = _user_id(twitch_id)
    if user_id is None:
        return False
    given_before = Q(granted_at__lt=at) | Q(granted_at=None)
    if end_grant(user_id=user_id, ending=Grant.Ending.REVOKED, only=given_before):
        return True
    Grant.objects.active().filter(user_id=user_id).update(due_at=timezone.now())
    return False


def validate_soon(*, twitch_id: str) -> None:
    """There is doubt about the person's Grant: have Twitch asked about it next (2 queries)."""
    user_id = _user_id(twitch_id)
    if user_id is not None:
        Grant.objects.active().filter(user_id=user_id).update(due_at=timezone.now())


def _user_id(twitch_id: str) -> int | None:
    return User.objects.filter(twitch_id=twitch_id).values_list("pk", flat=True).first()
