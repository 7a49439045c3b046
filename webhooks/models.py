"""Twitch's messages as they came, kept before they are answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db import models

# Whoever claimed a message and has not finished it for so long was killed.
CLAIM_LIFETIME = timedelta(seconds=30)
# The process that took a message in works at it at once; only later is it anybody's.
SWEEP_AFTER = timedelta(seconds=5)
# Pages say "10,000 or more": counting further takes longer than the page.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class InboxNumbers:
    """What the overview says of the inbox; `unprocessed` and `given_up` at most MOST_COUNTED."""

    last_minute: int
    last_hour: int
    unprocessed: int
    oldest: datetime | None
    given_up: int


class InboxMessageQuerySet(models.QuerySet["InboxMessage"]):
    def claimed_by(self, claims: Collection[str]) -> Self:
        """What is still to be done of what was claimed with one of these, as it came.

        With the columns that processing needs (1 query).
        """
        mine = self.filter(claim__in=claims, processed_at=None).order_by("pk")
        return mine.only("message_id", "sent_at", "body", "is_private", "attempts")

    def free(self, now: datetime) -> Self:
        """Unprocessed, and nobody works at it."""
        stale = models.Q(claimed_at__lt=now - CLAIM_LIFETIME)
        return self.filter(models.Q(claim="") | stale, processed_at=None)

    def left_over(self, now: datetime) -> Self:
        """What a killed process left, or what failed and is tried again; oldest first."""
        return self.free(now).filter(received_at__lt=now - SWEEP_AFTER).order_by("received_at")

    def to_blank(self, now: datetime) -> Self:
        """Private messages whose body nobody may read any longer."""
        return self.filter(blank_at__lte=now)

    def processed_before(self, moment: datetime) -> Self:
        """What may be deleted when `moment` is the end of its time, oldest first."""
        return self.filter(processed_at__lt=moment).order_by("processed_at")

    def newest(self, most: int) -> Self:
        """The last `most` by primary key, which is the order they came in (1 query more)."""
        last = InboxMessage.objects.order_by("-pk").values_list("pk", flat=True).first()
        return self.filter(pk__gt=(last or 0) - most)

    def arrived_since(self, moment: datetime) -> Self:
        """By the sweep's index alone: nothing is processed before it has arrived."""
        worked_at = models.Q(processed_at__gte=moment) | models.Q(processed_at=None)
        return self.filter(worked_at, received_at__gte=moment)

    def given_up(self) -> Self:
        """What was tried often enough, with the problem of the last try."""
        return self.exclude(processed_at=None).exclude(problem="")

    def stuck(self, now: datetime) -> Self:
        """Claimed and not finished in the time allowed: whoever did was killed, or failed."""
        old = self.filter(processed_at=None, claimed_at__lt=now - CLAIM_LIFETIME)
        return old.exclude(claim="")

    def can_be_worked_at_again(self) -> Self:
        """Processed, and the body is still there."""
        return self.exclude(processed_at=None).exclude(is_private=True, body=b"")

    def for_overview(self, now: datetime) -> InboxNumbers:
        """5 queries, each over a stretch of the index `inbox_unprocessed`.

        Those of the last hour are the longest stretch, 100,000 at most at 100,000 streamers.
        Only what was given up is read by its rows, those of that hour.
        """
        hour, minute = now - timedelta(hours=1), now - timedelta(minutes=1)
        waiting = self.filter(processed_at=None)
        given_up = self.given_up().filter(processed_at__gte=hour)
        oldest = waiting.order_by("received_at").values_list("received_at", flat=True)
        return InboxNumbers(
            last_minute=self.arrived_since(minute).count(),
            last_hour=self.arrived_since(hour).count(),
            unprocessed=waiting[:MOST_COUNTED].count(),
            oldest=oldest.first(),
            given_up=given_up[:MOST_COUNTED].count(),
        )


class InboxMessage(models.Model):
    """One request of Twitch's. Written by the inbox's group commit, once for each message id."""

    # 255 is what MySQL can index; Twitch's ids have 44 characters.
    message_id = models.CharField(max_length=255, unique=True)
    # Of the signed body, never of the headers.
    type = models.CharField(max_length=100)
    # The signed time stamp.
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    # The raw bytes; of private types encrypted, and "" once blanked.
    body = models.BinaryField()
    is_private = models.BooleanField(default=False)
    # The token of who works at it, and since when; see CLAIM_LIFETIME.
    claim = models.CharField(max_length=32, blank=True, default="")
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    processed_at = models.DateTimeField(null=True)
    # Of private types: when the body is to be blanked. Null before processing and once blanked.
    blank_at = models.DateTimeField(null=True)
    # Why it could not be worked at, for the operator.
    problem = models.CharField(max_length=500, blank=True, default="")

    objects = InboxMessageQuerySet.as_manager()

    class Meta:
        indexes = [
            # The sweep: what is unprocessed, oldest first; and pruning.
            models.Index(fields=["processed_at", "received_at"], name="inbox_unprocessed"),
            # The worker reads what it has just claimed.
            models.Index(fields=["claim"], name="inbox_claim"),
            # Pruning: private bodies that are due.
            models.Index(fields=["blank_at"], name="inbox_blank"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"
