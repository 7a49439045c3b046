"""EventSub's messages as a table: the fields of each type's event, one test a row.

Typed by hand from TWITCH.md section 3.5; read besides by twitchAPI's own models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from twitchAPI.object import eventsub as models
from twitchAPI.object.base import TwitchObject

from simulator.testing import Simulator
from tests.simulator.callbacks import Callback, subscribe

ADA, BOB = "700000001", "700000002"


def naming(prefix: str) -> dict[str, type]:
    """The three fields that name a person."""
    return {f"{prefix}_id": str, f"{prefix}_login": str, f"{prefix}_name": str}


@dataclass(frozen=True)
class Kind:
    """One type of subscription, the condition that finds Ada or Bob, and what sets it off."""

    name: str
    version: str
    condition: dict[str, str]
    model: type[TwitchObject]
    fields: dict[str, type]
    order: dict[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    cost: int = 0

    def __str__(self) -> str:
        return f"{self.name} v{self.version} {','.join(self.condition)}"


KINDS = [
    Kind(
        name="stream.online",
        version="1",
        condition={"broadcaster_user_id": ADA},
        model=models.StreamOnlineEvent,
        fields={"id": str, **naming("broadcaster_user"), "type": str, "started_at": str},
        cost=1,
    ),
    Kind(
        name="stream.offline",
        version="1",
        condition={"broadcaster_user_id": ADA},
        model=models.StreamOfflineEvent,
        fields={"id": str, **naming("broadcaster_user")},
        cost=1,
    ),
    Kind(
        name="channel.update",
        version="2",
        condition={"broadcaster_user_id": ADA},
        model=models.ChannelUpdateEvent,
        fields={
            **naming("broadcaster_user"),
            "title": str,
            "language": str,
            "category_id": str,
            "category_name": str,
            "content_classification_labels": list,
        },
        order={"title": "ゼルダ & <i>more</i> 🎮", "category": "Elden Ring"},
        cost=1,
    ),
    *(
        Kind(
            name="channel.raid",
            version="1",
            condition=condition,
            model=models.ChannelRaidEvent,
            fields={
                **naming("from_broadcaster_user"),
                **naming("to_broadcaster_user"),
                "viewers": int,
            },
            order={"to": "bob_watches", "viewers": 42},
            cost=1,
        )
        for condition in ({"from_broadcaster_user_id": ADA}, {"to_broadcaster_user_id": BOB})
    ),
    Kind(
        name="user.update",
        version="1",
        condition={"user_id": ADA},
        model=models.UserUpdateEvent,
        fields={**naming("user"), "email": str, "email_verified": bool, "description": str},
        order={"name": "ADA_STREAMS"},
        cost=1,
    ),
    Kind(
        name="channel.follow",
        version="2",
        condition={"broadcaster_user_id": ADA, "moderator_user_id": ADA},
        model=models.ChannelFollowEvent,
        fields={**naming("user"), **naming("broadcaster_user"), "followed_at": str},
        order={"user": "bob_watches"},
        scopes=("moderator:read:followers",),
    ),
    Kind(
        name="user.whisper.message",
        version="1",
        condition={"user_id": BOB},
        model=models.UserWhisperMessageEvent,
        fields={
            **naming("from_user"),
            **naming("to_user"),
            "whisper_id": str,
            "whisper": dict,
        },
        order={"to": "bob_watches", "text": "hello 👋"},
        scopes=("user:read:whispers",),
    ),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def told(simulator: Simulator, callback: Callback, kind: Kind) -> dict[str, Any]:
    """The body of the one message that comes of it."""
    if kind.scopes:
        person = "bob_watches" if kind.condition.get("user_id") == BOB else "ada_streams"
        simulator.log_in(person, *kind.scopes)
    subscribe(simulator, callback, kind.name, **kind.condition)
    simulator.control.event(kind.name, "ada_streams", **kind.order)
    (received,) = callback.wait(1)
    return received.body


@each_kind
def test_event_fields(simulator: Simulator, callback: Callback, kind: Kind) -> None:
    event = told(simulator, callback, kind)["event"]
    assert {name: type(value) for name, value in event.items()} == kind.fields
    for name, wanted in kind.order.items():
        if name in event and name not in ("to", "user"):
            assert event[name] == wanted


@each_kind
def test_subscription_in_the_message(simulator: Simulator, callback: Callback, kind: Kind) -> None:
    subscription = told(simulator, callback, kind)["subscription"]
    assert subscription | {"id": "", "created_at": ""} == {
        "id": "",
        "status": "enabled",
        "type": kind.name,
        "version": kind.version,
        "condition": kind.condition,
        "transport": {"method": "webhook", "callback": callback.url},
        "created_at": "",
        "cost": kind.cost,
    }


@each_kind
def test_another_projects_models_read_it(
    simulator: Simulator, callback: Callback, kind: Kind
) -> None:
    body = told(simulator, callback, kind)
    parsed = kind.model(**body)
    event = parsed.event  # type: ignore[attr-defined]  # each of these models has one
    for name in type(event)._get_annotations():
        value = getattr(event, name)
        if isinstance(value, datetime):
            assert value.isoformat()[:19] == body["event"][name][:19]
        elif not isinstance(value, TwitchObject):
            assert value == body["event"][name]
    assert parsed.subscription.cost == kind.cost  # type: ignore[attr-defined]


def test_user_update_tells_the_email_to_who_may_see_it(
    simulator: Simulator, callback: Callback
) -> None:
    subscribe(simulator, callback, "user.update", user_id=ADA)
    simulator.control.event("user.update", "ada_streams", name="Ada1")
    simulator.log_in("ada_streams", "user:read:email")
    simulator.control.event("user.update", "ada_streams", name="Ada2")
    emails = {
        one.body["event"]["user_name"]: one.body["event"]["email"] for one in callback.wait(2)
    }
    assert emails == {"Ada1": "", "Ada2": "ada@example.com"}
