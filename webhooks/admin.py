"""What the operator sees of Twitch's messages, and of the promises they come by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from activity.templatetags.activity_words import MINUTE, ago, iso, lasted
from streamwatch.admin import ReadOnlyAdmin
from streamwatch.twitch.eventsub import is_private
from subscriptions.admin import EventSubSubscriptionAdmin, TypeFilter
from subscriptions.models import EventSubSubscription
from webhooks.hearing import Heard, last_messages
from webhooks.models import InboxMessage
from webhooks.reworking import process_again

SHOWN_BYTES = 64 * 1024
# Of a list without a search: no index knows types and problems of a week's messages.
MOST_LOOKED_AT = 50_000
PRIVATE_WORDS = "Private: the body may hold somebody's words or address."


class ProcessingFilter(admin.SimpleListFilter):
    """How far the work at a message is; what is unprocessed is found by an index."""

    title = "processing"
    parameter_name = "processing"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("unprocessed", "unprocessed"),
            ("problem", "unprocessed, with a problem"),
            ("given_up", "given up"),
            ("processed", "processed"),
        ]

    def queryset(self, _request: HttpRequest, queryset: Any) -> QuerySet[Any]:
        match self.value():
            case "unprocessed":
                return queryset.filter(processed_at=None)  # type: ignore[no-any-return]
            case "problem":
                unprocessed = queryset.filter(processed_at=None)
                return unprocessed.exclude(problem="")  # type: ignore[no-any-return]
            case "given_up":
                return queryset.given_up()  # type: ignore[no-any-return]
            case "processed":
                return queryset.exclude(processed_at=None).filter(problem="")  # type: ignore[no-any-return]
        return queryset  # type: ignore[no-any-return]


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    """The inbox. Lists read no bodies; of private messages no body is read at all."""

    list_display = ("type", "received", "processed", "attempts", "problem", "is_private")
    list_filter = (ProcessingFilter, TypeFilter, "is_private")
    search_fields = ("=message_id",)
    search_help_text = (
        f"Twitch's whole message id. Without it, lists begin with the last {MOST_LOOKED_AT:,}"
        " messages; those of unprocessed ones are whole."
    )
    ordering = ("-pk",)
    actions = ("process_again",)
    fields = (
        *("type", "message_id", "sent_at", "received_at", "processed_at", "attempts", "problem"),
        *("claim", "claimed_at", "is_private", "blank_at", "raw_message"),
    )
    readonly_fields = ("raw_message",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Without words: the newest, unless an index leads to what is filtered."""
        is_indexed = request.GET.get("processing") in ("unprocessed", "problem")
        if not search_term and not is_indexed:
            queryset = queryset.newest(MOST_LOOKED_AT)
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="received (UTC)", ordering="pk")
    def received(self, message: InboxMessage) -> str:
        return _moment(message.received_at)

    @admin.display(description="processed (UTC)", empty_value="-")
    def processed(self, message: InboxMessage) -> str:
        return _moment(message.processed_at) if message.processed_at else ""

    @admin.display(description="raw message")
    def raw_message(self, message: InboxMessage) -> str:
        """The signed headers and the body as it came; of private types the headers alone."""
        lines = [
            f"Twitch-Eventsub-Message-Id: {message.message_id}",
            f"Twitch-Eventsub-Message-Timestamp: {iso(message.sent_at)}",
            f"Twitch-Eventsub-Subscription-Type: {message.type}",
            "",
            PRIVATE_WORDS
            if message.is_private or is_private(message.type)
            else bytes(message.body)[:SHOWN_BYTES].decode(errors="replace"),
        ]
        return format_html('<pre class="raw-message" tabindex="0">{}</pre>', "\n".join(lines))

    @admin.action(description="Process again", permissions=["view"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[InboxMessage]) -> None:
        pks = list(queryset.values_list("pk", flat=True)[:MOST_LOOKED_AT])
        done = process_again(pks=pks)
        left = len(pks) - done.taken_up - done.blanked
        if done.taken_up:
            messages.success(request, f"Processed again within seconds: {done.taken_up}.")
        if done.blanked:
            messages.warning(
                request,
                f"Cannot be processed again: {done.blanked}. Private bodies are blanked"
                " 5 minutes after processing.",
            )
        if left:
            messages.info(request, f"Unprocessed anyway, and left as they are: {left}.")


# Its base shows what subscriptions/ knows; when a message came, only the inbox does.
@admin.register(EventSubSubscription)
class HeardPromiseAdmin(EventSubSubscriptionAdmin):
    """Twitch's promises, with when the last message for each came."""

    list_display = ["streamer", "type", "state", "viewers", "cost", "last_message", "trouble"]
    fields = ["last_message", *EventSubSubscriptionAdmin.fields]
    readonly_fields = ["last_message", *EventSubSubscriptionAdmin.readonly_fields]

    def describe(self, rows: Sequence[EventSubSubscription]) -> None:
        """As the base does, with the last messages (2 queries more)."""
        super().describe(rows)
        heard = last_messages()
        for row in rows:
            vars(row)["last_message"] = _last_message(row, heard)

    @admin.display(description="last message")
    def last_message(self, row: Any) -> str:
        return str(vars(row)["last_message"])


def _moment(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %H:%M:%S}"


def _last_message(row: EventSubSubscription, heard: Heard) -> str:
    if is_private(row.type):
        return "private"
    if moment := heard.last.get(row.twitch_id):
        return ago(moment)
    if heard.since is None:
        return "none yet"
    seconds = (timezone.now() - heard.since).total_seconds()
    return f"none for {lasted(int(seconds)) if seconds >= MINUTE else 'less than a minute'}"
