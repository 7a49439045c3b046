"""What nginx is in production: one address, live paths to the live role, the rest to web."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

LIVE_PATHS = ("/webhooks/", "/activity/stream/")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
# Keeps no cookies: it would send one person's on for another who has none.
NO_COOKIES = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
client = httpx.AsyncClient(timeout=httpx.Timeout(30, read=None), cookies=NO_COOKIES)


async def forward(request: Request) -> Response:
    """Send on as it came, and the answer back as it comes."""
    is_live = request.url.path.startswith(LIVE_PATHS)
    origin = os.environ["FRONT_LIVE" if is_live else "FRONT_WEB"]
    sent = client.build_request(
        request.method,
        origin + request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        headers=[(n, v) for n, v in request.headers.raw if n.decode() not in HOP_BY_HOP],
        content=await request.body(),
    )
    try:
        answer = await client.send(sent, stream=True)
    except httpx.HTTPError:
        return PlainTextResponse("bad gateway", 502)
    response = StreamingResponse(answer.aiter_raw(), answer.status_code)
    response.raw_headers = [
        (n.lower(), v) for n, v in answer.headers.raw if n.lower().decode() not in HOP_BY_HOP
    ]
    return response


async def forward_socket(socket: WebSocket) -> None:
    """Open one to the live role with the same headers, and pass on frames both ways."""
    live_at = urlsplit(os.environ["FRONT_LIVE"])
    passed = ("cookie", "origin", "user-agent")
    headers = {name: value for name, value in socket.headers.items() if name in passed}
    try:
        live = await websockets.connect(
            f"ws://{socket.headers['host']}{socket.url.path}",
            host=live_at.hostname,
            port=live_at.port,
            additional_headers=headers,
            user_agent_header=None,
            compression=None,
            max_size=None,
            proxy=None,
        )
    except websockets.InvalidStatus as refused:
        await socket.send_denial_response(
            PlainTextResponse(refused.response.body, refused.response.status_code)
        )
        return
    except (OSError, websockets.WebSocketException):
        await socket.send_denial_response(PlainTextResponse("bad gateway", 502))
        return
    await socket.accept()
    ways = [asyncio.create_task(_up(socket, live)), asyncio.create_task(_down(live, socket))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await live.close()
    with suppress(RuntimeError, WebSocketDisconnect):  # It has gone already.
        await socket.close(live.close_code if live.close_code not in (None, 1006) else 1011)


async def _up(socket: WebSocket, live: websockets.ClientConnection) -> None:
    with suppress(WebSocketDisconnect, websockets.ConnectionClosed):
        while True:
            await live.send(await socket.receive_text())


async def _down(live: websockets.ClientConnection, socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, websockets.ConnectionClosed):
        async for text in live:
            await socket.send_text(str(text))


application = Starlette(
    routes=[
        Route("/{path:path}", forward, methods=METHODS),
        WebSocketRoute("/pubsub", forward_socket),
    ]
)
