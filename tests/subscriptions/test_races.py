"""Several at once, in threads with connections of their own (MariaDB; SQLite has one writer)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import TransactionTestCase

from accounts.models import User
from accounts.twitch import helix
from streamwatch.models import Lease
from streamwatch.twitch.payloads import Promise
from subscriptions import agreeing
from subscriptions.models import EventSubSubscription, EventSubWant, Streamer, Subscription
from subscriptions.reconciling import confirm, reconcile_streamer
from subscriptions.subscribing import SubscriptionNotFound, subscribe, unsubscribe
from subscriptions.sweeping import sweep
from tests.factories import make_streamer, make_user
from tests.subscriptions.twitch_here import ADA, listed, settled, twitch_here

AT_ONCE = 8


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return or raise, begun together, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return call()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@pytest.mark.mariadb
class RaceTests(TransactionTestCase):
    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        # Got beforehand: how several get it at once is a test of accounts/.
        helix().profiles(logins=["ada_streams"])

    def subscribing(self, user: User, login: str = "ada_streams") -> Callable[[], Any]:
        return lambda: subscribe(user=user, login=login, twitch=helix())

    def test_many_viewers_subscribe_the_same_new_streamer(self) -> None:
        users = [make_user() for _ in range(AT_ONCE)]
        found = at_once(*map(self.subscribing, users))
        assert all(isinstance(one, Subscription) for one in found), found
        assert Streamer.objects.count() == 1
        assert Subscription.objects.count() == AT_ONCE
        assert EventSubWant.objects.count() == AT_ONCE * 6

    def test_one_viewer_subscribes_many_times(self) -> None:
        for is_known in (False, True):
            with self.subTest(is_known=is_known):
                user = make_user()
                found = at_once(*[self.subscribing(user)] * AT_ONCE)
                assert all(isinstance(one, Subscription) for one in found), found
                assert Subscription.objects.filter(user=user).count() == 1
                assert EventSubWant.objects.filter(owner_id=found[0].pk).count() == 6

    def test_a_streamer_that_nobody_watched_any_more_is_taken_up_by_many(self) -> None:
        make_streamer(twitch_id=ADA, login="ada_was", live_stream_id="of last year")
        found = at_once(*[self.subscribing(make_user()) for _ in range(AT_ONCE)])
        assert all(isinstance(one, Subscription) for one in found), found
        assert Streamer.objects.get().login == "ada_streams"

    def test_leaving_and_subscribing_at_once_leaves_no_want_behind(self) -> None:
        for _ in range(5):
            user = make_user()
            pk = self.subscribing(user)().pk
            leaving = lambda: unsubscribe(user=user, subscription_id=pk)  # noqa: B023, E731
            found = at_once(leaving, self.subscribing(user), leaving, self.subscribing(user))
            kinds = Counter(type(one) for one in found)
            assert kinds[SubscriptionNotFound] == 1, found
            assert kinds[Subscription] == 2, found
            owners = set(Subscription.objects.values_list("pk", flat=True))
            wants = Counter(EventSubWant.objects.values_list("owner_id", flat=True))
            assert wants == dict.fromkeys(owners, 6)

    def test_many_workers_reconcile_one_streamer(self) -> None:
        self.subscribing(make_user())()
        found = at_once(
            *[lambda: reconcile_streamer(subject_id=ADA, twitch=helix())] * AT_ONCE
        )  # fmt: skip
        assert set(found) <= {True, False}, found
        assert any(found)
        assert len(listed(ADA)) == EventSubSubscription.objects.count() == 6

    def test_workers_whose_lease_has_run_out_do_no_harm(self) -> None:
        self.subscribing(make_user())()
        with patch.object(Lease.objects, "take", return_value="token"):
            found = at_once(
                *[lambda: agreeing.agree(subject_id=ADA, twitch=helix())] * AT_ONCE
            )  # fmt: skip
        assert found == [True] * AT_ONCE
        settled(ADA)
        assert confirm(subject_id=ADA, twitch=helix())
        promises = listed(ADA)
        rows = list(EventSubSubscription.objects.all())
        assert sorted(row.twitch_id for row in rows) == sorted(one.twitch_id for one in promises)
        assert [row.status for row in rows] == ["enabled"] * 6

    def test_sweeps_tasks_and_confirmations_at_once(self) -> None:
        self.subscribing(make_user())()
        self.subscribing(make_user(), "carla_plays")()
        found = at_once(
            *[lambda: sweep(twitch=helix())] * 2,
            *[lambda: reconcile_streamer(subject_id=ADA, twitch=helix())] * 2,
            *[lambda: confirm(subject_id=ADA, twitch=helix())] * 2,
        )
        assert not any(isinstance(one, Exception) for one in found), found
        assert len(listed(ADA)) == 6


class LostAnswerTests(TransactionTestCase):
    """A worker that is killed between Twitch's answer and its writing."""

    def test_is_made_good_by_the_next_one(self) -> None:
        self.enterContext(twitch_here())
        subscribe(user=make_user(), login="ada_streams", twitch=helix())
        with (
            patch.object(agreeing, "crash_point", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            reconcile_streamer(subject_id=ADA, twitch=helix())
        lost: list[Promise] = settled(ADA)
        assert len(lost) == 1
        assert not EventSubSubscription.objects.exclude(twitch_id="").exists()
        reconcile_streamer(subject_id=ADA, twitch=helix())
        assert len(listed(ADA)) == 6
        assert EventSubSubscription.objects.filter(twitch_id=lost[0].twitch_id).exists()


class TransactionTests(TransactionTestCase):
    def test_no_transaction_is_open_while_twitch_is_asked(self) -> None:
        self.enterContext(twitch_here())
        open_ones: list[bool] = []

        def noting(name: str) -> Any:
            real = getattr(helix(), name)

            def call(*args: Any, **kwargs: Any) -> Any:
                open_ones.append(connection.in_atomic_block)
                found = real(*args, **kwargs)
                return list(found) if isinstance(found, Iterator) else found

            return patch.object(helix(), name, call)

        names = ("profiles", "channels", "live_streams", "promises", "make_promise", "end_promise")
        for name in names:
            self.enterContext(noting(name))
        user = make_user()
        subscription = subscribe(user=user, login="ada_streams", twitch=helix())
        reconcile_streamer(subject_id=ADA, twitch=helix())
        unsubscribe(user=user, subscription_id=subscription.pk)
        reconcile_streamer(subject_id=ADA, twitch=helix())
        assert len(open_ones) == 3 + 6 + 1 + 6
        assert not any(open_ones)
