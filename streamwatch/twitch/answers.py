"""Reading Twitch's HTTP answers: JSON objects, and its refusals as our errors."""

from __future__ import annotations

from typing import Any

import httpx

from streamwatch.twitch.errors import (
    AlreadySubscribed,
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object.

    Raises:
        TwitchUnavailable: the body is something else (a proxy's HTML page, half a body).
    """
    try:
        data = response.json()
    except ValueError as error:
        raise TwitchUnavailable(f"{response.status_code} with a body that is not JSON") from error
    if not isinstance(data, dict):
        raise TwitchUnavailable(f"{response.status_code} with JSON that is no object")
    return data


def refuse(response: httpx.Response) -> TwitchError:
    """The error for an answer that is not 2xx. Redirects and 5xx count as unavailable."""
    status = response.status_code
    if not 400 <= status < 500:
        return TwitchUnavailable(f"answered {status}")
    try:
        data = json_object(response)
    except TwitchUnavailable:
        data = {}
    message = str(data.get("message", ""))[:200]
    match status:
        case 401:
            return TokenRefused(status, message)
        case 409:
            return AlreadySubscribed(status, message, _existing_id(data))
        case 429:
            return LimitReached(status, message, _reset_at(response))
    return TwitchRefused(status, message)


def _existing_id(data: dict[str, Any]) -> str:
    """The id of the existing subscription; Twitch's change log does not say where it stands."""
    inner = data.get("data")
    if isinstance(inner, list) and inner and isinstance(inner[0], dict):
        data = inner[0]
    found = data.get("id", "")
    return found if isinstance(found, str) else ""


def _reset_at(response: httpx.Response) -> int | None:
    # EventSub's own limits answer 429 too, with points left: waiting would not help them.
    remaining = response.headers.get("Ratelimit-Remaining", "")
    reset = response.headers.get("Ratelimit-Reset", "")
    return int(reset) if remaining == "0" and reset.isdigit() else None
