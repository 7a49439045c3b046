"""The servers that bench_webhooks.py compares: ASGI applications for uvicorn.

`product` is StreamWatch's own; `ceiling` answers 204 to anything; `plain_django` is the view one
would write first: Django's stack, one INSERT and one commit a message.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from starlette.types import Receive, Scope, Send

from streamwatch.twitch.payloads import parse_message, parse_time
from streamwatch.twitch.signatures import is_signed
from webhooks.models import InboxMessage
from webhooks.receiving import application

NO_CONTENT = {"type": "http.response.start", "status": 204, "headers": []}


async def product(scope: Scope, receive: Receive, send: Send) -> None:
    """The webhook application, with its threads started and stopped."""
    if scope["type"] != "lifespan":
        await application(scope, receive, send)
        return
    await receive()
    application.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    application.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def ceiling(scope: Scope, receive: Receive, send: Send) -> None:
    """204 to whatever comes."""
    await receive()
    await send(NO_CONTENT)
    await send({"type": "http.response.body", "body": b""})


async def plain_django(scope: Scope, receive: Receive, send: Send) -> None:
    """Django with one view; the settings' middleware, as any page has it."""
    settings.ROOT_URLCONF = __name__
    await _django(scope, receive, send)


@csrf_exempt
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Check the signature, insert one row, answer."""
    headers: dict[str, Any] = {
        name: request.headers[f"Twitch-Eventsub-Message-{name}"].encode()
        for name in ("Id", "Timestamp", "Signature")
    }
    if not is_signed(
        [secret.encode() for secret in settings.TWITCH_EVENTSUB_SECRETS],
        message_id=headers["Id"],
        timestamp=headers["Timestamp"],
        body=request.body,
        signature=headers["Signature"],
    ):
        return HttpResponse(status=403)
    InboxMessage.objects.get_or_create(
        message_id=headers["Id"].decode(),
        defaults={
            "type": parse_message(request.body).promise.type,
            "sent_at": parse_time(headers["Timestamp"].decode()),
            "received_at": timezone.now(),
            "body": request.body,
        },
    )
    return HttpResponse(status=204)


urlpatterns = [path("webhooks/twitch/", keep)]
