"""Beginning and ending to watch a streamer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from streamwatch.outages import patiently
from streamwatch.queue import enqueue
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.eventsub import EventType, condition_key
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import ChannelInformation, LiveStream, Profile
from subscriptions import tasks
from subscriptions.consenting import add_wants_of, drop_wants_of
from subscriptions.models import EventSubWant, Streamer, Subscription

logger = logging.getLogger(__name__)

STREAMS_LAG = timedelta(minutes=5)


class StreamerNotFound(TwitchError):
    """Twitch knows no account of this login: wrong, banned or renamed."""


class AnotherAccount(TwitchError):
    """The login belongs to another account than the one the viewer was shown."""


class SubscriptionNotFound(Exception):
    """The viewer has no such subscription."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A channel as Twitch told it at `as_of`, the time just before it was asked."""

    profile: Profile
    channel: ChannelInformation | None
    stream: LiveStream | None
    as_of: datetime

    def name_fields(self) -> dict[str, object]:
        return {
            "login": self.profile.login[:100],
            "display_name": (self.profile.display_name or self.profile.login)[:100],
            "picture_url": _short_enough(self.profile.picture_url, 500),
            "name_as_of": self.as_of,
        }

    def live_as_of(self) -> datetime:
        """Twitch's list of streams lags by minutes: an online that is on its way must count."""
        return self.as_of if self.stream else self.as_of - STREAMS_LAG

    def live_fields(self) -> dict[str, object]:
        return {
            "live_stream_id": self.stream.stream_id[:64] if self.stream else "",
            "live_started_at": self.stream.started_at if self.stream else None,
            "live_as_of": self.live_as_of(),
        }

    def title_fields(self) -> dict[str, object]:
        return {"title": self._told("title")[:500], "title_as_of": self.as_of}

    def category_fields(self) -> dict[str, object]:
        return {
            "category_id": self._told("category_id")[:32],
            "category_name": self._told("category_name")[:200],
            "category_as_of": self.as_of,
        }

    def _told(self, name: str) -> str:
        return str(getattr(self.channel or self.stream, name, ""))


def subscribe(*, user: User, login: str, twitch: Helix, twitch_id: str = "") -> Subscription:
    """Subscribe `user` to the streamer whose login is `login`; the same again is harmless.

    `twitch_id` is the account the viewer was shown. One call to Twitch, three when nobody
    watches the streamer yet (each at most 5 s a phase), all made before a transaction opens.

    Raises:
        StreamerNotFound: Twitch does not know the login.
        AnotherAccount: the login is not that of `twitch_id` (any more).
        TwitchError: Twitch did not answer, or refused. Nothing was written.
    """
    as_of = timezone.now()
    profile = next(iter(twitch.profiles(logins=[login])), None)
    if profile is None or not profile.twitch_id:
        raise StreamerNotFound(login)
    if twitch_id and profile.twitch_id != twitch_id:
        raise AnotherAccount(f"{login} is {profile.twitch_id}, not {twitch_id}")
    if _is_watched(profile.twitch_id):
        # What we know is kept up to date by Twitch's messages, and by record() alone.
        snapshot = None
    else:
        snapshot = _look(profile, as_of=as_of, twitch=twitch)
        patiently(partial(_add_streamer, snapshot))
    return patiently(partial(_write, user=user, twitch_id=profile.twitch_id, snapshot=snapshot))


def unsubscribe(*, user: User, subscription_id: int) -> None:
    """End the viewer's subscription; what nobody else wants is ended at Twitch by a worker.

    Raises:
        SubscriptionNotFound: it is somebody else's, or was ended already.
    """
    patiently(partial(_delete, Subscription.objects.of(user).filter(pk=subscription_id)))


