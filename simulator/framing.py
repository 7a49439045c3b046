"""What may frame the player and the chat: the hosts that `parent` names, as at Twitch.

https://dev.twitch.tv/docs/embed
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from simulator.pages import page

HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self';"
    " connect-src 'self' {sockets}; form-action 'self'; base-uri 'none'; frame-ancestors {parents}"
)
MISSING = (
    "The address lacks parent: add parent= and the host name of the page that shows this,"
    " for example parent=localhost."
)
MALFORMED = "parent must be a host name without scheme, port and path, not {value}."
OTHER = "This page is shown by {host}, but parent names {parents}."


class WrongParent(Exception):
    """The page must not be framed like this; the text says why."""


def parents_of(request: Request) -> list[str]:
    """The hosts that may frame the page; raises WrongParent."""
    parents = [value.lower() for value in request.query_params.getlist("parent")]
    if not any(parents):
        raise WrongParent(MISSING)
    for value in parents:
        if not HOST.fullmatch(value):
            raise WrongParent(MALFORMED.format(value=value or "nothing"))
    from_page = urlsplit(request.headers.get("referer", ""))
    own = from_page.netloc == request.headers.get("host")
    if from_page.hostname and not own and from_page.hostname not in parents:
        raise WrongParent(OTHER.format(host=from_page.hostname, parents=", ".join(parents)))
    return parents


def framed(
    request: Request, template: str, context: dict[str, Any], *, status: int = 200
) -> Response:
    """The page for its parents' frames; where they are wrong, a sentence that anyone may show."""
    try:
        parents = parents_of(request)
    except WrongParent as reason:
        refusal = {"sentence": str(reason)}
        return page(request, "framed.html", refusal, status=400, policy=_policy(request, "*"))
    allowed = " ".join(f"http://{host}:* https://{host}:*" for host in parents)
    return page(request, template, context, status=status, policy=_policy(request, allowed))


def _policy(request: Request, parents: str) -> str:
    # Not every browser counts a WebSocket of the same host as 'self'.
    sockets = f"ws://{request.headers.get('host', 'localhost')}"
    return POLICY.format(parents=parents, sockets=sockets)
