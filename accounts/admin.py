"""What an operator sees of viewers; never a token. Rights follow OPERATOR_TWITCH_LOGINS."""

from __future__ import annotations

from typing import Any

# Imported for what they register, which is taken back below.
import allauth.account.admin
import allauth.socialaccount.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import AppToken, Grant, Moderation, OperatorBinding, User
from accounts.scopes import in_words
from streamwatch.admin import BriefPaginator, ReadOnlyAdmin

# Always empty here: no row of them is written, and groups give no rights that anything asks.
for model in (EmailAddress, SocialAccount, SocialApp, SocialToken, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """Viewers come by logging in; an operator may switch one off, or delete one with all data."""

    list_display = ("display_name", "login", "twitch_id", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("login", "display_name", "twitch_id")
    ordering = ("-pk",)
    fields = (
        *("twitch_id", "login", "display_name", "email", "picture_url", "time_zone"),
        *("is_active", "is_staff", "session_epoch", "joined_at", "last_login"),
    )
    readonly_fields = tuple(name for name in fields if name != "is_active")

    show_full_result_count = False
    paginator = BriefPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """All that is a viewer's goes with the viewer, though none of it is deleted alone."""
        objects, counts, _, protected = super().get_deleted_objects(objs, request)
        return objects, counts, set(), protected


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    """Consents, and how they ended; never a token."""

    list_display = (*("user", "state", "how_it_ended", "allowed", "granted_at", "validated_at"),)
    list_filter = ("state", "ending")
    list_select_related = ("user",)
    search_fields = ("user__login", "=user__twitch_id")
    ordering = ("-pk",)
    fields = (
        *("user", "state", "how_it_ended", "allowed", "scopes", "granted_at", "expires_at"),
        *("validated_at", "due_at", "refresh_until", "refresh_doubts", "updated_at"),
    )
    readonly_fields = ("how_it_ended", "allowed")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the tokens: they are not shown, and their key may be gone."""
        return super().get_queryset(request).defer("access_token", "refresh_token")

    @admin.display(description="ending", ordering="ending", empty_value="-")
    def how_it_ended(self, grant: Grant) -> str:
        return grant.get_ending_display() if grant.ending else ""

    @admin.display(description="StreamWatch may")
    def allowed(self, grant: Grant) -> str:
        """The scopes, as the viewer was told."""
        return "; ".join(in_words(grant.scopes)) or "nothing more than know who it is"


@admin.register(Moderation)
class ModerationAdmin(ReadOnlyAdmin):
    list_display = ("user", "channel_id", "named_at")
    list_select_related = ("user",)
    search_fields = ("user__login", "=channel_id")
    ordering = ("-pk",)


@admin.register(OperatorBinding)
class OperatorBindingAdmin(ReadOnlyAdmin):
    list_display = ("login", "twitch_id", "source", "bound_at")
    search_fields = ("login", "twitch_id")
    ordering = ("login",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A login that was bound to the wrong account can be let go."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(AppToken)
class AppTokenAdmin(ReadOnlyAdmin):
    list_display = ("client_id", "expires_at", "renewed_at")
    ordering = ("client_id",)
    fields = ("client_id", "expires_at", "renewed_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the token: it is not shown, and its key may be gone."""
        return super().get_queryset(request).defer("token")
