"""A callback as an application has one: keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from simulator.testing import Simulator, wait_for

SECRET = "a secret of twenty-five!!"
# The types of which the second version is the one to be had; of the others it is the first.
VERSION_2 = (
    "channel.update", "channel.follow", "channel.moderate", "automod.message.hold",
    "automod.message.update", "channel.hype_train.begin", "channel.hype_train.progress",
    "channel.hype_train.end",
)  # fmt: skip


@dataclass
class Received:
    """One request: header names in lower case, the body as it came."""

    headers: dict[str, str]
    raw: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def body(self) -> dict[str, Any]:
        """The body read as JSON."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["twitch-eventsub-message-id"]

    @property
    def kind(self) -> str:
        """notification, webhook_callback_verification or revocation."""
        return self.headers["twitch-eventsub-message-type"]

    @property
    def type(self) -> str:
        """The subscription's type."""
        return self.headers["twitch-eventsub-subscription-type"]


# Status, content type and body of an answer.
Answer = tuple[int, str, bytes]


def echo(received: Received) -> Answer:
    """The right answer to a challenge."""
    return 200, "text/plain", str(received.body["challenge"]).encode()


class Callback:
    """`answer_challenge` and `answer_others` may be replaced while it runs."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.received: list[Received] = []
        self.answer_challenge: Callable[[Received], Answer] = echo
        self.answer_others: Callable[[Received], Answer] = lambda _: (204, "text/plain", b"")

    def of_kind(self, kind: str) -> list[Received]:
        """What came of that kind so far, in the order it came."""
        return [one for one in self.received if one.kind == kind]

    def wait(self, count: int, kind: str = "notification") -> list[Received]:
        """The messages of that kind as soon as there are `count`."""
        wait_for(lambda: len(self.of_kind(kind)) >= count, f"{count} x {kind}")
        return self.of_kind(kind)


@contextmanager
def listening(context: ssl.SSLContext | None = None) -> Iterator[Callback]:
    """A callback on a free port of loopback, with https where a context is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            received = Received({name.lower(): text for name, text in self.headers.items()}, raw)
            callback.received.append(received)
            challenged = received.kind == "webhook_callback_verification"
            answer = callback.answer_challenge if challenged else callback.answer_others
            status, content_type, body = answer(received)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if status in (301, 302, 307, 308):
                self.send_header("Location", callback.url)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if context else "http"
    callback = Callback(f"{scheme}://localhost:{server.server_port}/callback")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield callback
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body_of(kind: str, condition: dict[str, str], callback: str) -> dict[str, Any]:
    """The body that asks for a subscription, typed from Twitch's reference."""
    return {
        "type": kind,
        "version": "2" if kind in VERSION_2 else "1",
        "condition": condition,
        "transport": {"method": "webhook", "callback": callback, "secret": SECRET},
    }


def subscribe(
    simulator: Simulator,
    callback: Callback,
    kind: str,
    **condition: str,
) -> str:
    """Ask for a subscription; its id as soon as it is no longer pending."""
    token = simulator.app_token()
    asked = body_of(kind, condition, callback.url)
    answer = simulator.helix("POST", "/eventsub/subscriptions", token=token, json=asked)
    assert answer.status_code == 202, answer.text
    made: str = answer.json()["data"][0]["id"]
    wait_for(lambda: "pending" not in status(simulator, made), "the challenge's end")
    return made


def status(simulator: Simulator, subscription_id: str) -> str:
    """The status of a subscription in Twitch's list; "" when it is not there."""
    listed = simulator.helix(
        "GET",
        "/eventsub/subscriptions",
        token=simulator.app_token(),
        params={"subscription_id": subscription_id},
    )
    return "".join(one["status"] for one in listed.json()["data"])
