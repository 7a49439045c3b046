"""Rows for tests, with defaults in one place."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import FOLLOWERS, Grant, User
from activity.models import Activity, Broadcast, Follow, FollowerCount, Ring, Segment
from subscriptions.models import EventSubSubscription, EventSubWant, Streamer, Subscription
from webhooks.models import InboxMessage

_numbers = itertools.count(1000)
CONSENTED = ("moderator:read:followers", "user:read:email", "user:read:follows")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_user(**fields: Any) -> User:
    number = next(_numbers)
    defaults = {"login": f"viewer_{number}", "display_name": f"Viewer_{number}"}
    return User.objects.create_user(fields.pop("twitch_id", str(number)), **{**defaults, **fields})


def make_streamer(**fields: Any) -> Streamer:
    number = next(_numbers)
    defaults = {
        "twitch_id": str(number),
        "login": f"streamer_{number}",
        "display_name": f"Streamer_{number}",
        "title": "a title",
        "category_id": "509658",
        "category_name": "Just Chatting",
        "name_as_of": LONG_AGO,
        "live_as_of": LONG_AGO,
        "title_as_of": LONG_AGO,
        "category_as_of": LONG_AGO,
        "changed_at": LONG_AGO,
    }
    return Streamer.objects.create(**{**defaults, **fields})


def make_subscription(
    *, user: User | None = None, streamer: Streamer | None = None
) -> Subscription:
    return Subscription.objects.create(
        user=user or make_user(), streamer=streamer or make_streamer()
    )


def make_want(*, subscription: Subscription, **fields: Any) -> EventSubWant:
    subject = subscription.streamer.twitch_id
    defaults = {
        "type": "stream.online",
        "condition": {"broadcaster_user_id": subject},
        "condition_key": f"broadcaster_user_id={subject}",
        "subject_id": subject,
        "owner_kind": EventSubWant.OwnerKind.SUBSCRIPTION,
        "owner_id": subscription.pk,
    }
    return EventSubWant.objects.create(**{**defaults, **fields})


def make_grant(*scopes: str, **fields: Any) -> Grant:
    """Of a new viewer with that `twitch_id`, unless `user` is given; it shows followers."""
    user = fields.pop("user", None) or make_user(
        **{name: fields.pop(name) for name in ("twitch_id", "login") if name in fields}
    )
    scopes = scopes or CONSENTED
    fields.setdefault("showed_followers", FOLLOWERS in scopes)
    return Grant.objects.create(user=user, scopes=list(scopes), **fields)


def make_promise(*, subject_id: str, **fields: Any) -> EventSubSubscription:
    defaults = {
        "type": "stream.online",
        "condition_key": f"broadcaster_user_id={subject_id}",
        "twitch_id": f"promise-{next(_numbers)}",
        "status": "enabled",
        "changed_at": LONG_AGO,
    }
    return EventSubSubscription.objects.create(subject_id=subject_id, **{**defaults, **fields})


def make_activity(*, streamer: Streamer | None = None, **fields: Any) -> Activity:
    """An `online` one minute ago, announced; keeps the streamer's `last_activity_at` true."""
    streamer = streamer or make_streamer()
    occurred_at = fields.pop("occurred_at", timezone.now() - timedelta(minutes=1))
    defaults = {
        "kind": Activity.Kind.ONLINE,
        "dedupe_key": f"online:{next(_numbers)}",
        "details": {"title": "a title", "category": "Just Chatting"},
        "source": Activity.Source.PUSH,
        "recorded_at": occurred_at,
        "announced_at": occurred_at,
        "changed_at": occurred_at,
    }
    activity = Activity.objects.create(
        streamer=streamer, occurred_at=occurred_at, **{**defaults, **fields}
    )
    if streamer.last_activity_at is None or streamer.last_activity_at < occurred_at:
        streamer.last_activity_at = occurred_at
        streamer.save(update_fields=["last_activity_at"])
    return activity


def make_follow(*, streamer: Streamer | None = None, **fields: Any) -> Follow:
    """Somebody new follows the streamer, taken a moment ago, of an Activity that is gone."""
    now = timezone.now()
    defaults = {"kind": "follower", "actor_twitch_id": str(next(_numbers))}
    moments = {"followed_at": now.replace(microsecond=0), "taken_at": now}
    return Follow.objects.create(
        streamer=streamer or make_streamer(), **{**defaults, **moments, **fields}
    )


def make_broadcast(*, streamer: Streamer | None = None, **fields: Any) -> Broadcast:
    """With one Segment, as long as it; on the air since an hour ago."""
    streamer = streamer or make_streamer()
    began_at = fields.pop("began_at", timezone.now() - timedelta(hours=1))
    stream_id = fields.pop("stream_id", f"stream-{next(_numbers)}")
    broadcast = Broadcast.objects.create(streamer=streamer, began_at=began_at, **fields)
    make_segment(
        broadcast=broadcast, stream_id=stream_id, began_at=began_at, ended_at=broadcast.ended_at
    )
    return broadcast


def make_segment(*, broadcast: Broadcast, **fields: Any) -> Segment:
    defaults = {
        "stream_id": f"stream-{next(_numbers)}",
        "is_beginning_known": True,
        "seen_at": fields["began_at"],
        "ended_at": None,
        "is_end_known": fields.get("ended_at") is not None,
    }
    return Segment.objects.create(
        broadcast=broadcast, streamer=broadcast.streamer, **{**defaults, **fields}
    )


def make_ring(**fields: Any) -> Ring:
    return Ring.objects.create(**{"due_at": LONG_AGO, "spent_until": LONG_AGO, **fields})


def make_follower_count(*, streamer: Streamer, total: int, as_of: datetime) -> FollowerCount:
    return FollowerCount.objects.create(
        streamer=streamer, total=total, as_of=as_of, base_total=total, base_at=as_of
    )


def make_message(**fields: Any) -> InboxMessage:
    defaults = {
        "message_id": f"message-{next(_numbers)}",
        "type": "stream.online",
        "sent_at": timezone.now(),
        "received_at": timezone.now(),
        "body": b"{}",
    }
    return InboxMessage.objects.create(**{**defaults, **fields})
