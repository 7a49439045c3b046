"""The old shapes of what moderators do and see, beside those of shapes.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from livestream.models import Heard

Event = Mapping[str, Any]
# PubSub's word where EventSub's is another.
_ACTIONS: Final = {
    "uniquechat": "r9kbeta",
    "uniquechatoff": "r9kbetaoff",
}
_TYPES: Final = {"ban_evader": "DETECTED_BAN_EVADER"}


def deed(event: Event, heard: Heard) -> dict[str, Any]:
    """`chat_moderator_actions`: who did what to whom."""
    action = text(event, "action")
    details = _part(event, action)
    data = {
        "type": "chat_login_moderation" if details.get("user_login") else "chat_channel_moderation",
        "moderation_action": _ACTIONS.get(action, action),
        "args": _arguments(details, heard),
        "created_by": text(event, "moderator_user_login"),
        "created_by_user_id": text(event, "moderator_user_id"),
        "created_at": heard.sent_at.isoformat(),
        "msg_id": text(details, "message_id"),
        "target_user_id": text(details, "user_id"),
        "target_user_login": text(details, "user_login"),
        "from_automod": False,
    }
    return {"type": "moderation_action", "data": data}


def held_back(event: Event, heard: Heard) -> dict[str, Any]:
    """`automod-queue`: a message that AutoMod holds back, and what became of it."""
    message = _part(event, "message")
    automod = _part(event, "automod")
    status = text(event, "status").upper()
    data = {
        "content_classification": {
            "category": text(automod, "category"),
            "level": automod.get("level") if isinstance(automod.get("level"), int) else 0,
        },
        "message": {
            "content": {
                "text": text(message, "text"),
                "fragments": _fragments(message),
            },
            "id": text(event, "message_id"),
            "sender": {
                "user_id": text(event, "user_id"),
                "login": text(event, "user_login"),
                "display_name": text(event, "user_name"),
                "chat_color": "",
            },
            "sent_at": text(event, "held_at") or heard.sent_at.isoformat(),
        },
        "reason_code": text(event, "reason"),
        "resolver_id": text(event, "moderator_user_id") if status else "",
        "resolver_login": text(event, "moderator_user_login") if status else "",
        # EventSub says approved, PubSub said ALLOWED.
        "status": {"": "PENDING", "APPROVED": "ALLOWED"}.get(status, status),
    }
    return {"type": "automod_caught_message", "data": data}


def own_held_back(event: Event, _heard: Heard) -> dict[str, Any]:
    """`user-moderation-notifications`: what became of one's own message."""
    status = text(event, "status").upper()
    data = {
        "message_id": text(event, "message_id"),
        "status": {"": "PENDING", "APPROVED": "ALLOWED"}.get(status, status),
    }
    return {"type": "automod_caught_message", "data": data}


def suspicious_message(event: Event, heard: Heard) -> dict[str, Any]:
    """`low-trust-users`: somebody suspicious writes."""
    message = _part(event, "message")
    data = {
        "low_trust_user": {
            "id": text(event, "user_id"),
            "low_trust_id": "",
            "channel_id": text(event, "broadcaster_user_id"),
            "sender": {
                "user_id": text(event, "user_id"),
                "login": text(event, "user_login"),
                "display_name": text(event, "user_name"),
                "chat_color": "",
                "badges": [],
            },
            "evaluated_at": "",
            "updated_at": heard.sent_at.isoformat(),
            "ban_evasion_evaluation": _evaluation(event),
            "treatment": _treatment(event),
            "updated_by": {"id": "", "login": "", "display_name": ""},
            "shared_ban_channel_ids": _list(event, "shared_ban_channel_ids"),
            "types": [_type(str(one)) for one in _list(event, "types")],
        },
        "message_content": {
            "text": text(message, "text"),
            "fragments": _fragments(message),
        },
        "message_id": text(message, "message_id"),
        "sent_at": heard.sent_at.isoformat(),
    }
    return {"type": "low_trust_user_new_message", "data": data}


def suspicious_update(event: Event, heard: Heard) -> dict[str, Any]:
    """`low-trust-users`: somebody becomes suspicious, or is no longer."""
    data = {
        "low_trust_id": "",
        "channel_id": text(event, "broadcaster_user_id"),
        "updated_by": {
            "id": text(event, "moderator_user_id"),
            "login": text(event, "moderator_user_login"),
            "display_name": text(event, "moderator_user_name"),
        },
        "updated_at": heard.sent_at.isoformat(),
        "target_user_id": text(event, "user_id"),
        "target_user": text(event, "user_login"),
        "treatment": _treatment(event),
        "types": [],
        "ban_evasion_evaluation": "",
        "evaluated_at": "",
    }
    return {"type": "low_trust_user_treatment_update", "data": data}


def text(event: Event, name: str) -> str:
    """A text of the event; "" where there is none."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def _type(word: str) -> str:
    return _TYPES.get(word, word.upper())


def _treatment(event: Event) -> str:
    status = text(event, "low_trust_status").upper()
    return "NO_TREATMENT" if status in ("", "NONE") else status


def _evaluation(event: Event) -> str:
    word = text(event, "ban_evasion_evaluation").upper()
    return f"{word}_EVADER" if word else ""


def _part(event: Event, name: str) -> Event:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _fragments(message: Event) -> list[dict[str, Any]]:
    found = _list(message, "fragments")
    return [{"text": text(one, "text")} for one in found if isinstance(one, dict)]


def _list(event: Event, name: str) -> list[Any]:
    value = event.get(name)
    return value if isinstance(value, list) else []


def _arguments(details: Event, heard: Heard) -> list[str]:
    """As somebody would have typed them: whom, how long, why."""
    found = [text(details, "user_login")]
    if until := _moment(text(details, "expires_at")):
        found.append(str(max(0, round((until - heard.sent_at).total_seconds()))))
    found += [
        str(details[name])
        for name in ("follow_duration_minutes", "wait_time_seconds")
        if isinstance(details.get(name), int)
    ]
    found += [text(details, name) for name in ("message_id", "message_body", "reason")]
    return [one for one in found if one]


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
