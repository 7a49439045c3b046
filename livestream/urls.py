"""The pages of watching; `/pubsub` is answered in asgi.py before Django."""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from livestream import allow_views, topic_views, views
from livestream.addresses import LoginConverter

register_converter(LoginConverter, "login")

# Each first word here is in addresses.NOT_LOGINS, and stands before the logins.
urlpatterns: list[URLPattern] = [
    path("", views.watch, name="livestream"),
    path("facts/", views.facts, name="livestream_facts"),
    path("biggest/", views.biggest_streams, name="livestream_biggest"),
    path("recent/<str:word>/<login:login>/", views.recent_part, name="livestream_recent"),
    path("allow/", allow_views.allow, name="allow"),
    path("topics/", topic_views.topics, name="topics"),
    path("topics/catalogue/", topic_views.catalogue, name="topics_catalogue"),
    path("topics/viewer/", topic_views.viewer, name="topics_viewer"),
    path("topics/check/", topic_views.check, name="topics_check"),
    path("eventsub/", topic_views.listen, name="eventsub"),
    path("eventsub/remove/", topic_views.remove, name="eventsub_remove"),
    path("<login:login>/", views.watch, name="watch"),
]
