"""What old programs read in a MESSAGE: EventSub's events in the shapes that PubSub had.

Source: Twitch's PubSub guide (gone) and what clients of it parsed. What EventSub does not tell is
left empty or 0, so that a client finds every field it reads. Where the old shape is not known,
and for topics in EventSub's spelling, the event goes out as EventSub has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from livestream import moderating_shapes
from livestream.models import Heard
from livestream.moderating_shapes import text
from livestream.topics import Topic
from streamwatch.twitch.eventsub import VERSIONS

Event = Mapping[str, Any]
Shape = Callable[[Event, Heard], dict[str, Any] | None]


def shaped(topic: Topic, heard: Heard) -> dict[str, Any] | None:
    """The payload for one who listens on `topic`; None when the topic did not tell this."""
    event = heard.event if isinstance(heard.event, dict) else {}
    shape = _SHAPES.get((topic.kind.word, heard.type))
    if shape is None:
        return _as_eventsub(event, heard)
    return shape(event, heard)


def _as_eventsub(event: Event, heard: Heard) -> dict[str, Any]:
    subscription = {
        "type": heard.type,
        "version": VERSIONS.get(heard.type, "1"),
        "condition": dict(parse_qsl(heard.condition_key)),
    }
    return {"message_id": heard.message_id, "subscription": subscription, "event": event}


def _whisper(event: Event, heard: Heard) -> dict[str, Any]:
    sender, receiver = text(event, "from_user_id"), text(event, "to_user_id")
    data = {
        "message_id": text(event, "whisper_id"),
        "id": 0,
        "thread_id": "_".join(sorted((sender, receiver))),
        "body": text(_part(event, "whisper"), "text"),
        "sent_ts": _seconds(heard.sent_at),
        "from_id": _number(sender),
        "tags": {
            "login": text(event, "from_user_login"),
            "display_name": text(event, "from_user_name"),
            "color": "",
            "user_type": "",
            "emotes": [],
            "badges": [],
        },
        "recipient": {
            "id": _number(receiver),
            "username": text(event, "to_user_login"),
            "display_name": text(event, "to_user_name"),
            "color": "",
            "user_type": "",
            "badges": [],
            "profile_image": None,
        },
        "nonce": "",
    }
    # The same twice, once as a text: clients read the one or the other.
    return {"type": "whisper_received", "data": json.dumps(data), "data_object": data}


def _bits(event: Event, heard: Heard) -> dict[str, Any]:
    bits = _count(event, "bits")
    is_anonymous = event.get("is_anonymous") is True
    data = {
        "user_name": None if is_anonymous else text(event, "user_login"),
        "channel_name": text(event, "broadcaster_user_login"),
        "user_id": None if is_anonymous else text(event, "user_id"),
        "channel_id": text(event, "broadcaster_user_id"),
        "time": _moment(heard.sent_at),
        "chat_message": text(event, "message"),
        "bits_used": bits,
        # All of the past is not told: it is this much at least.
        "total_bits_used": 0 if is_anonymous else bits,
        "is_anonymous": is_anonymous,
        "context": "cheer",
        "badge_entitlement": None,
    }
    return {
        "data": data,
        "version": "1.0",
        "message_type": "bits_event",
        "message_id": heard.message_id,
        "is_anonymous": is_anonymous,
    }


def _badge(event: Event, heard: Heard) -> dict[str, Any] | None:
    if event.get("notice_type") != "bits_badge_tier":
        return None
    is_anonymous = event.get("chatter_is_anonymous") is True
    data = {
        "user_id": "" if is_anonymous else text(event, "chatter_user_id"),
        "user_name": "" if is_anonymous else text(event, "chatter_user_login"),
        "channel_id": text(event, "broadcaster_user_id"),
        "channel_name": text(event, "broadcaster_user_login"),
        "badge_tier": _count(_part(event, "bits_badge_tier"), "tier"),
        "chat_message": text(_part(event, "message"), "text"),
        "time": _moment(heard.sent_at),
    }
    # The same twice: clients read the one or the other.
    return {
        **data,
        "data": data,
        "version": "1.0",
        "message_type": "bits_badge_unlock",
        "message_id": heard.message_id,
    }


def _redeemed(word: str) -> Shape:
    def shape(event: Event, heard: Heard) -> dict[str, Any]:
        reward = _part(event, "reward")
        told = {name: text(reward, name) for name in ("id", "title", "prompt")}
        said = text(event, "user_input")
        return _redemption(
            word,
            event,
            heard,
            reward={**told, "cost": _count(reward, "cost"), "is_user_input_required": bool(said)},
            user_input=said,
            status=text(event, "status").upper() or "UNFULFILLED",
        )

    return shape


def _redeemed_automatically(event: Event, heard: Heard) -> dict[str, Any]:
    """A reward of Twitch's own has a word in the place of an id, and is fulfilled at once."""
    reward = _part(event, "reward")
    kind = text(reward, "type")
    said = text(event, "user_input") or text(_part(event, "message"), "text")
    told = {"id": kind, "title": kind.replace("_", " ").capitalize(), "prompt": ""}
    return _redemption(
        "automatic-reward-redeemed",
        event,
        heard,
        reward={
            **told,
            "cost": _count(reward, "channel_points") or _count(reward, "cost"),
            "is_user_input_required": bool(said),
        },
        user_input=said,
        status="FULFILLED",
    )


