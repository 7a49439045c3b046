"""The operator's overview, beside the admin's own pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from webhooks import views

urlpatterns = [
    path("", admin.site.admin_view(views.overview), name="overview"),
    path("reconcile/", admin.site.admin_view(views.reconcile_now), name="overview_reconcile"),
    path("repair/", admin.site.admin_view(views.repair_now), name="overview_repair"),
]
