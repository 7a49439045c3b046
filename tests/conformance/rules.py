"""Rules of Twitch's that StreamWatch relies on, each as a check that asserts it."""

from __future__ import annotations

import hashlib
import hmac

from simulator.testing import Simulator
from tests.simulator.callbacks import SECRET, Callback, body_of, subscribe

ADA = "700000001"


def signature(simulator: Simulator, callback: Callback) -> None:
    """HMAC-SHA256 over id, timestamp and raw body, in this order."""
    subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
    simulator.control.settled(simulator.control.event("stream.online", "ada_streams"))
    assert len(callback.received) >= 2
    for one in callback.received:
        signed = (
            one.headers["twitch-eventsub-message-id"].encode()
            + one.headers["twitch-eventsub-message-timestamp"].encode()
            + one.raw
        )
        wanted = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert one.headers["twitch-eventsub-message-signature"] == f"sha256={wanted}"


def repeat(simulator: Simulator, callback: Callback) -> None:
    """What is sent again carries the id it had."""
    subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
    answers = iter([500, 500, 204])
    callback.answer_others = lambda _: (next(answers), "text/plain", b"")
    ids = simulator.control.event("stream.online", "ada_streams")
    simulator.control.settled(ids)
    assert [one.id for one in callback.of_kind("notification")] == ids * 3


def order(simulator: Simulator, callback: Callback) -> None:
    """One subscription's messages come in the order in which things happened."""
    subscribe(simulator, callback, "channel.update", broadcaster_user_id=ADA)
    titles = [f"title {number}" for number in range(8)]
    ids = [
        simulator.control.event("channel.update", "ada_streams", title=title)[0] for title in titles
    ]
    simulator.control.settled(ids)
    told = [one.body["event"]["title"] for one in callback.of_kind("notification")]
    assert told == titles


def paging(simulator: Simulator, callback: Callback) -> None:
    """Page by page everything is found, once."""
    token = simulator.log_in("ada_streams", "user:read:follows")["access_token"]
    params = {"user_id": ADA, "first": "4"}
    found: list[str] = []
    while True:
        body = simulator.helix("GET", "/channels/followed", token=token, params=params).json()
        found += [one["broadcaster_id"] for one in body["data"]]
        if not body["pagination"]:
            break
        params["after"] = body["pagination"]["cursor"]
    assert len(found) == len(set(found)) == body["total"] > 4


def conflict(simulator: Simulator, callback: Callback) -> None:
    """The same subscription again is refused with 409 and the id of the first."""
    made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
    body = body_of("stream.online", {"broadcaster_user_id": ADA}, callback.url)
    token = simulator.app_token()
    again = simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)
    assert again.status_code == 409
    assert again.json()["id"] == made
