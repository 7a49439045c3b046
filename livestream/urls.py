"""The pages of watching; `/pubsub` is answered in asgi.py before Django."""

from __future__ import annotations

from django.urls import path

from livestream import allow_views

urlpatterns = [
    path("allow/", allow_views.allow, name="allow"),
]
