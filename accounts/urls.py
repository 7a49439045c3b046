"""Addresses of the settings and of consent."""

from __future__ import annotations

from django.urls import path

from accounts import views

urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/consent/", views.withdrawal, name="withdrawal"),
    path("consent/", views.consent, name="consent"),
    path("consent/denied/", views.consent_denied, name="consent_denied"),
    path("consent/thanks/", views.consent_thanks, name="consent_thanks"),
]
