"""The pages of watching; `/pubsub` is answered in asgi.py before Django."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from livestream import views
from livestream.addresses import LoginConverter

register_converter(LoginConverter, "login")

# Each first word here is in addresses.NOT_LOGINS, and stands before the logins.
urlpatterns: list[URLPattern] = [
    path("", views.watch, name="livestream"),
    path("facts/", views.facts, name="livestream_facts"),
    path("biggest/", views.biggest_streams, name="livestream_biggest"),
    path("recent/<str:word>/<login:login>/", views.recent_part, name="livestream_recent"),
    path("<login:login>/", views.watch, name="watch"),
]
