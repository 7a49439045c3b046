"""All addresses; the live ones are answered in asgi.py before Django."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from streamwatch import health, views

handler400 = "streamwatch.views.bad_request"
handler500 = "streamwatch.views.server_error"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("", include("accounts.urls")),
    path("", include("subscriptions.urls")),
    path("", include("activity.urls")),
    path("livestream/", include("livestream.urls")),
    path("settings/tokens/", include("livestream.token_urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/overview/", include("webhooks.urls")),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
]
