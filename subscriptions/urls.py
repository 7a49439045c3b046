"""Addresses of search, verification and the panel."""

from __future__ import annotations

from django.urls import path

from subscriptions import views

urlpatterns = [
    path("streamers/search/", views.search, name="search"),
    path("streamers/rows/", views.subscription_rows, name="subscription_rows"),
    path("streamers/<str:login>/verify/", views.verify, name="verify"),
    path("streamers/<int:pk>/unsubscribe/", views.unsubscribe, name="unsubscribe"),
]
