"""Addresses of the home page."""

from __future__ import annotations

from django.urls import path

from activity import views

urlpatterns = [
    path("home/", views.home, name="home"),
    path("activity/rows/", views.activity_rows, name="activity_rows"),
]
