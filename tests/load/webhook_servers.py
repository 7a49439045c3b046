"""The servers that bench_webhooks.py compares with StreamWatch's own; each in a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from starlette.types import ASGIApp


async def ceiling(scope: Scope, receive: Receive, send: Send) -> None:
    """204 to whatever comes: what the server itself costs."""
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def taking_in() -> ASGIApp:
    """StreamWatch's webhook application, which then does nothing with what it has committed."""
    django.setup()
    from webhooks.receiving import WebhookApp

    app = WebhookApp()
    app._inbox._on_commit = lambda claim: None

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await app(scope, receive, send)
            return
        await receive()
        app.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        app.stop()
        await send({"type": "lifespan.shutdown.complete"})

    return application


def plain_django() -> WSGIHandler:
    """Django with the settings' middleware and one view, over WSGI."""
    django.setup(set_prefix=False)
    settings.ROOT_URLCONF = "tests.load.webhook_view"
    return WSGIHandler()
