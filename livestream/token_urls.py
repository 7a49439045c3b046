"""Addresses of the access tokens, below the settings."""

from __future__ import annotations

from django.urls import path

from livestream import token_views

urlpatterns = [
    path("", token_views.tokens, name="tokens"),
    path("<int:pk>/revoke/", token_views.revoke, name="revoke_token"),
]
