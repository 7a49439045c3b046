"""What operators may look at of activities: nothing here is changed by hand."""

from __future__ import annotations

from django.contrib import admin

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
from streamwatch.admin import ReadOnlyAdmin


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    list_display = ("id", "streamer", "kind", "occurred_at", "source", "late", "announced_at")
    list_filter = ("kind", "source", "late")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=dedupe_key")
    ordering = ("-id",)


@admin.register(Follow)
class FollowAdmin(ReadOnlyAdmin):
    """Who is behind "and 240 more"."""

    list_display = ("id", "streamer", "kind", "actor_twitch_id", "followed_at", "activity_id")
    list_filter = ("kind",)
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=actor_twitch_id")
    ordering = ("-id",)


@admin.register(Broadcast)
class BroadcastAdmin(ReadOnlyAdmin):
    list_display = ("id", "streamer", "began_at", "ended_at", "is_over")
    list_filter = ("is_over",)
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)


@admin.register(Segment)
class SegmentAdmin(ReadOnlyAdmin):
    list_display = ("id", "streamer", "stream_id", "began_at", "ended_at", "broadcast_id")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id", "=stream_id")
    ordering = ("-id",)


@admin.register(Ring)
class RingAdmin(ReadOnlyAdmin):
    """How far polling has come, and how long a round really takes."""

    list_display = ("name", "cursor", "round_began_at", "round_seconds", "period_seconds", "due_at")
    ordering = ("name",)


@admin.register(Absence)
class AbsenceAdmin(ReadOnlyAdmin):
    """Streams of which one more round decides whether they have ended."""

    list_display = ("streamer", "stream_id", "noticed_at")
    list_select_related = ("streamer",)
    ordering = ("-id",)


@admin.register(FollowerCount)
class FollowerCountAdmin(ReadOnlyAdmin):
    list_display = ("streamer", "total", "as_of", "base_total", "base_at")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)


@admin.register(FollowedCursor)
class FollowedCursorAdmin(ReadOnlyAdmin):
    list_display = ("streamer", "from_at", "newest_at")
    list_select_related = ("streamer",)
    search_fields = ("=streamer__login", "=streamer__twitch_id")
    ordering = ("-id",)
