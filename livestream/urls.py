"""The pages of watching; `/pubsub` is answered in asgi.py before Django."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
