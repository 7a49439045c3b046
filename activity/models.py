"""What streamers did, in our words, and how far polling Twitch has come.

`activity.recording.record()` is the only writer of Activities.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from subscriptions.models import Streamer


class ActivityQuerySet(models.QuerySet["Activity"]):
    def unannounced(self) -> Self:
        """What not every receiver has heard of, oldest first, by `activity_unannounced`."""
        return self.filter(announced_at=None).order_by("recorded_at")

    def for_overview(self) -> datetime | None:
        """When the oldest unannounced one was recorded (1 query)."""
        return self.unannounced().values_list("recorded_at", flat=True).first()


class Activity(models.Model):
    """One thing a streamer did. Unique by (streamer, dedupe_key), however often we hear of it.

    `details` by kind: online {title, category}; offline {lasted_seconds or null}; changed
    {title?: {old, new}, category?: {old, new}}; renamed {login?: {old, new}, name?: {old, new}};
    raid_in, raid_out {viewers}; follower and follows {others: [{login, name}, at most 2], more: n},
    the actor being the first of a burst; follower without an actor {gained, total, since}.
    """

    class Kind(models.TextChoices):
        ONLINE = "online", "went live"
        OFFLINE = "offline", "went offline"
        CHANGED = "changed", "changed title or category"
        RENAMED = "renamed", "was renamed"
        RAID_IN = "raid_in", "was raided"
        RAID_OUT = "raid_out", "raided"
        FOLLOWER = "follower", "was followed"
        FOLLOWS = "follows", "followed somebody"

    class Source(models.TextChoices):
        PUSH = "push", "pushed"
        POLL = "poll", "polled"

    streamer = models.ForeignKey(Streamer, on_delete=models.CASCADE)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    dedupe_key = models.CharField(max_length=150)
    occurred_at = models.DateTimeField()
    # The other one in it: who raided or followed, who was. Empty where there is none.
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

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["streamer", "dedupe_key"], name="activity_once"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        *("online", "offline", "changed", "renamed"),
                        *("raid_in", "raid_out", "follower", "follows"),
                    ]
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


class Follow(models.Model):
    """A follow that was taken into an Activity: what is told again is known by it.

    Seen from `streamer`: of kind `follower` the actor follows it, of kind `follows` it the actor.
    Kept for some days (pruning.py); `followed_at` is in whole seconds.
    """

    streamer = models.ForeignKey(Streamer, on_delete=models.CASCADE)
    kind = models.CharField(max_length=16)
    actor_twitch_id = models.CharField(max_length=32)
    followed_at = models.DateTimeField()
    # Null when it was kept for a shorter time: the follow stays known.
    activity = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True)
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            # By the actor first, as record() looks for those of the last day.
            models.UniqueConstraint(
                fields=["actor_twitch_id", "streamer", "kind", "followed_at"], name="follow_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["follower", "follows"]), name="follow_kind_known"
            ),
        ]
        indexes = [
            # Pruning: which are old.
            models.Index(fields=["taken_at"], name="follow_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.actor_twitch_id} of {self.streamer_id}"


class Broadcast(models.Model):
    """One stretch of being live: Segments, and gaps between them that are shorter than the grace.

    Reckoned from its Segments (airing.py); going off the air sets `ended_at` at once.
    """

    streamer = models.ForeignKey(Streamer, on_delete=models.CASCADE)
    began_at = models.DateTimeField()
    # Null while on the air.
    ended_at = models.DateTimeField(null=True)
    # The grace has passed since the end: another stream is another Broadcast.
    is_over = models.BooleanField(default=False)

    class Meta:
        indexes = [
            # The streamer's page: the last ones.
            models.Index(fields=["streamer", "began_at"], name="broadcast_last"),
            # record(): those that what is heard may belong to.
            models.Index(fields=["streamer", "ended_at"], name="broadcast_near"),
            # The sweep: whose grace has passed. Pruning: which are old.
            models.Index(fields=["is_over", "ended_at"], name="broadcast_over"),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} of {self.streamer_id}"


class Segment(models.Model):
    """One of Twitch's streams. Unique by (streamer, stream_id), however often we hear of it.

    `began_at` is the end while the beginning was not heard of; `ended_at`, of a stream that is
    not live any more and whose end was not heard of, the last moment it was known to be live.
    """

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="segments")
    streamer = models.ForeignKey(Streamer, on_delete=models.CASCADE)
    stream_id = models.CharField(max_length=64)
    began_at = models.DateTimeField()
    is_beginning_known = models.BooleanField()
    # Known to be live then; null when only its end was heard of.
    seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    is_end_known = models.BooleanField()
    # What polling counted (viewers.py): the most, and the sum of so many readings.
    viewers_peak = models.PositiveBigIntegerField(default=0)
    viewers_sum = models.PositiveBigIntegerField(default=0)
    viewers_readings = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["streamer", "stream_id"], name="segment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id} of {self.streamer_id}"

    @property
    def end(self) -> datetime | None:
        """Not before the beginning, though clocks may differ; None while it is live."""
        return None if self.ended_at is None else max(self.began_at, self.ended_at)


class Ring(models.Model):
    """One kind of reading that goes round over all watched streamers, and where it stands.

    Only whoever has the lease `activity.poll` moves it. It outlasts restarts: a round goes on
    after the last streamer that was read.
    """

    name = models.CharField(max_length=20, unique=True)
    # The primary key of the last streamer read in this round; 0 between two rounds.
    cursor = models.BigIntegerField(default=0)
    round_began_at = models.DateTimeField(null=True)
    # How long the last whole round took, and the time between the beginnings of the last two.
    round_seconds = models.FloatField(null=True)
    period_seconds = models.FloatField(null=True)
    # When it may ask Twitch again: the next round, or after trouble.
    due_at = models.DateTimeField()
    # Until when the points that were spent reach, at the rate that is allowed.
    spent_until = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """A round of Get Streams did not list a stream that we think is on the air.

    Twitch's list flaps: only when the next round does not list it either has it ended.
    """

    streamer = models.OneToOneField(Streamer, on_delete=models.CASCADE)
    stream_id = models.CharField(max_length=64)
    noticed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stream_id} of {self.streamer_id}"


class FollowerCount(models.Model):
    """How many follow a streamer, and the number that the next difference is counted from."""

    streamer = models.OneToOneField(
        Streamer, on_delete=models.CASCADE, related_name="follower_count"
    )
    total = models.PositiveBigIntegerField()
    as_of = models.DateTimeField()
    base_total = models.PositiveBigIntegerField()
    base_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.total} follow {self.streamer_id}"


class FollowedCursor(models.Model):
    """How far the list of whom a streamer follows has been taken in.

    There is none before the first reading, and none any more when the consent has ended or
    nobody watches the streamer: what is followed meanwhile is no news afterwards.
    """

    streamer = models.OneToOneField(Streamer, on_delete=models.CASCADE)
    # What was followed before is no news: nobody watched with consent.
    from_at = models.DateTimeField()
    # The newest follow up to which nothing is missing.
    newest_at = models.DateTimeField()
    # Follows taken in that may be listed again, "<followed_at> <Twitch id>" each.
    taken = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.streamer_id} up to {self.newest_at:%Y-%m-%d %H:%M:%S}"
