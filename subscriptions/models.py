"""Whom viewers watch, and what Twitch must tell us for it.

Three senses of the word: a Subscription is a viewer's wish to watch a Streamer, an EventSubWant
somebody's need of one type of message, an EventSubSubscription Twitch's promise to send it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from streamwatch.twitch.eventsub import Status
from subscriptions.numbers import PromiseNumbers

# Words that stand where a login stands in addresses.
NOT_LOGINS = frozenset({"search", "rows"})
# The subject of what names the application itself, in the place of a Twitch id.
APPLICATION = "application"
# Twitch sends its challenge within seconds.
PENDING_TOO_LONG = timedelta(minutes=2)
# Holding every want against every promise takes longer than a page: 20 s for 500,000 of each.
MOST_COMPARED = 10_000
# Those due first; of more the database would sort all.
MOST_DUE_COMPARED = 2_000


class Streamer(models.Model):
    """A broadcaster somebody watches, with the last we know of the channel.

    First written by `subscribe()`, changed by `activity.recording.record()` only. Each `*_as_of`
    is Twitch's time of the fields before it; `*_pushed_at` when a webhook last changed them.
    """

    twitch_id = models.CharField(max_length=32, unique=True)
    # Not unique: a recycled login may be known twice until the older one's rename is heard of.
    login = models.CharField(max_length=100, db_index=True)  # /streamers/<login>/
    display_name = models.CharField(max_length=100)
    picture_url = models.CharField(max_length=500, blank=True)
    name_as_of = models.DateTimeField()

    live_stream_id = models.CharField(max_length=64, blank=True)
    live_started_at = models.DateTimeField(null=True)
    live_as_of = models.DateTimeField()

    title = models.CharField(max_length=500, blank=True)
    title_as_of = models.DateTimeField()
    title_pushed_at = models.DateTimeField(null=True)
    category_id = models.CharField(max_length=32, blank=True)
    category_name = models.CharField(max_length=200, blank=True)
    category_as_of = models.DateTimeField()
    category_pushed_at = models.DateTimeField(null=True)

    # Counts changes: the part of their dedupe_key that a clock is for other kinds.
    revision = models.PositiveIntegerField(default=0)
    last_activity_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            # The tailer: whose snapshot changed since my last reading.
            models.Index(fields=["changed_at"], name="streamer_changed"),
        ]

    def __str__(self) -> str:
        return self.login

    def get_absolute_url(self) -> str:
        # Upper case leads past /streamers/search/ and /streamers/rows/, which may be logins.
        login = self.login.upper() if self.login in NOT_LOGINS else self.login
        # No login has a slash; whatever a message said, pages must show.
        return reverse("streamer", args=[login.replace("/", "") or "-"])

    @property
    def is_live(self) -> bool:
        """Whether the channel is on the air, as far as we know."""
        return bool(self.live_stream_id)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of(self, user: models.Model) -> Self:
        """The viewer's own."""
        return self.filter(user=user)

    def for_panel(self, user: models.Model) -> Self:
        """The viewer's, live ones first, then by login, with `streamer` loaded (1 query)."""
        live_first = models.Case(models.When(streamer__live_stream_id="", then=1), default=0)
        return (
            self.of(user)
            .select_related("streamer")
            .order_by(live_first, "streamer__login", "streamer_id")
        )


class Subscription(models.Model):
    """A viewer's wish to watch a streamer."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # A streamer's row stays while somebody is subscribed.
    streamer = models.ForeignKey(Streamer, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "streamer"], name="subscription_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.streamer_id}"


class EventSubWantQuerySet(models.QuerySet["EventSubWant"]):
    def current(self, now: datetime) -> Self:
        """Those that still hold."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))

    def without_row(self) -> Self:
        """Those for which we have not even meant to ask Twitch yet."""
        rows = EventSubSubscription.objects.filter(
            type=models.OuterRef("type"), condition_key=models.OuterRef("condition_key")
        )
        return self.filter(~models.Exists(rows))

    def ownerless(self) -> Self:
        """Those left behind by a Subscription that went with its viewer."""
        owners = Subscription.objects.filter(pk=models.OuterRef("owner_id"))
        return self.filter(~models.Exists(owners), owner_kind=EventSubWant.OwnerKind.SUBSCRIPTION)

    def leased(self) -> Self:
        """Those of topics that somebody listens on."""
        return self.filter(owner_kind=EventSubWant.OwnerKind.TOPIC)

    def newest(self, most: int = MOST_COMPARED) -> Self:
        """The last `most`: what has no row yet was written lately (1 query more)."""
        last = EventSubWant.objects.order_by("-pk").values_list("pk", flat=True).first()
        return self.filter(pk__gt=(last or 0) - most)

    def for_overview(self, now: datetime) -> int:
        """How many of the newest 10,000 have no row yet (2 queries)."""
        return self.newest().current(now).without_row().count()

    def viewers_of(self, subject_ids: Collection[str]) -> dict[tuple[str, str], int]:
        """How many want each type and condition that names one of these (1 query)."""
        wants = self.filter(subject_id__in=subject_ids).order_by()
        found = wants.values_list("type", "condition_key").annotate(models.Count("pk"))
        return {(type_, key): count for type_, key, count in found}


