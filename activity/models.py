"""What streamers did, in our words. `activity.recording.record()` is the only writer."""

from __future__ import annotations

from django.db import models

from subscriptions.models import Streamer


class Activity(models.Model):
    """One thing a streamer did. Unique by (streamer, dedupe_key), however often we hear of it.

    `details` by kind: online {title, category}; offline {lasted_seconds or null}; changed
    {title?: {old, new}, category?: {old, new}}; renamed {login?: {old, new}, name?: {old, new}};
    raid_in, raid_out {viewers}.
    """

    class Kind(models.TextChoices):
        ONLINE = "online", "went live"
        OFFLINE = "offline", "went offline"
        CHANGED = "changed", "changed title or category"
        RENAMED = "renamed", "was renamed"
        RAID_IN = "raid_in", "was raided"
        RAID_OUT = "raid_out", "raided"

    class Source(models.TextChoices):
        PUSH = "push", "pushed"
        POLL = "poll", "polled"

    streamer = models.ForeignKey(Streamer, on_delete=models.CASCADE)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    dedupe_key = models.CharField(max_length=150)
    occurred_at = models.DateTimeField()
    # The other one in it: who raided, who was raided. Empty where there is none.
    actor_twitch_id = models.CharField(max_length=32, blank=True)
    actor_login = models.CharField(max_length=100, blank=True)
    actor_name = models.CharField(max_length=100, blank=True)
    details = models.JSONField(default=dict)
    source = models.CharField(max_length=16, choices=Source.choices)
    # Heard of long after it happened.
    late = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    # Null until every receiver of activities_recorded has returned.
    announced_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["streamer", "dedupe_key"], name="activity_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["online", "offline", "changed", "renamed", "raid_in", "raid_out"]
                ),
                name="activity_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=["push", "poll"]), name="activity_source_known"
            ),
        ]
        indexes = [
            # The feed: the newest few of one streamer.
            models.Index(fields=["streamer", "occurred_at", "id"], name="activity_feed"),
            # The tailer: what changed since my last reading.
            models.Index(fields=["changed_at"], name="activity_changed"),
            # The sweep: what has not been announced.
            models.Index(fields=["announced_at", "recorded_at"], name="activity_unannounced"),
        ]

    def __str__(self) -> str:
        return f"{self.dedupe_key} of {self.streamer_id}"
