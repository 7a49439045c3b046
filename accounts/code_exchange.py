"""What goes over the wire between allauth and Twitch at a login, made safe on both sides.

allauth trusts the answers' shapes; here they are checked before it reads them, so that nothing
Twitch (or a proxy in between) answers ends in an exception that nobody expects.
"""

from __future__ import annotations

from typing import Any, Final

from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from django.conf import settings
from requests import RequestException, Response

MAX_LIFETIME_SECONDS: Final = 10 * 365 * 24 * 3600


class LoginUnavailable(RequestException):
    """Twitch gave no usable answer: 5xx, 429, a redirect, or something else than promised."""


class LoginRefused(OAuth2Error):  # type: ignore[misc]  # allauth is untyped
    """Twitch understood and said no, e.g. to a code that was used before."""


class Asked(tuple[str, ...]):
    """Scopes that a page of ours asks for; those of a query string come as a plain list."""

    __slots__ = ()


class CodeExchange(OAuth2Client):  # type: ignore[misc]  # allauth is untyped
    """allauth's client; sends scopes that we chose and keeps those that were granted."""

    def get_redirect_url(self, authorization_url: str, scope: object, extra_params: object) -> str:
        """The address at Twitch. What the query string of our own address asks for is ignored."""
        scopes = scope if isinstance(scope, Asked) else settings.LOGIN_SCOPES
        url: str = super().get_redirect_url(authorization_url, scopes, {})
        return url

    def get_access_token(self, code: str, **options: Any) -> dict[str, Any]:
        """Twitch's answer; its scopes are noted on the request as `granted_scopes`."""
        answer: dict[str, Any] = super().get_access_token(code, **options)
        scopes = answer.get("scope")
        words = scopes if isinstance(scopes, list) else []
        self.request.granted_scopes = [word for word in words if _is_plain(word)]
        return answer


def check(response: Response, **_: object) -> None:
    """A hook for `requests`: only a token or a profile of the promised shape gets through.

    Raises:
        LoginUnavailable, LoginRefused: anything else. Their texts hold no token.
    """
    status = response.status_code
    if not (200 <= status < 300 or 400 <= status < 500) or status == 429:
        raise LoginUnavailable(f"answered {status}")
    try:
        data = response.json()
    except (ValueError, RecursionError):
        data = None
    if status >= 400:
        message = data.get("message", "") if isinstance(data, dict) else ""
        raise LoginRefused(f"{status}: {str(message)[:200]}")
    if not (_is_token(data) or _is_profile(data)):
        raise LoginUnavailable(f"answered {status} with something else than promised")
    # allauth reads other types as a form.
    response.headers["content-type"] = "application/json"


def _is_token(data: Any) -> bool:
    if not isinstance(data, dict) or not data.get("access_token"):
        return False
    seconds = data.get("expires_in", 0)
    is_lifetime = isinstance(seconds, int) and 0 <= seconds < MAX_LIFETIME_SECONDS
    return (
        is_lifetime and _is_plain(data["access_token"]) and _is_plain(data.get("refresh_token", ""))
    )


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and (text.isprintable() or not text)


def _is_profile(data: object) -> bool:
    match data:
        case {"data": [{"id": str(twitch_id), "login": str(login)} as person, *_]}:
            is_id = 0 < len(twitch_id) <= 32 and twitch_id.isascii() and twitch_id.isalnum()
            texts = (person.get(name) for name in ("display_name", "email", "profile_image_url"))
            return is_id and bool(login) and all(isinstance(t, str | None) for t in texts)
    return False
