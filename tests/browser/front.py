"""What nginx is in production: one address, live paths to the live role, the rest to web."""

from __future__ import annotations

import os
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

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


application = Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)])
