"""A Twitch that only lists, as fast as it can, in a process of its own.

    python -m tests.load.polled_twitch <port> <delay in ms>

Every third account is live. `GET /asked` tells how often each list was asked for, and how many
requests were under way at most.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import uvicorn

Scope = MutableMapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
POINTS_A_MINUTE = 800
BEGAN = "2026-11-24T08:00:00Z"


class Lists:
    """The ASGI application."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._asked: Counter[str] = Counter()
        self._under_way = self._most = 0
        self._points, self._then = float(POINTS_A_MINUTE), time.time()

    async def __call__(self, scope: Scope, _receive: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"].rpartition("/")[2]
        if path == "asked":
            await _answer(send, {"asked": self._asked, "most": self._most}, [])
            return
        if path == "token":
            await _answer(send, {"access_token": "t", "expires_in": 5_000_000}, [])
            return
        self._asked[path] += 1
        self._under_way += 1
        self._most = max(self._most, self._under_way)
        await asyncio.sleep(self._delay)
        self._under_way -= 1
        query = parse_qs(scope["query_string"].decode())
        await _answer(send, {"data": _LISTS[path](query)}, self._bucket())

    def _bucket(self) -> list[tuple[bytes, bytes]]:
        now = time.time()
        self._points += (now - self._then) * POINTS_A_MINUTE / 60
        self._points, self._then = min(POINTS_A_MINUTE, self._points) - 1, now
        return [
            (b"ratelimit-limit", b"%d" % POINTS_A_MINUTE),
            (b"ratelimit-remaining", b"%d" % max(0, self._points)),
            (b"ratelimit-reset", b"%d" % (now + 60)),
        ]


def _streams(query: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"id": f"9{one}", "user_id": one, "started_at": BEGAN, "viewer_count": 3}
        for one in query["user_id"]
        if int(one) % 3 == 0
    ]


def _channels(query: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {
            "broadcaster_id": one,
            "broadcaster_login": f"streamer{one}",
            "broadcaster_name": f"Streamer{one}",
            "title": "a title",
            "game_id": "1",
            "game_name": "Chess",
        }
        for one in query["broadcaster_id"]
    ]


def _users(query: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [
        {"id": one, "login": f"streamer{one}", "display_name": f"Streamer{one}"}
        for one in query["id"]
    ]


_LISTS = {"streams": _streams, "channels": _channels, "users": _users}


async def _answer(send: Send, body: object, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [(b"content-type", b"application/json"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


if __name__ == "__main__":
    uvicorn.run(
        Lists(int(sys.argv[2]) / 1000),
        port=int(sys.argv[1]),
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
