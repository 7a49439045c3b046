"""`POST /webhooks/twitch/`: Twitch's messages in, as a bare ASGI application.

In front of Django, whose request stack costs more than the rest together. Only id, time stamp
and body are signed: what a message is, is read from its body alone.
https://dev.twitch.tv/docs/eventsub/handling-webhook-events
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from starlette.types import Receive, Scope, Send

from streamwatch.twitch.errors import BadMessage
from streamwatch.twitch.eventsub import is_private
from streamwatch.twitch.payloads import Message, MessageKind, parse_message, parse_time
from streamwatch.twitch.signatures import is_signed
from webhooks.confirming import Confirmer, subject_of
from webhooks.inbox import Inbox
from webhooks.processing import Processor
from webhooks.storing import Arrival

logger = logging.getLogger(__name__)

MESSAGE_ID = b"twitch-eventsub-message-id"
TIMESTAMP = b"twitch-eventsub-message-timestamp"
SIGNATURE = b"twitch-eventsub-message-signature"
CONTENT_LENGTH = b"content-length"
# The longest that make sense; Twitch's have 44, 30 and 71 characters.
LONGEST = {MESSAGE_ID: 255, TIMESTAMP: 64, SIGNATURE: 128, CONTENT_LENGTH: 20}

MOST_BYTES = 256 * 1024
BODY_SECONDS = 10.0
OLDEST = timedelta(minutes=10)
TYPE_LENGTH = 100
SHOWN_LENGTH = 64
RETRY_AFTER = (b"retry-after", b"5")

Answer = tuple[dict[str, Any], dict[str, Any]]


class Refused(Exception):
    """The answer is `status`, and the log says `reason`, a word of ours."""

    def __init__(self, status: int, reason: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


class Disconnected(Exception):
    """The client went before its body was whole; nobody is left to answer."""


class Stamp(NamedTuple):
    """What is signed beside the body, as it came, and the signature."""

    message_id: bytes
    timestamp: bytes
    signature: bytes


class WebhookApp:
    """The application, and the threads behind it that live as long as the process."""

    def __init__(self) -> None:
        self._processor = Processor()
        self._inbox = Inbox(self._processor.take)
        self._confirmer = Confirmer()

    def start(self) -> None:
        """Start the threads; nothing happens when they run. Until then every message gets 503."""
        self._confirmer.start()
        self._processor.start()
        self._inbox.start()

    def stop(self) -> None:
        """Write and answer what has come, finish what is in hand; blocks, at most 20 s."""
        self._inbox.stop()
        self._processor.stop()
        self._confirmer.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except Disconnected:
            return
        except Refused as refused:
            _log(scope, refused)
            answer = _text(refused.status, f"{refused.reason}\n".encode(), *refused.headers)
        start, body = answer
        await send(start)
        await send(body)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise Refused(405, "wrong-method", (b"allow", b"POST"))
        stamp = _stamp(scope["headers"])
        now = datetime.now(UTC)
        sent_at = _sent_at(stamp.timestamp, now)
        body = await _body(receive)
        _refuse_unsigned(stamp, body)
        message = _message(body)
        if message.kind is MessageKind.CHALLENGE:
            self._confirmer.note(subject_of(message.promise.condition))
            return _text(200, message.challenge.encode(errors="replace"))
        type_name = message.promise.type[:TYPE_LENGTH]
        arrival = Arrival(
            message_id=stamp.message_id.decode("ascii"),
            type=type_name,
            sent_at=sent_at,
            received_at=now,
            body=body,
            is_private=is_private(type_name),
        )
        if not await self._inbox.keep(arrival):
            raise Refused(503, "not-kept", RETRY_AFTER)
        return NO_CONTENT


def _stamp(headers: Iterable[tuple[bytes, bytes]]) -> Stamp:
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        longest = LONGEST.get(name)
        if longest is None:
            continue
        if name in found:  # Which of the two is signed is anybody's guess.
            raise Refused(400, "header-twice")
        if len(value) > longest:
            raise Refused(400, "header-too-long")
        found[name] = value
    _refuse_long(found.get(CONTENT_LENGTH, b"0"))
    try:
        stamp = Stamp(found[MESSAGE_ID], found[TIMESTAMP], found[SIGNATURE])
    except KeyError:
        raise Refused(400, "header-missing") from None
    if not all(stamp):
        raise Refused(400, "header-missing")
    return stamp


def _refuse_long(content_length: bytes) -> None:
    if not content_length.isdigit():
        raise Refused(400, "content-length")
    if int(content_length) > MOST_BYTES:
        raise Refused(413, "too-long")


def _sent_at(timestamp: bytes, now: datetime) -> datetime:
    try:
        sent_at = parse_time(timestamp.decode("ascii"))
    except ValueError:
        raise Refused(400, "no-time") from None
    if abs(now - sent_at) > OLDEST:
        raise Refused(400, "too-old" if sent_at < now else "from-the-future")
    return sent_at


async def _body(receive: Receive) -> bytes:
    event = await receive()
    # Nearly always it is there at once.
    body = _piece(event) if not event.get("more_body") else await _long_body(event, receive)
    if len(body) > MOST_BYTES:
        raise Refused(413, "too-long")
    return body


async def _long_body(event: Any, receive: Receive) -> bytes:
    pieces = [_piece(event)]
    size = len(pieces[0])
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while event.get("more_body") and size <= MOST_BYTES:
                event = await receive()
                pieces.append(_piece(event))
                size += len(pieces[-1])
    except TimeoutError:
        raise Refused(408, "too-slow") from None
    return b"".join(pieces)


def _piece(event: Any) -> bytes:
    if event["type"] != "http.request":
        raise Disconnected
    piece: bytes = event.get("body", b"")
    return piece


def _refuse_unsigned(stamp: Stamp, body: bytes) -> None:
    message_id, timestamp, signature = stamp
    if not is_signed(
        [secret.encode() for secret in settings.TWITCH_EVENTSUB_SECRETS],
        message_id=message_id,
        timestamp=timestamp,
        body=body,
        signature=signature,
    ):
        raise Refused(403, "bad-signature")
    # Databases differ in what they make of anything else; Twitch's are UUIDs and base64.
    if not (message_id.isascii() and message_id.decode("ascii").isprintable()):
        raise Refused(400, "odd-id")


def _message(body: bytes) -> Message:
    try:
        return parse_message(body)
    except BadMessage as error:
        raise Refused(400, str(error)) from error
    except RecursionError as error:  # Nested so deeply that it can be read but not shown.
        raise Refused(400, "too-deep") from error


def _text(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    described = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    return (
        {"type": "http.response.start", "status": status, "headers": described},
        {"type": "http.response.body", "body": body},
    )


NO_CONTENT: Answer = (
    {"type": "http.response.start", "status": 204, "headers": []},
    {"type": "http.response.body", "body": b""},
)


def _log(scope: Scope, refused: Refused) -> None:
    """One line, bounded, of the client's words the message id alone."""
    message_id = next((value for name, value in scope["headers"] if name == MESSAGE_ID), b"")
    shown = ascii(message_id[:SHOWN_LENGTH].decode("latin-1"))
    logger.warning("webhook refused: %d %s, message %s", refused.status, refused.reason, shown)


application = WebhookApp()
