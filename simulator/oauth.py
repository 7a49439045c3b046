"""`/oauth2/token`, `/validate` and `/revoke`.

https://dev.twitch.tv/docs/authentication
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator.local_twitch import LocalTwitch, of
from simulator.spoiling import instead, spoil
from simulator.tokens import Denied

NO_STORE = {"Cache-Control": "no-store"}
Endpoint = Callable[[Request], Awaitable[Response]]


def _endpoint(handler: Endpoint) -> Endpoint:
    """Answer `Denied` and ordered faults as id.twitch.tv does: status and message, no error."""

    async def answer(request: Request) -> Response:
        twitch = of(request)
        # Read first: who has to wait for the answer may hang up.
        await request.body()
        _, spoilt = await instead(request, twitch)
        if spoilt is not None:
            return spoilt
        try:
            response = await handler(request)
        except Denied as denied:
            body = {"status": denied.status, "message": denied.message}
            return JSONResponse(body, denied.status, NO_STORE)
        return spoil(request, twitch, response)[1]

    return answer


@_endpoint
async def token(request: Request) -> Response:
    """POST: tokens for a code, for a refresh token, or for the application itself."""
    twitch, given = of(request), await _given(request)
    _check_client(twitch, given)
    match given.get("grant_type", ""):
        case "authorization_code":
            code, redirect_uri = _need(given, "code"), _need(given, "redirect_uri")
            made = twitch.tokens.redeem_code(code, redirect_uri)
        case "refresh_token":
            made = twitch.tokens.refresh(_need(given, "refresh_token"))
        case "client_credentials":
            made = twitch.tokens.app_token()
        case "":
            raise Denied(400, "missing grant type")
        case _:
            raise Denied(400, "invalid grant type")
    return JSONResponse(made, headers=NO_STORE)


@_endpoint
async def validate(request: Request) -> Response:
    """GET: what a token is good for; 401 for one that is good for nothing."""
    twitch = of(request)
    kind, _, access = request.headers.get("authorization", "").partition(" ")
    if not access:
        raise Denied(401, "missing authorization token")
    found = twitch.tokens.find(access.strip()) if kind.lower() in ("oauth", "bearer") else None
    if found is None:
        raise Denied(401, "invalid access token")
    body: dict[str, Any] = {"client_id": found.client_id}
    if found.user_id:
        body["login"] = twitch.people.get(found.user_id)["login"]
    body["scopes"] = list(found.scopes)
    if found.user_id:
        body["user_id"] = found.user_id
    body["expires_in"] = found.expires_in
    return JSONResponse(body, headers=NO_STORE)


@_endpoint
async def revoke(request: Request) -> Response:
    """POST: take a token back. With a person's last one the consent ends."""
    twitch, given = of(request), await _given(request)
    if _need(given, "client_id") != twitch.config.client_id:
        raise Denied(400, "invalid client")
    user_id = twitch.tokens.revoke(_need(given, "token"))
    if user_id and not twitch.tokens.has_any(user_id):
        twitch.world.revoke_authorization(twitch.people.get(user_id))
    return Response(status_code=200)


async def _given(request: Request) -> dict[str, str]:
    """The form's fields; those of the query too, for Twitch takes both."""
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    return {**request.query_params, **fields}


def _need(given: dict[str, str], name: str) -> str:
    if not given.get(name):
        raise Denied(400, f"missing {name.replace('_', ' ')}")
    return given[name]


def _check_client(twitch: LocalTwitch, given: dict[str, str]) -> None:
    # In the body (or query) only: id.twitch.tv knows no HTTP Basic.
    if _need(given, "client_id") != twitch.config.client_id:
        raise Denied(400, "invalid client")
    if _need(given, "client_secret") != twitch.config.client_secret:
        raise Denied(403, "invalid client secret")
