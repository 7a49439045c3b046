"""What all apps' admin pages share, and what the operator sees of the shared rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from streamwatch.models import Lease, Origin

# Wide lists need the room; the index is one click away.
admin.site.enable_nav_sidebar = False
# A hundred pages: who looks for an older row searches or filters.
MOST_LISTED = 10_000


class BriefPaginator(Paginator[Any]):
    """Counts 10,000 rows at most: counting a large table takes longer than the page."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows[:MOST_LISTED].count()


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Rows that StreamWatch alone writes; changed by hand they would disagree with Twitch."""

    show_full_result_count = False
    # Each filter's counts would be a query more.
    show_facets = admin.ShowFacets.NEVER
    paginator = BriefPaginator
    # Of the list; "" is the model's own words.
    heading = ""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Headed by what it lists, not by "Select one to view"."""
        title = self.heading or capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ("name", "until")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(Origin)
class OriginAdmin(ReadOnlyAdmin):
    list_display = ("twitch_api_url",)
