"""Wants that rest on a consent at Twitch, and those of the application itself.

Grants come and go in an app that knows nothing of wants. So these are made to agree by looking:
at every sweep, and at once where somebody subscribes or leaves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Grant, Moderation
from streamwatch import live
from streamwatch.twitch.eventsub import EventType, condition_key
from subscriptions.models import (
    APPLICATION,
    EventSubSubscription,
    EventSubWant,
    Streamer,
    Subscription,
)
from subscriptions.promises import APPLICATION_TYPES, Key

# Of one run; the next one has the rest.
MOST_WANTS: Final = 1_000

OwnerKind = EventSubWant.OwnerKind
# The Grant, the channel, and the Twitch id of who gave the Grant.
Basis = tuple[int, str, str]


def agree_with_consents() -> None:
    """Have the wants say what Grants, Subscriptions and settings do; safe by several at once.

    `channel.follow` is wanted of every watched streamer who shows followers, and of every watched
    channel whose moderator seems to show them. Four queries when nothing differs; at most 1,000
    of either kind come and 1,000 go in one run.
    """
    _drop_baseless()
    _add([*_own(), *_moderated()])
    _keep_the_applications()


def add_wants_of(twitch_id: str) -> None:
    """The wants that rest on consents for a streamer who is watched from now on (3 queries)."""
    found = [*_own(twitch_id), *_moderated(twitch_id)]
    EventSubWant.objects.bulk_create(map(_want, found), ignore_conflicts=True)


def drop_wants_of(twitch_id: str) -> None:
    """Those for a streamer whom nobody watches any more (1 query)."""
    EventSubWant.objects.filter(owner_kind=OwnerKind.GRANT, subject_id=twitch_id).delete()


def consent_link(streamer: Streamer) -> str:
    """What to send to a streamer, or a moderator there, who shall show the followers."""
    return f"{settings.PUBLIC_URL}{reverse('consent')}?channel={streamer.twitch_id}"


def follow_key(channel_id: str, moderator_id: str) -> Key:
    """What the followers of a channel are about, on the consent of that person."""
    return EventType.FOLLOW, condition_key(_condition(channel_id, moderator_id))


def is_by_moderator(row: EventSubSubscription) -> bool:
    """Whether it rests on the consent of somebody else than the streamer."""
    moderator = dict(parse_qsl(row.condition_key)).get("moderator_user_id", row.subject_id)
    return moderator != row.subject_id


def _drop_baseless() -> None:
    """Of Grants that ended or became narrower, and of channels that nobody watches any more."""
    own = Grant.objects.showing_followers().filter(
        pk=OuterRef("owner_id"), user__twitch_id=OuterRef("subject_id")
    )
    moderated = Moderation.objects.showing_followers().filter(
        user__grant=OuterRef("owner_id"), channel_id=OuterRef("subject_id")
    )
    has_basis = Exists(_watching("subject_id")) & (Exists(own) | Exists(moderated))
    wants = EventSubWant.objects.filter(~has_basis, owner_kind=OwnerKind.GRANT)
    found = list(wants.values_list("pk", "subject_id")[:MOST_WANTS])
    if found:
        with transaction.atomic():
            EventSubWant.objects.filter(pk__in=[pk for pk, _ in found]).delete()
            _note_change({subject_id for _, subject_id in found})
        live.publish("subscriptions")


def _add(bases: Collection[Basis]) -> None:
    if bases:
        with transaction.atomic():
            EventSubWant.objects.bulk_create(map(_want, bases), ignore_conflicts=True)
            _note_change({channel_id for _, channel_id, _ in bases})
        live.publish("subscriptions")


def _note_change(subject_ids: Collection[str]) -> None:
    """Open pages say of these streamers whether a consent has ended."""
    rows = EventSubSubscription.objects.of_streamers(subject_ids)
    rows.update(changed_at=timezone.now())


def _own(*twitch_ids: str) -> Iterator[Basis]:
    """Watched streamers who show their followers, without a want for it."""
    grants = Grant.objects.showing_followers().filter(
        Exists(_watching("user__twitch_id")), ~Exists(_wants("pk", "user__twitch_id"))
    )
    if twitch_ids:
        grants = grants.filter(user__twitch_id__in=twitch_ids)
    for pk, twitch_id in grants.values_list("pk", "user__twitch_id")[:MOST_WANTS]:
        yield pk, twitch_id, twitch_id


def _moderated(*twitch_ids: str) -> Iterator[Basis]:
    """Watched channels whose moderator, it seems, shows followers, without a want for it."""
    named = Moderation.objects.showing_followers().filter(
        Exists(_watching("channel_id")), ~Exists(_wants("user__grant", "channel_id"))
    )
    if twitch_ids:
        named = named.filter(channel_id__in=twitch_ids)
    yield from named.values_list("user__grant", "channel_id", "user__twitch_id")[:MOST_WANTS]


def _watching(twitch_id: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(streamer__twitch_id=OuterRef(twitch_id))


def _wants(grant: str, channel_id: str) -> QuerySet[EventSubWant]:
    return EventSubWant.objects.filter(
        owner_kind=OwnerKind.GRANT, owner_id=OuterRef(grant), subject_id=OuterRef(channel_id)
    )


def _want(basis: Basis) -> EventSubWant:
    grant, channel_id, moderator_id = basis
    type_, key = follow_key(channel_id, moderator_id)
    return EventSubWant(
        type=type_,
        condition=_condition(channel_id, moderator_id),
        condition_key=key,
        subject_id=channel_id,
        owner_kind=OwnerKind.GRANT,
        owner_id=grant,
    )


def _condition(channel_id: str, moderator_id: str) -> dict[str, str]:
    return {"broadcaster_user_id": channel_id, "moderator_user_id": moderator_id}


def _keep_the_applications() -> None:
    """That people took back what they allowed, while Twitch has an address to tell it to."""
    condition = {"client_id": settings.TWITCH_CLIENT_ID}
    key = condition_key(condition)
    types = APPLICATION_TYPES if settings.CAN_RECEIVE_WEBHOOKS else ()
    wants = EventSubWant.objects.filter(owner_kind=OwnerKind.APPLICATION)
    found = {
        (type_, its): pk for pk, type_, its in wants.values_list("pk", "type", "condition_key")
    }
    gone = [pk for (type_, its), pk in found.items() if its != key or type_ not in types]
    if gone:
        wants.filter(pk__in=gone).delete()
    missing = [type_ for type_ in types if (type_, key) not in found]
    if missing:
        EventSubWant.objects.bulk_create(
            [
                EventSubWant(
                    type=type_,
                    condition=condition,
                    condition_key=key,
                    subject_id=APPLICATION,
                    owner_kind=OwnerKind.APPLICATION,
                    owner_id=0,
                )
                for type_ in missing
            ],
            ignore_conflicts=True,
        )
