"""Old payloads: each field that clients of PubSub read, made from EventSub's events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from livestream.catalogue import KINDS
from livestream.models import Heard
from livestream.shapes import _SHAPES, shaped
from livestream.topics import Topic

SENT = datetime(2026, 11, 28, 20, 0, 0, 500000, tzinfo=UTC)
WHO = {"user_id": "5", "user_login": "bob", "user_name": "Bob"}
WHERE = {
    "broadcaster_user_id": "7",
    "broadcaster_user_login": "ada",
    "broadcaster_user_name": "Ada",
}
WORDS = {kind.word: kind for kind in KINDS}
ODD: tuple[Any, ...] = ({}, [], None, 5, "x", True)


def told(word: str, type_name: str, event: Any) -> Any:
    kind = WORDS[word]
    topic = Topic(kind, ("7",) * len(kind.whose))
    return shaped(topic, Heard("m-1", type_name, "broadcaster_user_id=7", SENT, event))


def test_a_whisper_comes_as_text_and_as_object() -> None:
    event = {
        "from_user_id": "5",
        "from_user_login": "bob",
        "from_user_name": "Bob",
        "to_user_id": "44",
        "to_user_login": "ada",
        "to_user_name": "Ada",
        "whisper_id": "w-1",
        "whisper": {"text": "hello \u2728"},
    }
    payload = told("whispers", "user.whisper.message", event)
    assert payload["type"] == "whisper_received"
    data = json.loads(payload["data"])
    assert data == payload["data_object"]
    assert (data["body"], data["message_id"], data["from_id"]) == ("hello \u2728", "w-1", 5)
    assert data["thread_id"] == "44_5"
    assert data["tags"]["display_name"] == "Bob"
    assert data["recipient"] == {
        "id": 44,
        "username": "ada",
        "display_name": "Ada",
        "color": "",
        "user_type": "",
        "badges": [],
        "profile_image": None,
    }
    assert data["sent_ts"] == int(SENT.timestamp())


@pytest.mark.parametrize("word", ["channel-bits-events-v1", "channel-bits-events-v2"])
def test_bits(word: str) -> None:
    event = {**WHERE, **WHO, "bits": 100, "message": "cheer100", "is_anonymous": False}
    payload = told(word, "channel.cheer", event)
    assert (payload["version"], payload["message_type"]) == ("1.0", "bits_event")
    assert payload["message_id"] == "m-1"
    data = payload["data"]
    assert (data["bits_used"], data["user_name"], data["channel_id"]) == (100, "bob", "7")
    assert (data["chat_message"], data["context"]) == ("cheer100", "cheer")
    assert data["time"] == "2026-11-28T20:00:00.500Z"


def test_bits_of_nobody_name_nobody() -> None:
    event = {**WHERE, "user_id": None, "user_login": None, "bits": 1, "is_anonymous": True}
    data = told("channel-bits-events-v2", "channel.cheer", event)["data"]
    assert (data["user_id"], data["user_name"], data["is_anonymous"]) == (None, None, True)


def test_only_bits_badges_of_what_the_chat_announces() -> None:
    event = {
        **WHERE,
        "chatter_user_id": "5",
        "chatter_user_login": "bob",
        "notice_type": "bits_badge_tier",
        "bits_badge_tier": {"tier": 1000},
        "message": {"text": "thanks"},
    }
    payload = told("channel-bits-badge-unlocks", "channel.chat.notification", event)
    for found in (payload, payload["data"]):
        assert (found["badge_tier"], found["user_name"]) == (1000, "bob")
    other = {**event, "notice_type": "raid"}
    assert told("channel-bits-badge-unlocks", "channel.chat.notification", other) is None


@pytest.mark.parametrize(
    ("last", "kind", "status"),
    [("add", "reward-redeemed", "unfulfilled"), ("update", "redemption-status-update", "canceled")],
)
def test_points(last: str, kind: str, status: str) -> None:
    event = {
        **WHERE,
        **WHO,
        "id": "r-1",
        "user_input": "hi",
        "status": status,
        "reward": {"id": "w", "title": "Hydrate", "cost": 50, "prompt": "drink"},
        "redeemed_at": "2026-11-28T19:59:59Z",
    }
    type_name = f"channel.channel_points_custom_reward_redemption.{last}"
    payload = told("channel-points-channel-v1", type_name, event)
    assert payload["type"] == kind
    redemption = payload["data"]["redemption"]
    assert redemption["user"] == {"id": "5", "login": "bob", "display_name": "Bob"}
    assert (redemption["reward"]["title"], redemption["reward"]["cost"]) == ("Hydrate", 50)
    assert (redemption["status"], redemption["user_input"]) == (status.upper(), "hi")


@pytest.mark.parametrize("word", ["channel-points-channel-v1", "community-points-channel-v1"])
def test_rewards_of_twitchs_own_have_every_field_of_the_others(word: str) -> None:
    event = {
        **WHERE,
        **WHO,
        "id": "r-2",
        "reward": {"type": "send_highlighted_message", "channel_points": 300, "emote": None},
        "message": {"text": "look", "fragments": [{"type": "text", "text": "look"}]},
        "redeemed_at": "2026-11-28T19:59:59Z",
    }
    payload = told(word, "channel.channel_points_automatic_reward_redemption.add", event)
    custom = told(word, "channel.channel_points_custom_reward_redemption.add", {**WHERE, **WHO})
    assert payload["type"] == "automatic-reward-redeemed"
    redemption, other = payload["data"]["redemption"], custom["data"]["redemption"]
    assert payload["data"].keys() == custom["data"].keys()
    assert redemption.keys() == other.keys()
    assert redemption["reward"].keys() == other["reward"].keys()
    assert redemption["user"] == {"id": "5", "login": "bob", "display_name": "Bob"}
    reward = redemption["reward"]
    assert (reward["title"], reward["cost"]) == ("Send highlighted message", 300)
    assert (redemption["user_input"], redemption["status"]) == ("look", "FULFILLED")
    assert reward["default_image"]["url_1x"].startswith("https://")


def test_paid_subs() -> None:
    new = told("channel-subscribe-events-v1", "channel.subscribe", {**WHERE, **WHO, "tier": "2000"})
    assert (new["context"], new["sub_plan"], new["user_name"]) == ("sub", "2000", "bob")
    assert (new["cumulative_months"], new["streak_months"]) == (1, 1)
    emotes = [{"begin": 0, "end": 1, "id": "25"}, {"begin": 3, "end": 4, "id": "emotesv2_a"}]
    again = told(
        "channel-subscribe-events-v1",
        "channel.subscription.message",
        {**WHERE, **WHO, "cumulative_months": 9, "message": {"text": "hi", "emotes": emotes}},
    )
    assert (again["context"], again["cumulative_months"]) == ("resub", 9)
    assert again["sub_message"] == {
        "message": "hi",
        "emotes": [{"start": 0, "end": 1, "id": 25}, {"start": 3, "end": 4, "id": "emotesv2_a"}],
    }


def test_gifts_are_told_once_with_their_giver() -> None:
    word = "channel-subscribe-events-v1"
    gift = told(word, "channel.subscription.gift", {**WHERE, **WHO, "total": 5, "tier": "1000"})
    assert (gift["context"], gift["is_gift"], gift["total"]) == ("subgift", True, 5)
    assert told(word, "channel.subscribe", {**WHERE, **WHO, "is_gift": True}) is None
    nobody = told(word, "channel.subscription.gift", {**WHERE, "is_anonymous": True})
    assert (nobody["context"], nobody["user_name"]) == ("anonsubgift", "")


def test_playback() -> None:
    for word in ("video-playback", "video-playback-by-id"):
        assert told(word, "stream.online", WHERE)["type"] == "stream-up"
        down = told(word, "stream.offline", WHERE)
        assert down == {"type": "stream-down", "server_time": int(SENT.timestamp())}


def test_moderation() -> None:
    event = {
        **WHERE,
        "moderator_user_id": "8",
        "moderator_user_login": "grace",
        "action": "timeout",
        "timeout": {**WHO, "reason": "rude", "expires_at": "2026-11-28T20:10:00.5Z"},
    }
    data = told("chat_moderator_actions", "channel.moderate", event)["data"]
    assert (data["moderation_action"], data["created_by"]) == ("timeout", "grace")
    assert data["args"] == ["bob", "600", "rude"]
    assert (data["target_user_id"], data["type"]) == ("5", "chat_login_moderation")
    room = {**event, "action": "slow", "slow": {"wait_time_seconds": 30}}
    data = told("chat_moderator_actions", "channel.moderate", room)["data"]
    assert (data["args"], data["type"]) == (["30"], "chat_channel_moderation")


def test_automod() -> None:
    event = {
        **WHERE,
        **WHO,
        "message_id": "x",
        "message": {"text": "bad", "fragments": [{"type": "text", "text": "bad"}]},
        "automod": {"category": "swearing", "level": 4},
        "held_at": "2026-11-28T20:00:00Z",
    }
    held = told("automod-queue", "automod.message.hold", event)
    assert held["type"] == "automod_caught_message"
    assert held["data"]["status"] == "PENDING"
    assert held["data"]["message"]["content"] == {"text": "bad", "fragments": [{"text": "bad"}]}
    let = {**event, "status": "approved", "moderator_user_id": "8"}
    data = told("automod-queue", "automod.message.update", let)["data"]
    assert (data["status"], data["resolver_id"]) == ("ALLOWED", "8")


def test_suspicious_people() -> None:
    event = {
        **WHERE,
        **WHO,
        "low_trust_status": "restricted",
        "types": ["manually_added", "ban_evader"],
    }
    payload = told("low-trust-users", "channel.suspicious_user.message", event)
    user = payload["data"]["low_trust_user"]
    assert (user["treatment"], user["types"]) == (
        "RESTRICTED",
        ["MANUALLY_ADDED", "DETECTED_BAN_EVADER"],
    )
    update = told("low-trust-users", "channel.suspicious_user.update", {**event})
    assert update["data"]["target_user"] == "bob"


def test_other_old_ones() -> None:
    update = {**WHERE, "title": "new", "category_id": "33", "category_name": "Chess"}
    changed = told("broadcast-settings-update", "channel.update", update)
    assert (changed["status"], changed["game"], changed["game_id"]) == ("new", "Chess", 33)
    follower = told("following", "channel.follow", {**WHERE, **WHO})
    assert follower == {"display_name": "Bob", "username": "bob", "user_id": "5"}
    event = {"from_broadcaster_user_id": "7", "to_broadcaster_user_login": "carla", "viewers": 12}
    raid = told("raid", "channel.raid", event)["raid"]
    assert (raid["source_id"], raid["target_login"], raid["viewer_count"]) == ("7", "carla", 12)


def test_topics_in_the_new_spelling_tell_the_event_as_it_is() -> None:
    payload = told("stream.online", "stream.online", WHERE)
    assert payload["event"] == WHERE
    assert payload["subscription"] == {
        "type": "stream.online",
        "version": "1",
        "condition": {"broadcaster_user_id": "7"},
    }


def test_no_odd_event_is_an_error() -> None:
    names = {
        *WHERE,
        *WHO,
        *("message", "whisper", "reward", "automod", "action", "timeout", "types", "bits"),
        *("status", "tier", "viewers", "shared_ban_channel_ids", "bits_badge_tier"),
        *("emotes", "channel_points", "type", "user_input"),
    }
    for word, type_name in _SHAPES:
        for odd in ODD:
            assert told(word, type_name, odd) is None or json.dumps(told(word, type_name, odd))
            event = {**dict.fromkeys(names, odd), "notice_type": "bits_badge_tier"}
            json.dumps(told(word, type_name, event))
