"""What operators may look at of activities: nothing here is changed by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from activity.models import (
    Absence,
    Activity,
    Broadcast,
    Follow,
    FollowedCursor,
    FollowerCount,
    Ring,
    Segment,
)


class LookOnly:
    """Read-only: record() is the only writer."""

    # Counting a large table takes longer than the page.
    show_full_result_count = False

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Activity)
class ActivityAdmin(LookOnly, admin.ModelAdmin[Activity]):
    list_display = ("id", "streamer", "kind", "occurred_at", "source", "late", "announced_at")
    list_filter = ("kind", "source", "late")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=dedupe_key")
    ordering = ("-id",)


@admin.register(Follow)
class FollowAdmin(LookOnly, admin.ModelAdmin[Follow]):
    """Who is behind "and 240 more"."""

    list_display = ("id", "streamer", "kind", "actor_twitch_id", "followed_at", "activity_id")
    list_filter = ("kind",)
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=actor_twitch_id")
    ordering = ("-id",)


@admin.register(Broadcast)
class BroadcastAdmin(LookOnly, admin.ModelAdmin[Broadcast]):
    list_display = ("id", "streamer", "began_at", "ended_at", "is_over")
    list_filter = ("is_over",)
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)


@admin.register(Segment)
class SegmentAdmin(LookOnly, admin.ModelAdmin[Segment]):
    list_display = ("id", "streamer", "stream_id", "began_at", "ended_at", "broadcast_id")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=stream_id")
    ordering = ("-id",)


@admin.register(Ring)
class RingAdmin(LookOnly, admin.ModelAdmin[Ring]):
    """How far polling has come, and how long a round really takes."""

    list_display = ("name", "cursor", "round_began_at", "round_seconds", "period_seconds", "due_at")
    ordering = ("name",)


@admin.register(Absence)
class AbsenceAdmin(LookOnly, admin.ModelAdmin[Absence]):
    """Streams of which one more round decides whether they have ended."""

    list_display = ("streamer", "stream_id", "noticed_at")
    list_select_related = ("streamer",)
    ordering = ("-id",)


@admin.register(FollowerCount)
class FollowerCountAdmin(LookOnly, admin.ModelAdmin[FollowerCount]):
    list_display = ("streamer", "total", "as_of", "base_total", "base_at")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)


@admin.register(FollowedCursor)
class FollowedCursorAdmin(LookOnly, admin.ModelAdmin[FollowedCursor]):
    list_display = ("streamer", "from_at", "newest_at")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)
