"""A viewer of a streamer, over HTTP with the simulator."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.test import TestCase
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.twitch.payloads import Promise
from subscriptions.models import EventSubSubscription, Subscription
from subscriptions.panel import states_of
from subscriptions.reconciling import confirm, reconcile_streamer
from subscriptions.subscribing import subscribe, unsubscribe
from tests.factories import make_user
from tests.subscriptions.twitch_here import ADA, settled, twitch_here

REFUSING = (403, "text/plain", b"no")


TYPES = Counter(
    {
        "stream.online": 1,
        "stream.offline": 1,
        "channel.update": 1,
        "channel.raid": 2,
        "user.update": 1,
    }
)


def rows(subject_id: str = ADA) -> list[EventSubSubscription]:
    return list(EventSubSubscription.objects.filter(subject_id=subject_id).order_by("pk"))


def settled_as(promises: list[Promise], status: str) -> list[Promise]:
    return [
        Promise(one.twitch_id, status, one.type, one.version, one.condition, one.callback, 1)
        for one in promises
    ]


class ReconcileCase(TestCase):
    """A viewer of ada_streams, not reconciled yet."""

    def setUp(self) -> None:
        self.simulator, self.callback = self.enterContext(twitch_here())
        self.viewer = make_user()
        self.subscription = self.watch()

    def watch(self, login: str = "ada_streams", **fields: Any) -> Subscription:
        return subscribe(**{"user": self.viewer, "login": login, "twitch": helix(), **fields})

    def reconcile(self, subject_id: str = ADA) -> None:
        assert reconcile_streamer(subject_id=subject_id, twitch=helix())

    def confirm(self, subject_id: str = ADA) -> bool:
        return confirm(subject_id=subject_id, twitch=helix())

    def confirmed(self, subject_id: str = ADA) -> None:
        """Reconciled, challenged and confirmed."""
        self.reconcile(subject_id)
        settled(subject_id)
        assert self.confirm(subject_id)

    def leave(self) -> None:
        unsubscribe(user=self.viewer, subscription_id=self.subscription.pk)

    def wait_no_longer(self) -> None:
        """The back-off is over."""
        EventSubSubscription.objects.update(due_at=timezone.now())

    def state(self) -> tuple[str, str]:
        streamer = self.subscription.streamer
        state = states_of([streamer])[streamer.pk]
        return state.code, state.sentence
