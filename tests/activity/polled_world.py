"""The simulator in Twitch's place, its people watched, and the requests that it gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
from django.utils import timezone

from accounts.granting import keep_grant
from accounts.models import FOLLOWED, FOLLOWERS, User
from accounts.twitch import helix, oauth
from activity import polling, rings
from activity.models import Activity, Ring
from simulator.testing import Simulator
from subscriptions.models import Streamer, Subscription
from tests.accounts.dance import local_twitch
from tests.accounts.grants import consent_of
from tests.factories import LONG_AGO, make_user

MINUTE = timedelta(minutes=1)
PERIODS = dict(rings.PERIODS)
SHOWING_FOLLOWS = ("user:read:email", FOLLOWED, FOLLOWERS)
# The rings that ask about a hundred streamers a request.
LISTS = (rings.STREAMS, rings.CHANNELS, rings.PROFILES)


class World:
    """A running simulator, and what it was asked by this process."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.asked: Counter[str] = Counter()
        self.watch_requests: Callable[[], None] = lambda: None
        helix()._http.event_hooks["request"] = [self._note]

    def _note(self, request: httpx.Request) -> None:
        self.watch_requests()
        self.asked[request.url.path.removeprefix("/helix/")] += 1

    def people(self) -> dict[str, dict[str, Any]]:
        """Everybody by id, with `stream_id` and `started_at` (Unix seconds)."""
        return self.simulator.inside(
            lambda twitch: {
                row["id"]: {**row, "category": twitch.people.category_name(row["category_id"])}
                for row in map(dict, twitch.store.rows("SELECT * FROM people"))
            }
        )

    def watch(self, count: int) -> list[Streamer]:
        """So many people are watched by one viewer, with names, titles and categories as they
        are, but nobody is known to be live."""
        chosen = sorted(self.people().values(), key=lambda person: int(person["id"]))[:count]
        return self._watch(chosen)

    def watch_cast(self, *logins: str) -> list[Streamer]:
        """The same of these people, in this order."""
        by_login = {person["login"]: person for person in self.people().values()}
        return self._watch([by_login[login] for login in logins])

    def _watch(self, chosen: Sequence[dict[str, Any]]) -> list[Streamer]:
        Streamer.objects.bulk_create(
            Streamer(
                twitch_id=person["id"],
                login=person["login"],
                display_name=person["name"],
                title=person["title"],
                category_id=person["category_id"],
                category_name=person["category"],
                **dict.fromkeys(
                    ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at"),
                    LONG_AGO,
                ),
            )
            for person in chosen
        )
        streamers = list(Streamer.objects.order_by("pk"))
        viewer = make_user()
        Subscription.objects.bulk_create(
            Subscription(user=viewer, streamer=streamer) for streamer in streamers
        )
        return streamers

    def consent(self, login: str, *scopes: str) -> User:
        """The person lets us see whom they follow, or grants these scopes."""
        given = self.simulator.log_in(login, *(scopes or SHOWING_FOLLOWS))
        (person,) = (one for one in self.people().values() if one["login"] == login)
        user = User.objects.filter(twitch_id=person["id"]).first()
        user = user or make_user(twitch_id=person["id"], login=login)
        keep_grant(user=user, consent=consent_of(given))
        return user

    def follow(self, who: str, *whom: str) -> None:
        """The person `who` follows these, by id, in this order; nobody hears of it by message."""
        self.simulator.inside(
            lambda twitch: [
                twitch.world.follow(twitch.people.get(who), twitch.people.get(one)) for one in whom
            ]
        )

    def unfollow(self, who: str, whom: str) -> None:
        self.simulator.inside(
            lambda twitch: twitch.store.run(
                "DELETE FROM follows WHERE user_id = ? AND broadcaster_id = ?", who, whom
            )
        )

    def not_followed_by(self, who: str, count: int) -> list[str]:
        """Ids of so many people whom `who` does not follow."""
        followed = self.simulator.inside(lambda twitch: twitch.people.followed_ids(who))
        strangers = sorted(self.people().keys() - followed - {who})
        return strangers[:count]

    def change(self, person_id: str, **columns: Any) -> None:
        """Change a person of the simulator without a message: as when Twitch's was lost."""
        self.simulator.inside(lambda twitch: twitch.people.change(person_id, **columns))


@contextmanager
def polled_world(**overrides: Any) -> Iterator[World]:
    """A simulator for the block, and the clients of this process turned to it.

    A run of polling is as long as it takes: what is done in 4 s says something about the machine.
    """
    unhurried = patch.object(polling, "RUN", timedelta(minutes=5))
    with local_twitch(**overrides) as simulator, unhurried:
        try:
            yield World(simulator)
        finally:
            helix().close()
            oauth().close()


def only(*names: str) -> AbstractContextManager[object]:
    """There are no other rings than these in the block."""
    return patch.object(rings, "PERIODS", {name: PERIODS[name] for name in names})


def ring(name: str) -> Ring:
    """Where a ring stands."""
    return Ring.objects.get(name=name)


def make_due(*names: str) -> None:
    """A minute has passed for these rings (all, if none is named)."""
    chosen = Ring.objects.filter(name__in=names) if names else Ring.objects.all()
    for one in chosen:
        one.due_at -= MINUTE
        one.spent_until -= MINUTE
        if one.round_began_at:
            one.round_began_at -= MINUTE
        one.save()


def told() -> list[tuple[str, datetime, bool]]:
    """Key, moment and lateness of all Activities, in the order they happened."""
    rows = Activity.objects.order_by("occurred_at", "pk")
    return list(rows.values_list("dedupe_key", "occurred_at", "late"))


def just_now(moment: datetime | None) -> bool:
    """Whether it was in the last half minute."""
    return moment is not None and timezone.now() - moment < MINUTE / 2
