"""What the operator sees of Twitch's messages; nothing can be changed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from webhooks.models import InboxMessage

SHOWN_BYTES = 64 * 1024


@admin.register(InboxMessage)
class InboxMessageAdmin(admin.ModelAdmin[InboxMessage]):
    list_display = ("pk", "type", "message_id", "received_at", "processed_at", "problem")
    list_filter = ("is_private", ("processed_at", admin.EmptyFieldListFilter))
    search_fields = ("=message_id",)
    ordering = ("-pk",)
    # Counting a big table takes longer than the page.
    show_full_result_count = False
    fields = (
        *("message_id", "type", "sent_at", "received_at", "processed_at", "attempts", "problem"),
        *("claim", "claimed_at", "is_private", "blank_at", "raw_body"),
    )
    readonly_fields = fields

    @admin.display(description="body")
    def raw_body(self, message: InboxMessage) -> str:
        """As it came, never that of a private type."""
        if message.is_private:
            return "Private: it may hold somebody's words or address."
        return bytes(message.body)[:SHOWN_BYTES].decode(errors="replace")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, _request: HttpRequest, _message: InboxMessage | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, _request: HttpRequest, _message: InboxMessage | None = None
    ) -> bool:
        return False
