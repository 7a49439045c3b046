"""Answers of a bad day: what ordered faults put in an answer's place, or make of a good one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from simulator.local_twitch import LocalTwitch

SLOW = ("helix_slow", "oauth_slow")
STATUSES = {
    "helix_down": 503, "helix_error": 500, "oauth_down": 503, "oauth_error": 500,
    "oauth_limited": 429,
}  # fmt: skip
GARBAGE = ("helix_garbage", "oauth_garbage")
# Of a proxy in between; HTTP knows no such number.
ODD_STATUS = 520
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class CutOff(Response):
    """The connection ends in the middle of the answer, which had promised to be longer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The head, half of the body, and no end: the server then hangs up."""
        MutableHeaders(raw=self.raw_headers)["content-length"] = str(len(self.body) + 1)
        status, half = self.status_code, bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": status, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})


def take(request: Request, twitch: LocalTwitch, *names: str) -> str:
    """The first ordered fault among `names` that is meant for this request, or ""; used up by one.

    A request that was slow has had its fault.
    """
    if getattr(request.state, "is_late", False):
        return ""
    return twitch.faults.take(*names, path=request.url.path)


async def instead(request: Request, twitch: LocalTwitch) -> tuple[str, Response | None]:
    """The fault that takes the answer's place, and what is answered; a slow one is waited for."""
    path = request.url.path
    if take(request, twitch, *SLOW):
        await twitch.dawdle()
        # What was ordered meanwhile is for those who come after it.
        request.state.is_late = True
    fault = take(request, twitch, *STATUSES, *GARBAGE, "odd_status")
    if not fault:
        return "", None
    if fault in GARBAGE:
        return fault, PlainTextResponse("<html>not what you expected", media_type="text/html")
    if fault == "odd_status":
        return fault, PlainTextResponse(f"error code: {ODD_STATUS}", ODD_STATUS)
    status = STATUSES[fault]
    phrase = HTTPStatus(status).phrase
    if path.startswith("/oauth2"):
        return fault, JSONResponse({"status": status, "message": phrase.lower()}, status)
    return fault, JSONResponse({"error": phrase, "status": status, "message": phrase}, status)


def spoil(request: Request, twitch: LocalTwitch, response: Response) -> tuple[str, Response]:
    """The fault that comes over a good answer, and what it makes of it."""
    if not 200 <= response.status_code < 300:
        return "", response
    fault = take(request, twitch, "cut_off", "half_body", *_CHANGES)
    body = bytes(response.body)
    if fault == "cut_off":
        # 204 promises that nothing follows.
        status = response.status_code if body else 200
        return fault, CutOff(body, status, media_type="application/json")
    if fault == "half_body":
        return fault, Response(body[: len(body) // 2], media_type="application/json")
    if fault and body:
        changed = _CHANGES[fault](json.loads(body), request.query_params)
        headers = {n: v for n, v in response.headers.items() if n.startswith("ratelimit-")}
        return fault, JSONResponse(changed, response.status_code, headers)
    return fault, response


def _everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The value, with every object in it changed but conditions: those are the client's own."""
    if isinstance(value, list):
        return [_everywhere(one, change) for one in value]
    if isinstance(value, dict):
        return change(
            {n: v if n == "condition" else _everywhere(v, change) for n, v in value.items()}
        )
    return value


def _unknown_fields(answer: Any, _: QueryParams) -> Any:
    return _everywhere(answer, lambda one: {"of_tomorrow": {"a": [None, 1.5]}, **one, "z": True})


def _null_names(answer: Any, _: QueryParams) -> Any:
    return _everywhere(
        answer, lambda one: {n: None if n.endswith("_name") else v for n, v in one.items()}
    )


def _nanoseconds(answer: Any, _: QueryParams) -> Any:
    def change(one: dict[str, Any]) -> dict[str, Any]:
        return {
            name: f"{value[:19]}.123456789Z"
            if isinstance(value, str) and TIME.fullmatch(value)
            else value
            for name, value in one.items()
        }

    return _everywhere(answer, change)


def _repeated_page(answer: Any, query: QueryParams) -> Any:
    """The cursor leads to this very page once more."""
    if query.get("after"):
        answer["pagination"] = {"cursor": query["after"]}
    return answer


def _unknown_status(answer: Any, _: QueryParams) -> Any:
    return _everywhere(
        answer, lambda one: {n: "of_tomorrow" if n == "status" else v for n, v in one.items()}
    )


_CHANGES: dict[str, Callable[[Any, QueryParams], Any]] = {
    "unknown_fields": _unknown_fields,
    "null_names": _null_names,
    "nanoseconds": _nanoseconds,
    "repeated_page": _repeated_page,
    "unknown_status": _unknown_status,
}
