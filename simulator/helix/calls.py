"""What every Helix call goes through: faults, token, rate limit, and the shape of errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.bucket import Level
from simulator.local_twitch import LocalTwitch, of
from simulator.spoiling import instead, spoil, take
from simulator.tokens import Token


class HelixError(Exception):
    """An answer other than 2xx; `more` stands in its body beside error, status and message."""

    def __init__(self, status: int, message: str, **more: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more


@dataclass(frozen=True)
class Call:
    """A request whose token is good and has been charged a point."""

    request: Request
    twitch: LocalTwitch
    token: Token

    def need_scope(self, scope: str) -> str:
        """The id of the token's user, who has granted `scope`; HelixError 401 otherwise."""
        if self.token.user_id is None:
            raise HelixError(401, "Missing User OAUTH Token")
        if scope not in self.token.scopes:
            raise HelixError(401, f"Missing scope: {scope}")
        return self.token.user_id


Handler = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(handler: Handler) -> Endpoint:
    """A Starlette endpoint around `handler`."""

    async def answer(request: Request) -> Response:
        twitch, path = of(request), request.url.path
        fault, response = await instead(request, twitch)
        if response is None:
            fault, response = spoil(request, twitch, await _answer(request, twitch, handler))
        twitch.visits.note(request.method, path, response.status_code, fault)
        return response

    return answer


async def _answer(request: Request, twitch: LocalTwitch, handler: Handler) -> Response:
    headers: dict[str, str] = {}
    try:
        token = _token(request, twitch)
        level = _take_point(request, twitch, token)
        headers = level.headers()
        if level.granted:
            response = await handler(Call(request, twitch, token))
        else:
            response = error_response(429, "Request limit exceeded")
    except HelixError as error:
        response = error_response(error.status, error.message, **error.more)
    response.headers.update(headers)
    return response


def error_response(status: int, message: str, **more: str) -> JSONResponse:
    """An error as Helix words it."""
    error = HTTPStatus(status).phrase
    return JSONResponse({"error": error, "status": status, "message": message, **more}, status)


def answer_data(data: list[Any], **more: Any) -> JSONResponse:
    """A list as Helix wraps it, `more` beside it."""
    return JSONResponse({"data": data, **more})


def _token(request: Request, twitch: LocalTwitch) -> Token:
    kind, _, access = request.headers.get("authorization", "").partition(" ")
    if not access.strip():
        raise HelixError(401, "OAuth token is missing")
    client_id = request.headers.get("client-id", "")
    if not client_id:
        raise HelixError(401, "Client ID is missing")
    found = twitch.tokens.find(access.strip()) if kind.lower() == "bearer" else None
    if found is None or take(request, twitch, "token_refused"):
        raise HelixError(401, "Invalid OAuth token")
    if found.client_id != client_id:
        raise HelixError(401, "Client ID and OAuth token do not match")
    return found


def _take_point(request: Request, twitch: LocalTwitch, token: Token) -> Level:
    if take(request, twitch, "rate_limited"):
        return twitch.buckets.empty(token)
    return twitch.buckets.take(token)
