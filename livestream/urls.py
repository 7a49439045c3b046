"""The pages of watching; `/pubsub` is answered in asgi.py before Django."""

from __future__ import annotations

from django.urls import path

from livestream import allow_views, topic_views

urlpatterns = [
    path("allow/", allow_views.allow, name="allow"),
    path("topics/", topic_views.topics, name="topics"),
    path("topics/catalogue/", topic_views.catalogue, name="topics_catalogue"),
    path("topics/check/", topic_views.check, name="topics_check"),
    path("eventsub/", topic_views.listen, name="eventsub"),
    path("eventsub/remove/", topic_views.remove, name="eventsub_remove"),
]
