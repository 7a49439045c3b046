"""Many watched streamers, written as if their viewers had subscribed one after another."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping

from accounts.models import Grant, User
from subscriptions.models import EventSubWant, Streamer, Subscription
from subscriptions.subscribing import _wants
from tests.factories import LONG_AGO

CHUNK = 2_000
SCOPES = ["moderator:read:followers"]
MOST_VIEWERS = 30


def viewers_of(twitch_ids: Iterable[str], *, seed: int) -> dict[str, int]:
    """How many watch each, drawn like at Twitch: a few have many, most have one."""
    dice = random.Random(seed)  # draws no secret
    return {one: min(MOST_VIEWERS, int(dice.paretovariate(2))) for one in twitch_ids}


def watch(viewers: Mapping[str, int]) -> None:
    """So many viewers watch each of these Twitch ids, and nothing has been asked for yet."""
    add_streamers(viewers)
    numbers = range(max(viewers.values()))
    User.objects.bulk_create(
        User(twitch_id=f"viewer{number}", login=f"viewer{number}", display_name=f"V{number}")
        for number in numbers
    )
    users = list(User.objects.filter(twitch_id__startswith="viewer").order_by("pk"))
    pks = dict(Streamer.objects.values_list("twitch_id", "pk"))
    Subscription.objects.bulk_create(
        (
            Subscription(user=user, streamer_id=pks[twitch_id])
            for twitch_id, count in viewers.items()
            for user in users[:count]
        ),
        batch_size=CHUNK,
    )
    rows = Subscription.objects.values_list("pk", "streamer__twitch_id")
    EventSubWant.objects.bulk_create(
        (want for pk, twitch_id in rows for want in _wants(Subscription(pk=pk), twitch_id)),
        batch_size=CHUNK,
    )


def add_streamers(twitch_ids: Iterable[str]) -> None:
    """Rows as after a first look long ago at which nobody was live."""
    moments = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
    Streamer.objects.bulk_create(
        (
            Streamer(
                twitch_id=one,
                login=f"streamer{one}",
                display_name=f"Streamer{one}",
                **dict.fromkeys(moments, LONG_AGO),
            )
            for one in twitch_ids
        ),
        batch_size=CHUNK,
    )


def consent(twitch_ids: Collection[str]) -> None:
    """These have logged in and allowed us something; Twitch has to know it, too."""
    User.objects.bulk_create(
        [User(twitch_id=one, login=f"login{one}", display_name=one) for one in twitch_ids],
        batch_size=CHUNK,
    )
    users = User.objects.filter(twitch_id__in=twitch_ids)
    Grant.objects.bulk_create([Grant(user=user, scopes=SCOPES) for user in users])
