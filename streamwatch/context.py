"""What every template may ask for."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def twitch(_request: HttpRequest) -> dict[str, object]:
    """`is_simulator`; `simulator_url`, its control page; `event_socket_url`, EventSub's own."""
    parts = urlsplit(settings.TWITCH_API_URL)
    return {
        "is_simulator": not settings.IS_REAL_TWITCH,
        "simulator_url": f"{parts.scheme}://{parts.netloc}/",
        "event_socket_url": settings.TWITCH_EVENTSUB_WS_URL,
    }
