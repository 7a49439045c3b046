"""Addresses of the home page and of the streamers' pages."""

from __future__ import annotations

from django.urls import path

from activity import views

urlpatterns = [
    path("home/", views.home, name="home"),
    path("activity/rows/", views.activity_rows, name="activity_rows"),
    # After subscriptions' addresses: see Streamer.get_absolute_url().
    path("streamers/<str:login>/", views.streamer, name="streamer"),
]
