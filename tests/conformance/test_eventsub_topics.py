"""The messages that topics are made of, over WebSocket: one test a row of KINDS.

Read besides by twitchAPI's models, where it has those of the same version.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.testing import NotDone, Simulator
from tests.conformance.topic_kinds import BY_BOB, KINDS, Kind, listening


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_event_as_documented(simulator: Simulator, kind: Kind) -> None:
    with listening(simulator, kind) as socket:
        simulator.control.event(kind.name, "ada_streams", **kind.order)
        payload = socket.read("notification")["payload"]
    event = payload["event"]
    assert {name: type(value) for name, value in event.items()} == kind.fields
    assert {name: event[name] for name in kind.wanted} == kind.wanted
    if kind.model is not None:
        parsed = kind.model(**payload).event  # type: ignore[attr-defined]  # each has one
        read = {name for name in type(parsed)._get_annotations() if name in event}
        assert set(event) - read <= {"streak_months", "custom_power_up"} | {
            name for name in event if name.startswith(("source_", "shared_chat", "channel_points"))
        }
        assert parsed.broadcaster_user_login == "ada_streams"


def test_of_a_reward_only_the_wanted_one_is_told(simulator: Simulator) -> None:
    kind = next(one for one in KINDS if "redemption" in one.name)
    with listening(simulator, kind) as socket:
        simulator.control.event(kind.name, "ada_streams", user="bob_watches", reward="Tea")
        tea = socket.read("notification")["payload"]["event"]["reward"]["id"]
    with listening(simulator, kind, reward_id=tea) as socket:
        for reward in ("Coffee", "Tea"):
            simulator.control.event(kind.name, "ada_streams", user="bob_watches", reward=reward)
        assert socket.read("notification")["payload"]["event"]["reward"]["title"] == "Tea"


def test_the_control_page_has_a_sentence_for_each(simulator: Simulator) -> None:
    for kind in KINDS:
        simulator.control.event(kind.name, "ada_streams", **kind.order)
    assert simulator.http.get(simulator.url).status_code == 200


@pytest.mark.parametrize(
    ("kind", "order", "field"),
    [
        ("channel.cheer", {"bits": "many"}, "bits"),
        ("channel.cheer", {"user": "nobody_at_all"}, "user"),
        ("channel.subscribe", {**BY_BOB, "tier": "4000"}, "tier"),
        ("channel.poll.begin", {"choices": "only one"}, "choices"),
        ("channel.moderate", {**BY_BOB, "moderator": "bob_watches"}, "moderator"),
        ("channel.moderate", {"action": "ban"}, "user"),
        ("channel.chat.message", {"user": "bob_watches"}, "text"),
        ("channel.goal.begin", {"text": "x" * 41}, "text"),
        ("channel.hype_train.begin", {**BY_BOB, "text": "x"}, "text"),
    ],
)
def test_a_bad_order_names_its_field(
    simulator: Simulator, kind: str, order: dict[str, Any], field: str
) -> None:
    with pytest.raises(NotDone, match=f'"field":"{field}"'):
        simulator.control.event(kind, "ada_streams", **order)
