"""The messages about what goes on and what ends: the names of each event's fields.

Typed by hand from Twitch's reference.
"""

from __future__ import annotations

from typing import Any

import pytest

from simulator.testing import Simulator
from tests.conformance.topic_kinds import (
    BROADCASTER,
    CHANNEL,
    FROM_USER,
    MODERATED,
    READ,
    Kind,
    listening,
    naming,
)
from tests.conformance.topic_kinds import BY_BOB as BOB

POLL = {
    *BROADCASTER, "id", "title", "choices", "bits_voting", "channel_points_voting", "started_at",
}  # fmt: skip
PREDICTION = {*BROADCASTER, "id", "title", "outcomes", "started_at"}
TRAIN = {
    *BROADCASTER, "id", "total", "top_contributions", "level", "shared_train_participants",
    "started_at", "is_shared_train", "type",
}  # fmt: skip
GOAL = {
    *BROADCASTER, "id", "type", "description", "current_amount", "target_amount", "started_at",
}  # fmt: skip
HELD = {*FROM_USER, "message_id", "message"}
JUDGED = {*HELD, *naming("moderator_user"), "reason", "automod", "blocked_term", "held_at"}
# Type, condition, scope, order, names of the fields, and values that follow from the order.
SEQUELS: list[tuple[str, dict[str, str], str, dict[str, Any], set[str], dict[str, Any]]] = [
    ("channel.subscription.end", CHANNEL, "channel:read:subscriptions", BOB,
     {*FROM_USER, "tier", "is_gift"}, {"is_gift": False}),
    ("channel.channel_points_custom_reward_redemption.update", CHANNEL,
     "channel:read:redemptions", {**BOB, "status": "canceled"},
     {*FROM_USER, "id", "user_input", "status", "reward", "redeemed_at"},
     {"status": "canceled"}),
    ("channel.poll.progress", CHANNEL, "channel:read:polls", {}, POLL | {"ends_at"}, {}),
    ("channel.poll.end", CHANNEL, "channel:read:polls", {"status": "terminated"},
     POLL | {"ended_at", "status"}, {"status": "terminated"}),
    ("channel.prediction.progress", CHANNEL, "channel:read:predictions", {},
     PREDICTION | {"locks_at"}, {}),
    ("channel.prediction.lock", CHANNEL, "channel:read:predictions", {},
     PREDICTION | {"locked_at"}, {}),
    ("channel.prediction.end", CHANNEL, "channel:read:predictions", {},
     PREDICTION | {"winning_outcome_id", "status", "ended_at"},
     {"status": "resolved", "winning_outcome_id": "1"}),
    ("channel.hype_train.progress", CHANNEL, "channel:read:hype_train", {**BOB, "level": 3},
     TRAIN | {"progress", "goal", "expires_at"}, {"level": 3}),
    ("channel.hype_train.end", CHANNEL, "channel:read:hype_train", BOB,
     TRAIN | {"ended_at", "cooldown_ends_at"}, {"type": "regular"}),
    ("channel.goal.progress", CHANNEL, "channel:read:goals", {"current": 5}, GOAL,
     {"current_amount": 5}),
    ("channel.goal.end", CHANNEL, "channel:read:goals", {"current": 100},
     GOAL | {"is_achieved", "ended_at"}, {"is_achieved": True}),
    ("channel.shoutout.receive", MODERATED, "moderator:read:shoutouts",
     {"from": "bob_watches"},
     {*naming("broadcaster_user", "from_broadcaster_user"), "viewer_count", "started_at"},
     {"from_broadcaster_user_login": "bob_watches"}),
    ("channel.suspicious_user.update", MODERATED, "moderator:read:suspicious_users",
     {**BOB, "status": "restricted"},
     {*naming("broadcaster_user", "moderator_user", "user"), "low_trust_status"},
     {"low_trust_status": "restricted"}),
    ("channel.vip.add", CHANNEL, "channel:read:vips", BOB, set(FROM_USER), {}),
    ("channel.moderator.remove", CHANNEL, "moderation:read", BOB, set(FROM_USER), {}),
    ("channel.chat.user_message_update", READ, "user:read:chat",
     {**BOB, "text": "rude", "status": "denied"}, HELD | {"status"}, {"status": "denied"}),
    ("automod.message.update", MODERATED, "moderator:manage:automod",
     {**BOB, "text": "rude", "moderator": "grace_mods"}, JUDGED | {"status"},
     {"status": "approved", "moderator_user_login": "grace_mods"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "condition", "scope", "order", "fields", "wanted"),
    SEQUELS,
    ids=[row[0] for row in SEQUELS],
)
def test_event_as_documented(
    simulator: Simulator,
    name: str,
    condition: dict[str, str],
    scope: str,
    order: dict[str, Any],
    fields: set[str],
    wanted: dict[str, Any],
) -> None:
    kind = Kind(name, condition, (scope,), order, {})
    with listening(simulator, kind) as socket:
        simulator.control.event(name, "ada_streams", **order)
        event = socket.read("notification")["payload"]["event"]
    assert set(event) == fields
    assert {key: event[key] for key in wanted} == wanted
    assert f"In the channel of Ada_Streams: {name}." in simulator.http.get(simulator.url).text


@pytest.mark.parametrize(
    ("first", "then", "scope", "condition", "order", "key"),
    [
        ("channel.poll.begin", "channel.poll.end", "channel:read:polls", CHANNEL,
         {"title": "Tea?"}, "id"),
        ("automod.message.hold", "automod.message.update", "moderator:manage:automod", MODERATED,
         {**BOB, "text": "rude"}, "message_id"),
    ],
)  # fmt: skip
def test_the_same_one_goes_on(
    simulator: Simulator,
    first: str,
    then: str,
    scope: str,
    condition: dict[str, str],
    order: dict[str, str],
    key: str,
) -> None:
    found = []
    for name in (first, then):
        with listening(simulator, Kind(name, condition, (scope,), order, {})) as socket:
            simulator.control.event(name, "ada_streams", **order)
            found.append(socket.read("notification")["payload"]["event"][key])
    assert found[0] == found[1]
