"""What the operator sees of topics; never a body, never a token."""

from __future__ import annotations

from django.contrib import admin

from livestream.models import AccessToken, TopicMessage
from streamwatch.admin import ReadOnlyAdmin


@admin.register(TopicMessage)
class TopicMessageAdmin(ReadOnlyAdmin):
    list_display = ("type", "message_id", "sent_at", "changed_at")
    fields = ("type", "message_id", "condition_key", "sent_at", "changed_at")
    ordering = ("-pk",)


@admin.register(AccessToken)
class AccessTokenAdmin(ReadOnlyAdmin):
    list_display = ("user", "name", "prefix", "used_at", "expires_at", "revoked_at")
    fields = ("user", "name", "prefix", "created_at", "used_at", "expires_at", "revoked_at")
    ordering = ("-pk",)
    list_select_related = ("user",)