def _redemption(
    word: str, event: Event, heard: Heard, *, reward: dict[str, Any], **more: object
) -> dict[str, Any]:
    channel_id = text(event, "broadcaster_user_id")
    redemption = {
        "id": text(event, "id"),
        "user": {
            "id": text(event, "user_id"),
            "login": text(event, "user_login"),
            "display_name": text(event, "user_name"),
        },
        "channel_id": channel_id,
        "redeemed_at": text(event, "redeemed_at") or _moment(heard.sent_at),
        "reward": {
            **reward,
            "channel_id": channel_id,
            "is_sub_only": False,
            "image": None,
            "default_image": _NO_IMAGE,
            "background_color": "",
            "is_enabled": True,
            "is_paused": False,
            "is_in_stock": True,
            "max_per_stream": {"is_enabled": False, "max_per_stream": 0},
            "should_redemptions_skip_request_queue": False,
        },
        **more,
    }
    return {
        "type": word,
        "data": {"timestamp": _moment(heard.sent_at), "redemption": redemption},
    }


def _new_sub(event: Event, heard: Heard) -> dict[str, Any] | None:
    # Who gave it is told once for all gifts of one person, see _gift().
    if event.get("is_gift") is True:
        return None
    return _sub(event, heard, context="sub", cumulative_months=1, streak_months=1)


def _sub_goes_on(event: Event, heard: Heard) -> dict[str, Any]:
    message = _part(event, "message")
    return {
        **_sub(
            event,
            heard,
            context="resub",
            cumulative_months=_count(event, "cumulative_months"),
            streak_months=_count(event, "streak_months"),
        ),
        "sub_message": {
            "message": text(message, "text"),
            "emotes": _emotes(message),
        },
    }


def _emotes(message: Event) -> list[dict[str, Any]]:
    """PubSub had `start` where EventSub has `begin`, and numbers for ids, as far as they are."""
    found = message.get("emotes")
    return [
        {
            "start": _count(one, "begin"),
            "end": _count(one, "end"),
            "id": _number(text(one, "id")) or text(one, "id"),
        }
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    ]


def _gift(event: Event, heard: Heard) -> dict[str, Any]:
    """EventSub tells the giver and how many; to whom each went it does not say with that."""
    is_anonymous = event.get("is_anonymous") is True
    return {
        **_sub(event, heard, context="anonsubgift" if is_anonymous else "subgift", is_gift=True),
        "months": 1,
        "recipient_id": "",
        "recipient_user_name": "",
        "recipient_display_name": "",
        "multi_month_duration": 1,
        "total": _count(event, "total"),
    }


def _sub(event: Event, heard: Heard, *, context: str, **more: object) -> dict[str, Any]:
    return {
        "user_name": text(event, "user_login"),
        "display_name": text(event, "user_name"),
        "channel_name": text(event, "broadcaster_user_login"),
        "user_id": text(event, "user_id"),
        "channel_id": text(event, "broadcaster_user_id"),
        "time": _moment(heard.sent_at),
        "sub_plan": text(event, "tier") or "1000",
        "sub_plan_name": "",
        "context": context,
        "is_gift": False,
        "sub_message": {"message": "", "emotes": []},
        **more,
    }