class EventSubWant(models.Model):
    """Somebody's need of one type for one condition. Reconciliation knows only this table."""

    class OwnerKind(models.TextChoices):
        SUBSCRIPTION = "subscription", "subscription"
        # A Grant of the accounts: see consenting.py.
        GRANT = "grant", "grant"
        APPLICATION = "application", "application"
        TOPIC = "topic", "topic"  # A lease: its owner is a connection, its `until` near.

    type = models.CharField(max_length=100)
    # Canonical text of the condition (streamwatch.twitch.eventsub.condition_key).
    condition_key = models.CharField(max_length=200)
    condition = models.JSONField()
    # The Twitch id the condition names (the channel's where it names two), or APPLICATION.
    subject_id = models.CharField(max_length=32)
    owner_kind = models.CharField(max_length=20, choices=OwnerKind.choices)
    owner_id = models.BigIntegerField()
    until = models.DateTimeField(null=True)

    objects = EventSubWantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner_kind", "owner_id", "type", "condition_key"], name="want_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    owner_kind__in=["subscription", "grant", "application", "topic"]
                ),
                name="want_owner_kind_known",
            ),
        ]
        indexes = [
            # Reconciling one streamer.
            models.Index(fields=["subject_id"], name="want_subject"),
            # The budget: how many want each; the sweep: rows that nobody wants.
            models.Index(
                fields=["type", "condition_key", "subject_id", "until"], name="want_promise"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.condition_key} for {self.owner_kind} {self.owner_id}"


class BudgetQuerySet(models.QuerySet["Budget"]):
    def note(self, *, total_cost: int, max_total_cost: int) -> None:
        """Keep what Twitch said now (2 queries)."""
        values = {"total_cost": total_cost, "max_total_cost": max_total_cost}
        self.update_or_create(pk=1, defaults={**values, "as_of": timezone.now()})


class Budget(models.Model):
    """What all promises cost at Twitch, and may cost, as it last said; one row."""

    total_cost = models.PositiveIntegerField()
    max_total_cost = models.PositiveIntegerField()
    as_of = models.DateTimeField()

    objects = BudgetQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.total_cost} of {self.max_total_cost}"


# Promised, pending or enabled, or polled: nothing is to be done unless Twitch's list differs.
# Without `due_at` it does differ.
_IS_CALM = (
    models.Q(has_place=True, status__in=(Status.ENABLED, Status.PENDING))
    | models.Q(has_place=False, twitch_id="")
) & models.Q(due_at__isnull=False, replacement_id="", trouble="")


class EventSubSubscriptionQuerySet(models.QuerySet["EventSubSubscription"]):
    def of_streamers(self, twitch_ids: Collection[str]) -> Self:
        """What Twitch promised, or was asked, about these Twitch ids."""
        return self.filter(subject_id__in=twitch_ids)

    def due(self, now: datetime) -> Self:
        """Those that the sweep should look at again, the longest waiting first."""
        is_due = models.Q(due_at__lte=now) | models.Q(due_at=None)
        return self.filter(is_due).order_by("due_at", "pk")

    def urgent(self, now: datetime) -> Self:
        """Those of them about which something is to be done."""
        return self.due(now).exclude(_IS_CALM)

    def never_asked(self, now: datetime) -> Self:
        """Those of them that have a place and that Twitch was never asked for, nor listed."""
        never = {"twitch_id": "", "replacement_id": "", "status": "", "trouble": ""}
        return self.due(now).filter(has_place=True, checked_at=None, failures=0, **never)

    def calm(self, now: datetime) -> Self:
        """Those of them that are only to be compared: Twitch's whole list would tell, too."""
        return self.due(now).filter(_IS_CALM)

    def unwanted(self, now: datetime) -> Self:
        """Those that nobody wants any more, less those whose deletion must wait."""
        wants = EventSubWant.objects.current(now).filter(
            subject_id=models.OuterRef("subject_id"),
            type=models.OuterRef("type"),
            condition_key=models.OuterRef("condition_key"),
        )
        return self.filter(~models.Exists(wants)).exclude(failures__gt=0, due_at__gt=now)

    def moved(self, callback: str) -> Self:
        """Promises to an address or with a secret that is ours no more, not replaced yet.

        Those whose replacement is under way, or failed, wait for their `due_at`.
        """
        moved = self.exclude(callback=callback).exclude(twitch_id="")
        return moved.filter(trouble="", failures=0, replacement_id="")

    def first_unwanted(self, now: datetime, most: int = MOST_DUE_COMPARED) -> list[int]:
        """The primary keys of those that nobody wants, among the `most` that are due first.

        2 queries by index, compared here: the database would read every want for it.
        """
        fields = ("pk", "subject_id", "type", "condition_key")
        first = list(self.order_by("due_at").values_list(*fields)[:most])
        wants = EventSubWant.objects.current(now).filter(
            subject_id__in={subject_id for _, subject_id, _, _ in first}
        )
        wanted = set(wants.values_list("type", "condition_key"))
        return [pk for pk, _, type_, key in first if (type_, key) not in wanted]

    def pending_too_long(self, now: datetime) -> Self:
        """Those for which Twitch has sent no challenge yet, or we have not asked."""
        return self.filter(_pending_too_long(now))

    def held_up(self, now: datetime) -> Self:
        """In trouble or pending for long, and to be tried only later."""
        is_held_up = ~models.Q(trouble="") | models.Q(failures__gt=0) | _pending_too_long(now)
        return self.filter(is_held_up, due_at__gt=now)

    def for_overview(self, now: datetime) -> PromiseNumbers:
        """3 queries, the first once over all rows: some 500,000 at 100,000 streamers.

        Those unwanted are looked for among the 2,000 that are due first: what nobody wants any
        more is due within 10 min.
        """
        is_polled = models.Q(has_place=False)
        counts = self.aggregate(
            total=models.Count("pk"),
            enabled=models.Count("pk", filter=models.Q(status=Status.ENABLED)),
            without_place=models.Count("pk", filter=is_polled),
            in_trouble=models.Count("pk", filter=~models.Q(trouble="")),
            pending=models.Count("pk", filter=_pending_too_long(now)),
        )
        return PromiseNumbers(**counts, unwanted=len(self.first_unwanted(now)))


