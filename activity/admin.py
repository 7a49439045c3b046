"""Activities and the rings of polling for operators: to look at, not to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from activity.models import Absence, Activity, Ring


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows to look at."""

    # Counting a large table takes longer than the page.
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Activity)
class ActivityAdmin(ReadOnly):
    """Read-only: record() is the only writer."""

    list_display = ("id", "streamer", "kind", "occurred_at", "source", "late", "announced_at")
    list_filter = ("kind", "source", "late")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=dedupe_key")
    ordering = ("-id",)


@admin.register(Ring)
class RingAdmin(ReadOnly):
    """How far polling has come, and how long a round really takes."""

    list_display = ("name", "cursor", "round_began_at", "round_seconds", "period_seconds", "due_at")
    ordering = ("name",)


@admin.register(Absence)
class AbsenceAdmin(ReadOnly):
    """Streams of which one more round decides whether they have ended."""

    list_display = ("streamer", "stream_id", "noticed_at")
    list_select_related = ("streamer",)
    ordering = ("-id",)
