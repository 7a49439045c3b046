"""Twitch's messages as they came, kept before they are answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from django.db import models

# Whoever claimed a message and has not finished it for so long was killed.
CLAIM_LIFETIME = timedelta(seconds=30)
# The process that took a message in works at it at once; only later is it anybody's.
SWEEP_AFTER = timedelta(seconds=5)


class InboxMessageQuerySet(models.QuerySet["InboxMessage"]):
    def claimed_by(self, claims: Collection[str]) -> Self:
        """What is still to be done of what was claimed with one of these, as it came.

        With the columns that processing needs (1 query).
        """
        mine = self.filter(claim__in=claims, processed_at=None).order_by("pk")
        return mine.only("sent_at", "body", "is_private", "attempts")

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
