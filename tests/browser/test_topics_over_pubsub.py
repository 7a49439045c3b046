"""The topics panel over PubSub, at a gateway of the test's: pings, moves, trouble."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.panel import entries, listen, listened, open_panel
from tests.browser.starting import Running, wait_for

VIEWER = "zoe_quiet"


class Gateway:
    """What the page may meet at `/pubsub`, by order of the test."""

    def __init__(self, page: Page) -> None:
        self.sockets: list[WebSocketRoute] = []
        self.is_deaf = False
        self.is_holding = False
        self.held: list[tuple[WebSocketRoute, str]] = []
        self.errors: list[str] = []  # of the next answers
        page.route_web_socket("**/pubsub", self._welcome)

    def _welcome(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self._answer(socket, json.loads(str(text))))

    def _answer(self, socket: WebSocketRoute, frame: dict[str, Any]) -> None:
        if frame["type"] == "PING" and not self.is_deaf:
            self.say(socket, type="PONG")
        if frame["type"] in ("LISTEN", "UNLISTEN"):
            self.held.append((socket, frame["nonce"]))
            self.release(is_holding=self.is_holding)

    def release(self, *, is_holding: bool = False) -> None:
        self.is_holding = is_holding
        while self.held and not is_holding:
            socket, nonce = self.held.pop(0)
            error = self.errors.pop(0) if self.errors else ""
            self.say(socket, type="RESPONSE", nonce=nonce, error=error)

    def say(self, socket: WebSocketRoute, **frame: Any) -> None:
        socket.send(json.dumps(frame))

    def tell(self, socket: WebSocketRoute, topic: str, message: object) -> None:
        self.say(socket, type="MESSAGE", data={"topic": topic, "message": json.dumps(message)})


def open_pubsub(page: Page, running: Running, login: str, *topics: str) -> Gateway:
    """On PubSub, at a gateway of the test's, listening to these."""
    page.clock.install()
    gateway = Gateway(page)
    open_panel(page, running, login)
    page.get_by_role("radio", name="PubSub").check()
    for topic in topics:
        listen(page, topic)
    return gateway


def test_pubsub_as_it_was(page: Page, quick_start: Running) -> None:
    gateway = open_pubsub(page, quick_start, VIEWER, "stream.online.1", "raid.1")
    (first,) = gateway.sockets
    gateway.tell(first, "raid.1", {"type": "raid_update_v2", "n": 1})
    expect(entries(page, "MESSAGE", "raid_update_v2")).to_contain_text('"n": 1')
    gateway.say(first, type="RECONNECT")
    expect(entries(page, "LISTEN")).to_have_count(4)
    gateway.tell(gateway.sockets[1], "raid.1", {"n": 2})
    expect(entries(page, "MESSAGE", '"n": 2')).to_have_count(1)
    page.clock.fast_forward(250_000)
    expect(entries(page, "PONG")).to_have_count(1)
    gateway.is_deaf = True
    page.clock.fast_forward(250_000)
    expect(entries(page, "PING").first).to_be_visible()
    page.clock.fast_forward(11_000)
    page.clock.fast_forward(2_000)
    expect(entries(page, "LISTEN")).to_have_count(6)
    gateway.say(gateway.sockets[-1], type="AUTH_REVOKED", data={"topics": ["raid.1"]})
    expect(page.get_by_role("alert")).to_contain_text("hears this no longer")
    expect(page.locator("[data-listening] li")).to_have_count(1)


def test_a_move_over_pubsub_loses_nothing_and_repeats_nothing(
    page: Page, quick_start: Running
) -> None:
    gateway = open_pubsub(page, quick_start, VIEWER, "raid.1", "stream.online.1")
    (old,) = gateway.sockets
    closed: list[int | None] = []
    old.on_close(lambda code, _: closed.append(code))
    gateway.is_holding = True
    gateway.say(old, type="RECONNECT")
    expect(entries(page, "LISTEN")).to_have_count(4)
    young = gateway.sockets[1]
    seen = entries(page, "MESSAGE")
    # The one before goes on, and what both bring is seen once.
    for number, name in enumerate("aba", 1):
        gateway.tell(old, "raid.1", {"name": name})
        gateway.tell(young, "raid.1", {"name": name})
        gateway.tell(young, "stream.online.1", {"number": number})
        expect(seen).to_have_count(2 * number)
    assert closed == []
    gateway.release()
    wait_for(lambda: page.evaluate("true") and bool(closed), quick_start, 5)
    for number in (7, 8):
        gateway.tell(young, "raid.1", {"name": "a"})
        expect(seen).to_have_count(number)


def test_trouble_of_the_server_ends_no_topic(page: Page, quick_start: Running) -> None:
    gateway = open_pubsub(page, quick_start, VIEWER, "raid.1", "stream.online.1")
    gateway.errors = ["ERR_SERVER", "ERR_BADAUTH"]
    gateway.say(gateway.sockets[0], type="RECONNECT")
    expect(page.get_by_role("alert")).to_contain_text("You may not listen")
    expect(listened(page, "raid.1")).to_be_visible()
    expect(listened(page, "stream.online.1")).to_have_count(0)
    page.clock.fast_forward(3_000)
    expect(entries(page, "LISTEN")).to_have_count(5)
    # As well when the connection is a new one.
    gateway.errors = ["ERR_SERVER"]
    gateway.sockets[-1].close(code=1012)
    page.clock.fast_forward(2_000)
    expect(entries(page, "RESPONSE", "ERR_SERVER")).to_have_count(2)
    page.clock.fast_forward(3_000)
    expect(entries(page, "LISTEN")).to_have_count(7)
    gateway.tell(gateway.sockets[-1], "raid.1", {"n": 1})
    expect(entries(page, "MESSAGE", '"n": 1')).to_have_count(1)
