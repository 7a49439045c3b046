"""What operators may look at; all of it is written by the apps alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from subscriptions.models import (
    Budget,
    EventSubSubscription,
    EventSubWant,
    ListReading,
    Streamer,
    Subscription,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Lists and shows. A row changed by hand would disagree with Twitch, or with its wants."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Streamer)
class StreamerAdmin(ReadOnlyAdmin):
    list_display = ("login", "display_name", "twitch_id", "is_live", "last_activity_at")
    search_fields = ("login", "=twitch_id")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("user", "streamer", "created_at")
    list_select_related = ("user", "streamer")
    search_fields = ("user__login", "streamer__login")


@admin.register(EventSubWant)
class EventSubWantAdmin(ReadOnlyAdmin):
    list_display = ("type", "condition_key", "owner_kind", "owner_id", "until")
    list_filter = ("type", "owner_kind")
    search_fields = ("=subject_id",)


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    list_display = ("total_cost", "max_total_cost", "as_of")


@admin.register(ListReading)
class ListReadingAdmin(ReadOnlyAdmin):
    list_display = ("pages", "began_at", "ended_at", "due_at", "failures")


@admin.register(EventSubSubscription)
class EventSubSubscriptionAdmin(ReadOnlyAdmin):
    list_display = (
        "type",
        "condition_key",
        "status",
        "trouble",
        "has_place",
        "cost",
        "checked_at",
        "due_at",
    )
    list_filter = ("type", "status", "has_place")
    search_fields = ("=subject_id", "=twitch_id")