def _pending_too_long(now: datetime) -> models.Q:
    unanswered = models.Q(status=Status.PENDING) | models.Q(status="", trouble="")
    return unanswered & models.Q(has_place=True, changed_at__lt=now - PENDING_TOO_LONG)


class EventSubSubscription(models.Model):
    """Twitch's promise to send one type for one condition, shared by all who want it.

    The row exists from the moment we mean to ask (`twitch_id` "" until Twitch has answered) to
    the moment Twitch was told that it is not needed any more.
    """

    type = models.CharField(max_length=100)
    condition_key = models.CharField(max_length=200)
    subject_id = models.CharField(max_length=32)
    twitch_id = models.CharField(max_length=64, blank=True)
    # The promise that takes its place once enabled, after a change of address or secret.
    replacement_id = models.CharField(max_length=64, blank=True)
    # Whether it has a place in Twitch's budget; what has none is polled.
    has_place = models.BooleanField(default=True)
    # Twitch's word, "" until Twitch has answered.
    status = models.CharField(max_length=64, blank=True)
    # Why it is in trouble, a sentence for people; "" when it is not.
    trouble = models.CharField(max_length=300, blank=True)
    # It names the fingerprint of the secret (promises.callback()).
    callback = models.CharField(max_length=500, blank=True)
    cost = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    # When Twitch's list was last read about it, and when the sweep should do so again.
    checked_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()

    objects = EventSubSubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["type", "condition_key"], name="promise_once"),
        ]
        indexes = [
            # Reconciling one streamer, and the panel's states.
            models.Index(fields=["subject_id"], name="promise_subject"),
            # A message of Twitch names it.
            models.Index(fields=["twitch_id"], name="promise_twitch_id"),
            # The sweep: what is due.
            models.Index(fields=["due_at"], name="promise_due"),
            # The tailer: whose state changed since my last reading.
            models.Index(fields=["changed_at"], name="promise_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.condition_key}: {self.status or 'not asked yet'}"

    @property
    def is_enabled(self) -> bool:
        """Whether Twitch's own list says that messages are sent."""
        return self.status == Status.ENABLED


class ListReadingQuerySet(models.QuerySet["ListReading"]):
    def now(self) -> ListReading:
        """The one row (1 query, 2 to 4 at the very first time)."""
        return self.get_or_create(pk=1, defaults={"due_at": timezone.now()})[0]


class ListReading(models.Model):
    """Where the reading of Twitch's whole list of promises stands; one row.

    It outlasts restarts: a reading goes on at its cursor. Only whoever has the lease
    `subscriptions.list` moves it.
    """

    # Twitch's, of the next page; "" is the first one.
    cursor = models.CharField(max_length=1000, blank=True)
    pages = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    # Null while it is under way.
    ended_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)

    objects = ListReadingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pages} pages since {self.began_at}"

    @property
    def is_under_way(self) -> bool:
        """Whether it has begun and is not over."""
        return self.began_at is not None and self.ended_at is None
