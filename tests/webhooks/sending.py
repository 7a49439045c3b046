"""Twitch's side of a webhook, typed from TWITCH.md section 3: signed requests, and who sends them.

Signs by itself: the product's own signer is what these tests test.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from starlette.types import Message

from webhooks.receiving import WebhookApp

_numbers = itertools.count(1)

Headers = list[tuple[bytes, bytes]]


def online_body(**changes: Any) -> bytes:
    """A notification of stream.online as section 3.5 has it."""
    body = {
        "subscription": {
            "id": "f1c2a387-161a-49f9-a165-0f21d7a4e1c4",
            "status": "enabled",
            "type": "stream.online",
            "version": "1",
            "cost": 0,
            "condition": {"broadcaster_user_id": "1337"},
            "transport": {
                "method": "webhook",
                "callback": "https://example.com/webhooks/callback",
            },
            "created_at": "2019-11-16T10:11:12.634234626Z",
        },
        "event": {
            "id": "9001",
            "broadcaster_user_id": "1337",
            "broadcaster_user_login": "cool_user",
            "broadcaster_user_name": "Cool_User",
            "type": "live",
            "started_at": "2020-10-11T10:11:12.123Z",
        },
    }
    return json.dumps({**body, **changes}).encode()


def body_of(type_name: str, event: dict[str, Any], **subscription: Any) -> bytes:
    """A notification of any type."""
    described = {"id": "f1c2", "status": "enabled", "type": type_name, "version": "1"}
    return json.dumps({"subscription": {**described, **subscription}, "event": event}).encode()


def challenge_body(challenge: str = "pogchamp-kappa-360noscope-vohiyo") -> bytes:
    """What Twitch sends before it enables a subscription (section 3.3)."""
    subscription = {
        "id": "f1c2a387-161a-49f9-a165-0f21d7a4e1c4",
        "status": "webhook_callback_verification_pending",
        "type": "channel.raid",
        "version": "1",
        "cost": 1,
        "condition": {"to_broadcaster_user_id": "1337", "from_broadcaster_user_id": ""},
        "transport": {"method": "webhook", "callback": "https://example.com/webhooks/callback"},
        "created_at": "2019-11-16T10:11:12.634234626Z",
    }
    return json.dumps({"challenge": challenge, "subscription": subscription}).encode()


def revocation_body(status: str = "authorization_revoked") -> bytes:
    """Twitch takes a promise back (section 3.4): no event, the reason is the status."""
    subscription = {
        "id": "f1c2a387-161a-49f9-a165-0f21d7a4e1c4",
        "status": status,
        "type": "stream.online",
        "version": "1",
        "cost": 1,
        "condition": {"broadcaster_user_id": "1337"},
        "transport": {"method": "webhook", "callback": "https://example.com/webhooks/callback"},
        "created_at": "2019-11-16T10:11:12.634234626Z",
    }
    return json.dumps({"subscription": subscription}).encode()


def rfc3339(moment: datetime) -> str:
    """With nanoseconds, in UTC, as Twitch writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


def new_id() -> str:
    """A message id that no other test has."""
    return f"befa7b53-d79d-478f-86b9-{next(_numbers):012d}"


def signature(message_id: bytes, timestamp: bytes, body: bytes, *, secret: str = "") -> bytes:
    """By section 3.2: HMAC-SHA256 of id + timestamp + raw body, in lower-case hex."""
    key = (secret or settings.TWITCH_EVENTSUB_SECRETS[0]).encode()
    digest = hmac.new(key, message_id + timestamp + body, hashlib.sha256).hexdigest()
    return b"sha256=" + digest.encode()


def signed(
    body: bytes,
    *,
    message_id: bytes | str = "",
    timestamp: bytes | str = "",
    secret: str = "",
    type_name: str = "stream.online",
) -> Headers:
    """The headers of section 3.1, in lower case as ASGI has them."""
    identity = message_id or new_id()
    moment = timestamp or rfc3339(datetime.now(UTC))
    identity = identity.encode() if isinstance(identity, str) else identity
    moment = moment.encode() if isinstance(moment, str) else moment
    return [
        (b"host", b"example.com"),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"twitch-eventsub-message-id", identity),
        (b"twitch-eventsub-message-retry", b"0"),
        (b"twitch-eventsub-message-type", b"notification"),
        (
            b"twitch-eventsub-message-signature",
            signature(identity, moment, body, secret=secret),
        ),
        (b"twitch-eventsub-message-timestamp", moment),
        (b"twitch-eventsub-subscription-type", type_name.encode()),
        (b"twitch-eventsub-subscription-version", b"1"),
    ]


def without(headers: Headers, name: str) -> Headers:
    """The headers less one."""
    return [pair for pair in headers if pair[0] != name.encode()]


def with_value(headers: Headers, name: str, value: bytes) -> Headers:
    """The headers with another value for one."""
    return [*without(headers, name), (name.encode(), value)]


@dataclass
class Answer:
    """What the application sent; status 0 when it sent nothing."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # How many pieces of the request's body it asked for.
    read: int = 0


@dataclass
class Request:
    """One request as a server hands it over, the body in pieces; None: the client goes away."""

    headers: Headers
    pieces: Sequence[bytes | None]
    method: str = "POST"
    path: str = "/webhooks/twitch/"
    query: bytes = b""
    # Whether it promises more than it sends.
    stalls: bool = False

    async def send_to(self, app: WebhookApp) -> Answer:
        """The application's answer."""
        answer = Answer()
        pieces = list(self.pieces)

        async def receive() -> Message:
            if not pieces:
                await asyncio.Event().wait()  # The client sends no more and waits.
            piece = pieces.pop(0)
            answer.read += 1
            if piece is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": piece, "more_body": bool(pieces) or self.stalls}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            else:
                answer.body += message["body"]

        scope = {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "query_string": self.query,
            "headers": self.headers,
        }
        await app(scope, receive, send)
        return answer


def post(app: WebhookApp, body: bytes, headers: Headers | None = None, **more: Any) -> Answer:
    """Send one message, signed unless headers are given, and wait for the answer."""
    request = Request(signed(body) if headers is None else headers, [body], **more)
    return asyncio.run(request.send_to(app))
