"""Messages that lie in the inbox already."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.factories import make_message
from tests.webhooks.sending import online_body
from webhooks.models import InboxMessage


def online(twitch_id: str, stream_id: str, **fields: Any) -> InboxMessage:
    """A message in the inbox: `twitch_id` went live."""
    event = {
        "id": stream_id,
        "broadcaster_user_id": twitch_id,
        "broadcaster_user_login": f"login_{twitch_id}",
        "broadcaster_user_name": f"Login_{twitch_id}",
        "type": "live",
        "started_at": "2026-11-24T10:11:12.123Z",
    }
    return make_message(body=online_body(event=event), **fields)


def claimed(claim: str = "mine") -> dict[str, Any]:
    """As the inbox leaves a message to the process that took it in."""
    return {"claim": claim, "claimed_at": timezone.now()}
