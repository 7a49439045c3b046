"""Everything over ASGI: the live paths before Django, and Django for the rest.

Live paths are no Django views: its request stack costs 1 ms a message, and an open stream would
hold a thread for as long as it lives.
"""

from __future__ import annotations

import asyncio
import os
from typing import cast

from django.core.asgi import get_asgi_application
from starlette.types import ASGIApp, Receive, Scope, Send

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")
# Django's own types of ASGI are narrower than Starlette's.
pages = cast("ASGIApp", get_asgi_application())

from activity import stream  # noqa: E402 -- apps can be imported only now
from livestream import gateway  # noqa: E402
from streamwatch.checks import refuse_wrong_database  # noqa: E402
from streamwatch.live import tailer  # noqa: E402
from streamwatch.stopping import before_stopping  # noqa: E402
from webhooks import receiving  # noqa: E402

refuse_wrong_database()
WEBHOOK_PATHS = ("/webhooks/twitch/", "/webhooks/twitch")
PUBSUB_PATHS = (gateway.PATH, f"{gateway.PATH}/")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Choose by path."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket" and scope["path"] in PUBSUB_PATHS:
        await gateway.application(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    elif scope["path"] in WEBHOOK_PATHS:
        await receiving.application(scope, receive, send)
    elif scope["path"] == stream.PATH:
        await stream.application(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Start what lives as long as the process, and stop it when the server stops."""
    await receive()
    receiving.application.start()
    tailer.start()
    before_stopping(gateway.gateway.farewell)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await gateway.gateway.stop()
    await tailer.stop()
    # Writes what has come and waits for it: not in the loop, which has answers to send.
    await asyncio.to_thread(receiving.application.stop)
    await send({"type": "lifespan.shutdown.complete"})
