"""Keeping what a viewer allowed at Twitch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import FOLLOWERS, Grant, Moderation, User
from streamwatch.encryption import Undecipherable

# Twitch demands it every hour, and a run may be late.
VALIDATION_MINUTES: Final = (45.0, 55.0)
# Of one viewer; the rest costs Twitch's points for nothing.
MOST_MODERATIONS: Final = 20
_random = SystemRandom()


@dataclass(frozen=True, slots=True)
class Consent:
    """What Twitch gave at a login; the tokens stay out of `repr` and so out of any log."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scopes: Sequence[str]
    expires_at: datetime | None


class Lacking(Exception):
    """A consent lacks what the viewer's live Grant has; `scopes` are those of both together."""

    def __init__(self, scopes: Iterable[str]) -> None:
        super().__init__("the consent lacks scopes of the Grant")
        self.scopes = sorted(scopes)


def until_next_validation() -> timedelta:
    """45 to 55 min, by chance: those that fell due together drift apart again."""
    return timedelta(minutes=_random.uniform(*VALIDATION_MINUTES))


def keep_grant(*, user: User, consent: Consent, is_last: bool = True) -> bool:
    """Keep `consent` as the viewer's Grant, unless a wider live one is there; whether it was kept.

    Wider: it has all scopes of the new one and more. A new one that lacks some and has others
    is kept when `is_last`, for it is what the viewer wants now. Three queries.

    Raises:
        Lacking: it is such a one, and Twitch can be asked once more for all of them.
    """
    with transaction.atomic():
        # Two logins of one viewer at the same time wait here for each other.
        User.objects.select_for_update().get(pk=user.pk)
        before, new = _live_scopes(user), set(consent.scopes)
        if before > new:
            return False
        if not before <= new and not is_last:
            raise Lacking(before | new)
        now = timezone.now()
        values = {
            "access_token": consent.access_token,
            "refresh_token": consent.refresh_token,
            "scopes": sorted(set(consent.scopes)),
            "state": Grant.State.ACTIVE,
            "ending": Grant.Ending.NONE,
            "granted_at": now,
            "expires_at": consent.expires_at,
            "validated_at": now,
            "due_at": now + until_next_validation(),
            # What a refresh of the tokens before brings is not to be stored.
            "refresh_claim": "",
            "refresh_until": None,
            "refresh_doubts": 0,
            "updated_at": now,
        }
        if FOLLOWERS in consent.scopes:
            values["showed_followers"] = True
        # Not read first: the old tokens may be sealed with a key that is gone.
        if not Grant.objects.filter(user=user).update(**values):
            Grant.objects.create(user=user, **values)
    return True


def note_moderation(*, user: User, channel_id: str) -> None:
    """Remember that the viewer followed a link for somebody else's channel; the last 20.

    Whether they moderate it Twitch says, when it is asked for the followers. About five queries.
    """
    if not channel_id or channel_id == user.twitch_id:
        return
    mine = Moderation.objects.filter(user=user)
    now = timezone.now()
    mine.update_or_create(user=user, channel_id=channel_id, defaults={"named_at": now})
    newest = mine.order_by("-named_at", "-pk").values_list("pk", flat=True)
    mine.filter(pk__in=list(newest[MOST_MODERATIONS : 2 * MOST_MODERATIONS])).delete()


def scopes_to_ask(user: User | None) -> list[str]:
    """What a viewer who lets us see followers is asked for: that beside all allowed before."""
    return scopes_beside(user, [FOLLOWERS])


def scopes_beside(user: User | None, wanted: Iterable[str]) -> list[str]:
    """What to ask for so that these are added to all that was allowed before (1 query)."""
    before = _live_scopes(user) if user else set()
    return sorted({*settings.LOGIN_SCOPES, *wanted, *before})


def _live_scopes(user: User) -> set[str]:
    """What the viewer's Grant allows now; nothing when it is dead, unreadable or absent."""
    try:
        grant = Grant.objects.filter(user=user, state=Grant.State.ACTIVE).first()
    except Undecipherable:
        return set()
    if grant is None or not grant.access_token:
        return set()
    is_running = grant.expires_at is None or grant.expires_at > timezone.now()
    return set(grant.scopes) if is_running or grant.refresh_token else set()
