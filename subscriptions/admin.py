"""What operators may look at; all of it is written by the apps alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from streamwatch.admin import ReadOnlyAdmin
from streamwatch.twitch.eventsub import VERSIONS, Status
from subscriptions import reconciling
from subscriptions.models import (
    Budget,
    EventSubSubscription,
    EventSubWant,
    ListReading,
    Streamer,
    Subscription,
)


class TypeFilter(admin.SimpleListFilter):
    """By type; reading which types there are would read every row."""

    title = "type"
    parameter_name = "type"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [(str(name), str(name)) for name in sorted(VERSIONS)]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class StateFilter(admin.SimpleListFilter):
    """How a promise stands."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("enabled", "enabled"),
            ("trouble", "in trouble"),
            ("pending", "pending for long"),
            ("polled", "no place, polled"),
            ("unwanted", "unwanted"),
            ("due", "due now"),
        ]

    def queryset(self, _request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        now = timezone.now()
        match self.value():
            case "enabled":
                return queryset.filter(status=Status.ENABLED)  # type: ignore[no-any-return]
            case "trouble":
                return queryset.exclude(trouble="")  # type: ignore[no-any-return]
            case "pending":
                return queryset.pending_too_long(now)  # type: ignore[no-any-return]
            case "polled":
                return queryset.filter(has_place=False)  # type: ignore[no-any-return]
            case "unwanted":
                return queryset.filter(pk__in=queryset.first_unwanted(now))  # type: ignore[no-any-return]
            case "due":
                return queryset.due(now)  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


@admin.register(Streamer)
class StreamerAdmin(ReadOnlyAdmin):
    list_display = ("login", "display_name", "twitch_id", "is_live", "last_activity_at")
    search_fields = ("login", "=twitch_id")
    ordering = ("-pk",)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("user", "streamer", "created_at")
    list_select_related = ("user", "streamer")
    search_fields = ("user__login", "streamer__login")
    ordering = ("-pk",)


@admin.register(EventSubWant)
class EventSubWantAdmin(ReadOnlyAdmin):
    heading = "EventSub wants"
    list_display = ("type", "condition_key", "owner_kind", "owner_id", "until")
    list_filter = (TypeFilter, "owner_kind")
    search_fields = ("=subject_id",)
    ordering = ("-pk",)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("total_cost", "max_total_cost", "as_of")


@admin.register(ListReading)
class ListReadingAdmin(ReadOnlyAdmin):
    list_display = ("pages", "began_at", "ended_at", "due_at", "failures")


class EventSubSubscriptionAdmin(ReadOnlyAdmin):
    """Twitch's promises. Registered by webhooks.admin, which adds when each was last heard of."""

    heading = "EventSub subscriptions"
    list_display = ["streamer", "type", "state", "viewers", "cost", "trouble"]
    list_filter = (StateFilter, TypeFilter)
    search_fields = ("=subject_id", "=twitch_id")
    search_help_text = "The streamer's login or Twitch id, or Twitch's id of the subscription"
    ordering = ("-pk",)
    actions = ("reconcile_now",)
    fields = [
        *("type", "condition_key", "streamer", "viewers", "twitch_id", "replacement_id"),
        *("status", "trouble", "failures", "has_place", "cost", "callback"),
        *("created_at", "changed_at", "checked_at", "due_at"),
    ]
    readonly_fields = ["streamer", "viewers"]
    list_display_links = ["streamer"]

    def describe(self, rows: Sequence[EventSubSubscription]) -> None:
        """Give the rows of a page what other tables know of them (2 queries)."""
        subject_ids = {row.subject_id for row in rows}
        viewers = EventSubWant.objects.viewers_of(subject_ids)
        named = Streamer.objects.filter(twitch_id__in=subject_ids)
        logins = dict(named.values_list("twitch_id", "login"))
        for row in rows:
            vars(row)["viewers"] = viewers.get((row.type, row.condition_key), 0)
            vars(row)["login"] = logins.get(row.subject_id, row.subject_id)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        self.describe(changelist.result_list)
        return changelist

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        row = super().get_object(*args, **kwargs)
        if row is not None:
            self.describe([row])
        return row

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A login stands for its Twitch ids, for the rows know only those."""
        login = search_term.strip().lower()
        subject_ids = list(
            Streamer.objects.filter(login=login).values_list("twitch_id", flat=True)[:10]
            if login
            else ()
        )
        if subject_ids:
            return queryset.filter(subject_id__in=subject_ids), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="streamer")
    def streamer(self, row: Any) -> str:
        return str(row.login)

    @admin.display(description="status", ordering="status")
    def state(self, row: EventSubSubscription) -> str:
        """Twitch's word, or ours where Twitch has none."""
        if not row.has_place:
            return "no place: polled"
        return row.status.replace("_", " ") or "not asked yet"

    @admin.display(description="viewers")
    def viewers(self, row: Any) -> int:
        return int(vars(row)["viewers"])

    @admin.action(description="Reconcile now", permissions=["view"])
    def reconcile_now(self, request: HttpRequest, queryset: QuerySet[EventSubSubscription]) -> None:
        """Of at most MOST_AT_ONCE streamers; what is more, the sweep compares within minutes."""
        subject_ids = queryset.order_by().values_list("subject_id", flat=True).distinct()
        most = reconciling.MOST_AT_ONCE
        count = reconciling.reconcile_soon(subject_ids=list(subject_ids[:most]))
        are = "1 streamer is" if count == 1 else f"{count} streamers are"
        rest = f" More than {most} at once are left to the sweep." if count == most else ""
        messages.success(request, f"{are} being reconciled with Twitch.{rest}")