def _stream_up(_event: Event, heard: Heard) -> dict[str, Any]:
    return {"type": "stream-up", "server_time": _seconds(heard.sent_at), "play_delay": 0}


def _stream_down(_event: Event, heard: Heard) -> dict[str, Any]:
    return {"type": "stream-down", "server_time": _seconds(heard.sent_at)}


def _settings(event: Event, _heard: Heard) -> dict[str, Any]:
    """What was before EventSub does not tell."""
    return {
        "channel_id": text(event, "broadcaster_user_id"),
        "type": "broadcast_settings_update",
        "channel": text(event, "broadcaster_user_login"),
        "old_status": "",
        "status": text(event, "title"),
        "old_game": "",
        "game": text(event, "category_name"),
        "old_game_id": 0,
        "game_id": _number(text(event, "category_id")),
    }


def _follower(event: Event, _heard: Heard) -> dict[str, Any]:
    return {
        "display_name": text(event, "user_name"),
        "username": text(event, "user_login"),
        "user_id": text(event, "user_id"),
    }


def _raid(event: Event, heard: Heard) -> dict[str, Any]:
    raider = text(event, "from_broadcaster_user_id")
    raid = {
        "id": heard.message_id,
        "creator_id": raider,
        "source_id": raider,
        "target_id": text(event, "to_broadcaster_user_id"),
        "target_login": text(event, "to_broadcaster_user_login"),
        "target_display_name": text(event, "to_broadcaster_user_name"),
        "target_profile_image": "",
        "transition_jitter_seconds": 0,
        "force_raid_now_seconds": 0,
        "viewer_count": _count(event, "viewers"),
    }
    return {"type": "raid_go_v2", "raid": raid}


def _part(event: Event, name: str) -> Event:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _count(event: Event, name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


# What Twitch shows for a reward without an image.
_NO_IMAGE: Final = {
    f"url_{size}x": f"https://static-cdn.jtvnw.net/custom-reward-images/default-{size}.png"
    for size in (1, 2, 4)
}
_POINTS: Final = "channel.channel_points_custom_reward_redemption"
_OWN_POINTS: Final = "channel.channel_points_automatic_reward_redemption.add"
_SHAPES: dict[tuple[str, str], Shape] = {
    ("whispers", "user.whisper.message"): _whisper,
    ("channel-bits-events-v1", "channel.cheer"): _bits,
    ("channel-bits-events-v2", "channel.cheer"): _bits,
    ("channel-bits-badge-unlocks", "channel.chat.notification"): _badge,
    ("channel-subscribe-events-v1", "channel.subscribe"): _new_sub,
    ("channel-subscribe-events-v1", "channel.subscription.message"): _sub_goes_on,
    ("channel-subscribe-events-v1", "channel.subscription.gift"): _gift,
    ("chat_moderator_actions", "channel.moderate"): moderating_shapes.deed,
    ("automod-queue", "automod.message.hold"): moderating_shapes.held_back,
    ("automod-queue", "automod.message.update"): moderating_shapes.held_back,
    ("low-trust-users", "channel.suspicious_user.message"): moderating_shapes.suspicious_message,
    ("low-trust-users", "channel.suspicious_user.update"): moderating_shapes.suspicious_update,
    **{
        ("user-moderation-notifications", f"channel.chat.user_message_{what}"): (
            moderating_shapes.own_held_back
        )
        for what in ("hold", "update")
    },
    ("following", "channel.follow"): _follower,
    ("raid", "channel.raid"): _raid,
    **{
        (word, f"{_POINTS}.{what}"): _redeemed(kind)
        for word in ("channel-points-channel-v1", "community-points-channel-v1")
        for what, kind in (("add", "reward-redeemed"), ("update", "redemption-status-update"))
    },
    **{
        (word, _OWN_POINTS): _redeemed_automatically
        for word in ("channel-points-channel-v1", "community-points-channel-v1")
    },
    **{
        (word, f"stream.{what}"): shape
        for word in ("video-playback", "video-playback-by-id")
        for what, shape in (("online", _stream_up), ("offline", _stream_down))
    },
    **{
        (word, "channel.update"): _settings
        for word in ("broadcast-settings-update", "stream-change-by-channel")
    },
}