def _delete(mine: QuerySet[Subscription]) -> None:
    with transaction.atomic():
        # The lock that subscribe() takes: it must not write wants for a row that goes here.
        streamer = Streamer.objects.select_for_update().filter(
            pk__in=list(mine.values_list("streamer_id", flat=True))
        )
        twitch_id = streamer.values_list("twitch_id", flat=True).first()
        EventSubWant.objects.filter(
            owner_kind=EventSubWant.OwnerKind.SUBSCRIPTION,
            owner_id__in=list(mine.values_list("pk", flat=True)),
        ).delete()
        if not mine.delete()[0] or twitch_id is None:
            raise SubscriptionNotFound
        if not _is_watched(twitch_id):
            drop_wants_of(twitch_id)
        enqueue(tasks.reconcile_streamer, twitch_id)


def _is_watched(twitch_id: str) -> bool:
    return Subscription.objects.filter(streamer__twitch_id=twitch_id).exists()


def _look(profile: Profile, *, as_of: datetime, twitch: Helix) -> _Snapshot:
    channels = twitch.channels([profile.twitch_id])
    streams = twitch.live_streams([profile.twitch_id])
    return _Snapshot(profile, next(iter(channels), None), next(iter(streams), None), as_of)


def _add_streamer(snapshot: _Snapshot) -> None:
    # In a transaction of its own: MySQL leaves a shared lock behind where two insert the same
    # key, and the lock that _write() takes would be a deadlock of the two.
    Streamer.objects.get_or_create(
        twitch_id=snapshot.profile.twitch_id,
        defaults={
            **snapshot.name_fields(),
            **snapshot.live_fields(),
            **snapshot.title_fields(),
            **snapshot.category_fields(),
            "changed_at": timezone.now(),
        },
    )


def _write(*, user: User, twitch_id: str, snapshot: _Snapshot | None) -> Subscription:
    with transaction.atomic():
        streamer = Streamer.objects.select_for_update().get(twitch_id=twitch_id)
        if snapshot is not None and not _is_watched(twitch_id):
            _retake(streamer, snapshot)
        subscription, created = Subscription.objects.get_or_create(user=user, streamer=streamer)
        EventSubWant.objects.bulk_create(_wants(subscription, twitch_id), ignore_conflicts=True)
        add_wants_of(twitch_id)
        if created:
            # On commit: the worker must not look for these rows before they are there.
            enqueue(tasks.reconcile_streamer, twitch_id)
    return subscription


def _retake(streamer: Streamer, snapshot: _Snapshot) -> None:
    """What nobody kept up to date since the last viewer left is taken anew, field by field.

    It is no Activity: nobody watched when it changed, nor does anyone know when that was.
    """
    values: dict[str, object] = {}
    if streamer.name_as_of < snapshot.as_of:
        values |= snapshot.name_fields()
    if streamer.live_as_of < snapshot.live_as_of():
        values |= snapshot.live_fields()
    if streamer.title_as_of < snapshot.as_of:
        values |= snapshot.title_fields()
    if streamer.category_as_of < snapshot.as_of:
        values |= snapshot.category_fields()
    if any(getattr(streamer, name) != value for name, value in values.items()):
        Streamer.objects.filter(pk=streamer.pk).update(**values, changed_at=timezone.now())
        streamer.refresh_from_db()


def _wants(subscription: Subscription, twitch_id: str) -> Iterator[EventSubWant]:
    for type_, name in (
        (EventType.ONLINE, "broadcaster_user_id"),
        (EventType.OFFLINE, "broadcaster_user_id"),
        (EventType.CHANNEL_UPDATE, "broadcaster_user_id"),
        (EventType.RAID, "from_broadcaster_user_id"),
        (EventType.RAID, "to_broadcaster_user_id"),
        (EventType.USER_UPDATE, "user_id"),
    ):
        condition = {name: twitch_id}
        yield EventSubWant(
            type=type_,
            condition=condition,
            condition_key=condition_key(condition),
            subject_id=twitch_id,
            owner_kind=EventSubWant.OwnerKind.SUBSCRIPTION,
            owner_id=subscription.pk,
        )


def _short_enough(url: str, length: int) -> str:
    """The address, or "" when it does not fit: cut short it would lead elsewhere."""
    return url if len(url) <= length else ""
