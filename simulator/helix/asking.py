"""Reads the body of POST /helix/eventsub/subscriptions."""

from __future__ import annotations

import json
from typing import Any

from simulator.addresses import callback_is_allowed
from simulator.eventsub_types import CLIENT, NOT_OVER_WEBSOCKET, TYPES, SubscriptionType
from simulator.helix.calls import Call, HelixError
from simulator.subscriptions import Asked

SHORTEST_SECRET, LONGEST_SECRET = 10, 100
# Keys of a condition that hold no person's id.
FREE_KEYS = (CLIENT, "reward_id", "conduit_id")


async def read_wish(call: Call) -> Asked:
    """The wish in the body; HelixError 400 that says what is wrong with it."""
    try:
        body = json.loads(await call.request.body())
    except ValueError:
        raise HelixError(400, "The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise HelixError(400, "The request body must be a JSON object")
    transport = _object(body, "transport")
    _check_transport(call, transport)
    kind = TYPES.get((_text(body, "type"), _text(body, "version")))
    if kind is None:
        raise HelixError(400, "invalid subscription type and version")
    condition = _condition(kind, _object(body, "condition"))
    if transport["method"] == "websocket":
        return _for_websocket(call, kind, condition, _text(transport, "session_id"))
    callback, secret = _callback(transport), _secret(transport)
    return Asked(kind=kind, condition=condition, callback=callback, secret=secret)


def _for_websocket(
    call: Call, kind: SubscriptionType, condition: dict[str, str], session_id: str
) -> Asked:
    session, user_id = call.twitch.sessions.find(session_id), call.token.user_id or ""
    if kind.name in NOT_OVER_WEBSOCKET:
        raise HelixError(400, f"invalid transport: {kind.name} does not go over a websocket")
    if session is None:
        raise HelixError(
            400, "websocket transport session does not exist or has already disconnected"
        )
    if session.user_id not in ("", user_id):
        raise HelixError(
            400, "websocket transport cannot have subscriptions created by different users"
        )
    return Asked(
        kind=kind,
        condition=condition,
        session_id=session_id,
        connected_ns=session.connected_ns,
        user_id=user_id,
        scopes=frozenset(call.token.scopes),
    )


def _check_transport(call: Call, transport: dict[str, Any]) -> None:
    """Webhooks and conduits go with an app token, WebSockets with a user token."""
    method = _text(transport, "method")
    if method not in ("webhook", "websocket", "conduit"):
        raise HelixError(400, "invalid transport method")
    if (method == "websocket") != (call.token.user_id is not None):
        raise HelixError(400, "invalid transport and auth combination")
    if method == "conduit":
        # There is none here, so whichever is named does not exist.
        raise HelixError(400, "conduit transport does not exist")


def _condition(kind: SubscriptionType, given: dict[str, Any]) -> dict[str, str]:
    # Clients name a raid's other side as "".
    condition = {key: value for key, value in given.items() if value != ""}
    for key, value in condition.items():
        if key not in kind.keys:
            raise HelixError(400, f"invalid condition: {kind.name} knows no {key!r}")
        if not isinstance(value, str) or not value.isascii():
            raise HelixError(400, f"invalid condition: {key} must be a text")
        if key not in FREE_KEYS and not value.isdigit():
            raise HelixError(400, f"invalid condition: {key} must be a user's id")
    missing = [key for key in kind.needs if key not in condition]
    if missing:
        raise HelixError(400, f"invalid condition: missing {' and '.join(missing)}")
    if kind.one_of and sum(key in condition for key in kind.one_of) != 1:
        raise HelixError(400, f"invalid condition: exactly one of {' or '.join(kind.one_of)}")
    return condition


def _callback(transport: dict[str, Any]) -> str:
    callback = _text(transport, "callback")
    if not callback.isascii() or not callback_is_allowed(callback):
        raise HelixError(400, "invalid callback: it must be an https address on port 443")
    return callback


def _secret(transport: dict[str, Any]) -> str:
    secret = _text(transport, "secret")
    if not secret.isascii() or not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise HelixError(400, "invalid secret: it must be 10 to 100 ASCII characters")
    return secret


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise HelixError(400, f"missing or malformed {name}")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise HelixError(400, f"missing or malformed {name}")
    return value
