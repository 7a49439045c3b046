"""What nginx is in production: one address, live paths to the live role, the rest to web.

Frames of `/pubsub` go both ways.
"""

from __future__ import annotations

import asyncio
import os
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

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


async def forward_frames(socket: WebSocket) -> None:
    """Connect both sides of a WebSocket, until either has gone."""
    address = os.environ["FRONT_LIVE"].replace("http", "ws", 1) + "/pubsub"
    kept = {name: socket.headers[name] for name in ("cookie", "origin") if name in socket.headers}
    try:
        async with connect(address, additional_headers=kept, proxy=None) as live:
            await socket.accept()
            ways = [asyncio.create_task(way(socket, live)) for way in (_up, _down)]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
    except InvalidStatus as error:
        text = (error.response.body or b"").decode()
        await socket.send_denial_response(PlainTextResponse(text, error.response.status_code))
    except OSError:
        await socket.send_denial_response(PlainTextResponse("bad gateway", 502))


async def _up(socket: WebSocket, live: ClientConnection) -> None:
    while True:
        await live.send(await socket.receive_text())


async def _down(socket: WebSocket, live: ClientConnection) -> None:
    async for frame in live:
        await socket.send_text(str(frame))
    await socket.close(live.close_code or 1000)


application = Starlette(
    routes=[
        WebSocketRoute("/pubsub", forward_frames),
        Route("/{path:path}", forward, methods=METHODS),
    ]
)
