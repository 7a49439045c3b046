"""What the operator sees of the shared rows."""

from __future__ import annotations

from django.contrib import admin

from streamwatch.models import Lease, Origin


@admin.register(Lease)
class LeaseAdmin(admin.ModelAdmin[Lease]):
    list_display = ("name", "until")


@admin.register(Origin)
class OriginAdmin(admin.ModelAdmin[Origin]):
    list_display = ("twitch_api_url",)
