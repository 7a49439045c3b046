"""What is told to those who listen on topics, and the tokens by which old programs listen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models

from subscriptions.models import EventSubWant

Key = tuple[str, str]
# Nobody looks further back, and private words are not kept longer.
KEPT = timedelta(minutes=10)


class TopicMessageQuerySet(models.QuerySet["TopicMessage"]):
    def old(self, now: datetime) -> Self:
        """Those that nobody will be told any more."""
        return self.filter(changed_at__lt=now - KEPT)


class TopicMessage(models.Model):
    """A message of Twitch's that somebody listened for when it came."""

    # As InboxMessage has it.
    message_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(max_length=100)
    condition_key = models.CharField(max_length=200)
    sent_at = models.DateTimeField()
    # Twitch's `event` as JSON, encrypted whatever the type.
    body = models.BinaryField()
    changed_at = models.DateTimeField()

    objects = TopicMessageQuerySet.as_manager()

    class Meta:
        indexes = [
            # The tailer: what came since my last reading; and pruning.
            models.Index(fields=["changed_at"], name="topic_message_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def of(self, user: models.Model) -> Self:
        """The viewer's own, newest first."""
        return self.filter(user=user).order_by("-pk")

    def usable(self, now: datetime) -> Self:
        """Neither revoked nor run out, of a viewer who is not switched off."""
        runs = models.Q(expires_at=None) | models.Q(expires_at__gt=now)
        return self.filter(runs, revoked_at=None, user__is_active=True)


class AccessToken(models.Model):
    """By which a program of the viewer's listens in the viewer's name, and nothing else."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    # The first letters, by which people tell one from another.
    prefix = models.CharField(max_length=16)
    # Of the whole; it has more chance in it than can be guessed.
    sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = AccessTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user_id}"


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that has come, before anybody is told."""

    message_id: str
    type: str
    condition_key: str
    sent_at: datetime
    event: object


def leased_keys(keys: Iterable[Key], now: datetime) -> set[Key]:
    """Those of these types and conditions that somebody listens for (1 query)."""
    wanted = set(keys)
    leases = EventSubWant.objects.leased().current(now)
    leases = leases.filter(
        type__in={type_ for type_, _ in wanted}, condition_key__in={key for _, key in wanted}
    )
    return wanted & set(leases.values_list("type", "condition_key"))
