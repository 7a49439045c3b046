"""More streamers than Twitch's budget has places for, over HTTP with a simulator."""

from __future__ import annotations

from collections import Counter

from django.db.models import Count, Max
from django.test import TransactionTestCase
from django.utils import timezone

from accounts.twitch import helix
from simulator.local_twitch import LocalTwitch
from streamwatch.twitch.eventsub import EventType, Status
from streamwatch.twitch.helix import TotalCost
from subscriptions.consenting import agree_with_consents
from subscriptions.models import (
    APPLICATION,
    EventSubSubscription,
    EventSubSubscriptionQuerySet,
    EventSubWant,
    ListReading,
    Streamer,
)
from subscriptions.paging import read_on
from subscriptions.panel import states_of
from subscriptions.spending import Spending, spend
from subscriptions.sweeping import sweep
from subscriptions.troubles import POLLED
from tests.factories import make_subscription, make_want
from tests.subscriptions.crowd import SCOPES, consent, viewers_of, watch
from tests.subscriptions.twitch_here import twitch_here

STREAMERS, MOST, CONSENTING = 150, 100, 10
USABLE = MOST - 1
# Six of each, and who follows them.
FREE = 7 * CONSENTING


class CrowdTests(TransactionTestCase):
    """150 streamers of six promises each; 100 may be paid for, and ten streamers cost nothing.

    One that is paid for is the application's own: of consents that are taken back.
    """

    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(
            twitch_here(streamers=STREAMERS, max_total_cost=MOST, points_a_minute=100_000)
        )
        people = [one["id"] for one in self.simulator.control.people()]
        self.ids = sorted(people)[:STREAMERS]
        self.consenting = self.ids[::15]
        self.viewers = viewers_of(self.ids, seed=4)
        watch(self.viewers)
        consent(self.consenting)
        self.simulator.inside(self.grant)
        agree_with_consents()

    def grant(self, twitch: LocalTwitch) -> None:
        for one in self.consenting:
            twitch.tokens.grant(one, SCOPES)

    def work(self) -> None:
        """As beat does until nothing is left to do."""
        spend(twitch=helix())
        for _ in range(60):
            sweep(twitch=helix())
            ListReading.objects.update(due_at=timezone.now())
            read_on(twitch=helix())
            if self.rows().filter(status=Status.ENABLED).count() == self.rows().count():
                return
        raise AssertionError(Counter(self.rows().values_list("status", flat=True)))

    def rows(self) -> EventSubSubscriptionQuerySet:
        return EventSubSubscription.objects.filter(has_place=True)

    def promised(self) -> dict[str, str]:
        """What Twitch lists, and sends."""
        return {one.twitch_id: one.type for one in helix().promises() if one.status == "enabled"}

    def test_the_budget_is_kept_and_goes_to_those_who_are_watched_most(self) -> None:
        self.work()
        total = helix().total_cost()
        assert total == TotalCost(USABLE, MOST)
        rows = list(EventSubSubscription.objects.all())
        assert len(rows) == 6 * STREAMERS + CONSENTING + 1
        placed = [row for row in rows if row.has_place]
        # Twitch's own list is ours.
        assert self.promised() == {row.twitch_id: row.type for row in placed}
        assert sum(row.cost for row in rows) == total.total_cost
        # Whoever consents has everything; what is paid for is going live of the most watched.
        free = [row for row in placed if row.subject_id in self.consenting]
        paid = {row.subject_id: row.type for row in placed if row.subject_id not in self.consenting}
        assert paid.pop(APPLICATION) == EventType.AUTHORIZATION_REVOKE
        assert (len(free), len(paid)) == (FREE, USABLE - 1)
        assert set(paid.values()) == {EventType.ONLINE}
        others = set(self.ids) - set(self.consenting) - set(paid)
        assert min(self.viewers[one] for one in paid) >= max(self.viewers[one] for one in others)
        self.the_others_are_polled(others)
        self.nothing_flaps(others)

    def the_others_are_polled(self, others: set[str]) -> None:
        streamers = list(Streamer.objects.filter(twitch_id__in=others))
        assert {state.sentence for state in states_of(streamers).values()} == {POLLED}
        assert not EventSubSubscription.objects.exclude(trouble="").exists()

    def nothing_flaps(self, others: set[str]) -> None:
        """One viewer comes to some without a place and leaves some with one, again and again."""
        before = self.promised()
        for turn in range(3):
            for streamer in Streamer.objects.filter(twitch_id__in=others)[turn::3]:
                make_want(subscription=make_subscription(streamer=streamer))
            wants = EventSubWant.objects.filter(type=EventType.ONLINE)
            several = wants.values("subject_id").annotate(n=Count("pk"), one=Max("pk"))
            chosen = several.filter(n__gt=1).exclude(subject_id__in=others)
            leaving = list(chosen.order_by("subject_id").values_list("one", flat=True)[turn::3])
            EventSubWant.objects.filter(pk__in=leaving).delete()
            assert spend(twitch=helix()) == Spending(0, 0)
            self.work()
            assert self.promised() == before
