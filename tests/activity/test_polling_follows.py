"""Whom streamers follow, read with their own tokens, against the simulator over HTTP.

record() is replaced: what it makes of the drafts is said in its own tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from unittest.mock import patch

import httpx
from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from accounts.models import FOLLOWED, Grant
from accounts.twitch import helix
from activity import polling, polling_answers, polling_follows, rings
from activity.drafts import Draft, Followed
from activity.models import FollowedCursor, Ring
from activity.polling import poll
from subscriptions.models import Subscription
from tests.accounts.grants import refreshes
from tests.activity.polled_world import World, make_due, only, polled_world, ring

PATH = "/helix/channels/followed"
ASKED = "channels/followed"
MANY = 250
CAST = (
    *("ada_streams", "bob_watches", "carla_plays", "dan_plays", "eve_no_mail", "hana_games"),
    *("emoji_emil", "tag_tina", "rami_rtl", "grace_mods", "frank_follows", "zoe_quiet"),
)


class FollowedCase(TestCase):
    world: World

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        opened = polled_world(streamers=MANY)
        cls.world = opened.__enter__()
        cls.addClassCleanup(opened.__exit__, None, None, None)

    def setUp(self) -> None:
        self.world.simulator.begin_anew()
        self.world.simulator.control.fault("none")
        self.world.watch_requests = lambda: None
        helix()._limits.clear()
        self.enterContext(only(rings.FOLLOWED))
        self.drafts: list[Draft] = []
        self.enterContext(patch.object(polling_answers, "record", self.record))
        self.ada, self.bob = self.world.watch_cast("ada_streams", "bob_watches")
        self.world.consent("ada_streams")
        self.poll()
        self.world.asked.clear()

    def record(self, drafts: Sequence[Draft]) -> None:
        self.drafts += drafts

    def poll(self) -> int:
        make_due()
        return poll(twitch=helix())

    def told(self) -> list[str]:
        """Ids of whom Ada is said to have followed since the last call."""
        follows = [draft for draft in self.drafts if isinstance(draft, Followed)]
        assert {draft.follower.twitch_id for draft in follows} <= {self.ada.twitch_id}
        self.drafts.clear()
        return [draft.followed.twitch_id for draft in follows]

    def follow(self, count: int = 1) -> list[str]:
        """Ada follows so many more; their ids."""
        chosen = self.world.not_followed_by(self.ada.twitch_id, count)
        self.world.follow(self.ada.twitch_id, *chosen)
        return chosen

    def fault(self, name: str, count: int = 1) -> None:
        self.world.simulator.control.fault(name, count, PATH)


class RoundTests(FollowedCase):
    def test_what_was_followed_before_is_no_news(self) -> None:
        assert self.poll() == 1
        assert self.told() == []
        assert FollowedCursor.objects.get().streamer == self.ada

    def test_a_follow_is_told_once_with_its_moment(self) -> None:
        before = timezone.now()
        (chosen,) = self.follow()
        self.poll()
        (draft,) = self.drafts
        assert isinstance(draft, Followed)
        assert draft.follower.login == "ada_streams"
        assert draft.followed.login == self.world.people()[chosen]["login"]
        assert abs((draft.followed_at - before).total_seconds()) < 10
        self.drafts.clear()
        self.poll()
        assert self.told() == []

    def test_nothing_is_missed_however_many_were_followed(self) -> None:
        chosen = self.follow(220)
        self.poll()
        assert sorted(self.told()) == sorted(chosen)
        assert self.world.asked[ASKED] == 3
        # Read once more, for the list may have changed between two pages.
        self.poll()
        self.poll()
        assert self.told() == []
        assert self.world.asked[ASKED] == 9

    def test_a_list_that_changes_between_pages_hides_nothing(self) -> None:
        *chosen, last = self.world.not_followed_by(self.ada.twitch_id, 221)
        self.world.follow(self.ada.twitch_id, *chosen)

        def change() -> None:
            if self.world.asked[ASKED] == 1:
                self.world.unfollow(self.ada.twitch_id, chosen[150])
                self.world.follow(self.ada.twitch_id, last)

        self.world.watch_requests = change
        self.poll()
        assert len(self.told()) == 220
        self.poll()
        assert self.told() == [last]

    def test_a_mere_login_publishes_nothing(self) -> None:
        self.world.consent("bob_watches", "user:read:email", FOLLOWED)
        assert self.poll() == 1
        assert [cursor.streamer for cursor in FollowedCursor.objects.all()] == [self.ada]

    def test_nobody_is_asked_about_who_is_not_watched(self) -> None:
        Subscription.objects.all().delete()
        assert self.poll() == 0
        assert not FollowedCursor.objects.exists()

    def test_what_was_followed_without_consent_is_not_told(self) -> None:
        Grant.objects.update(state=Grant.State.DEAD)
        self.follow()
        # Not in the very second of the new consent: lists tell whole ones.
        self.world.simulator.inside(
            lambda twitch: twitch.store.run("UPDATE follows SET followed_ns = followed_ns - 1e10")
        )
        assert self.poll() == 0
        assert not FollowedCursor.objects.exists()
        self.world.consent("ada_streams")
        self.poll()
        assert self.told() == []
        chosen = self.follow()
        self.poll()
        assert self.told() == chosen

    def test_a_login_that_is_another_grant_loses_nothing(self) -> None:
        chosen = self.follow()
        self.world.consent("ada_streams")
        self.poll()
        assert self.told() == chosen

    def test_the_real_period_is_measured(self) -> None:
        self.poll()
        one = ring("followed")
        assert one.period_seconds is not None
        assert 59 < one.period_seconds < 90
        assert rings.polled_seconds() == {"follows": max(60, one.period_seconds)}

    def test_the_applications_points_are_left_alone(self) -> None:
        assert helix().rate_limit is None
        before = ring("followed").spent_until
        self.poll()
        assert helix().rate_limit is None
        assert ring("followed").spent_until <= before

    def test_more_than_ten_are_asked_ten_at_once(self) -> None:
        self.world.watch_cast(*CAST[2:])
        for login in CAST[1:]:
            self.world.consent(login)
        self.world.asked.clear()
        lock, under_way, most = Lock(), 0, 0

        def begun(_request: httpx.Request) -> None:
            nonlocal under_way, most
            with lock:
                under_way += 1
                most = max(most, under_way)

        def ended(_response: httpx.Response) -> None:
            nonlocal under_way
            with lock:
                under_way -= 1

        hooks = {"request": [begun], "response": [ended]}
        with patch.dict(helix()._http._event_hooks, hooks):
            assert self.poll() == len(CAST)
        assert 1 < most <= 10
        assert FollowedCursor.objects.count() == len(CAST)


class TokenTests(FollowedCase):
    def test_a_refused_token_is_refreshed_once_and_the_list_read_at_once(self) -> None:
        chosen = self.follow()
        self.world.simulator.control.fault("expire_tokens")
        with refreshes(self.world.simulator) as sent:
            self.poll()
            assert self.told() == chosen
            self.poll()
        assert len(sent) == 1

    def test_a_dead_grant_is_passed_over(self) -> None:
        self.world.consent("bob_watches")
        self.poll()
        self.follow()
        self.world.simulator.control.event("user.authorization.revoke", "bob_watches")
        with refreshes(self.world.simulator) as sent:
            for _ in range(3):
                self.poll()
        assert len(self.told()) == 1
        assert len(sent) == 1
        states = Grant.objects.values_list("user__login", "state")
        assert dict(states) == {"ada_streams": "active", "bob_watches": "dead"}

    def test_while_another_process_refreshes_nothing_is_lost(self) -> None:
        chosen = self.follow()
        self.world.simulator.control.fault("expire_tokens")
        until = timezone.now() + rings.FULL_AFTER
        Grant.objects.update(refresh_claim="another", refresh_until=until)
        self.poll()
        assert self.told() == []
        Grant.objects.update(refresh_claim="", refresh_until=None)
        self.poll()
        assert self.told() == chosen

    def test_when_the_refresh_has_no_answer_nothing_is_lost(self) -> None:
        chosen = self.follow()
        self.world.simulator.control.fault("expire_tokens")
        self.world.simulator.control.fault("oauth_down")
        with self.assertLogs("activity.polling", "WARNING") as logs:
            self.poll()
        assert len(logs.output) == 1
        Grant.objects.update(refresh_until=None)
        self.poll()
        assert self.told() == chosen

    def test_no_token_is_logged(self) -> None:
        token = Grant.objects.get().access_token
        self.fault("helix_error")
        with self.assertLogs("activity", "DEBUG") as logs:
            self.poll()
        assert token not in "".join(logs.output)


class TroubleTests(FollowedCase):
    def assert_put_off(self, fault: str) -> None:
        """One line, no half state, and the follow is told when Twitch is well again."""
        before = FollowedCursor.objects.values().get()
        chosen = self.follow()
        self.fault(fault)
        with self.assertLogs("activity.polling", "WARNING") as logs:
            self.poll()
        assert len(logs.output) == 1
        assert self.told() == []
        assert FollowedCursor.objects.values().get() == before
        self.world.simulator.inside(lambda twitch: twitch.buckets.fill())
        for _ in range(2):  # The first may only finish the round.
            self.poll()
        assert self.told() == chosen

    def test_answers_of_a_bad_day(self) -> None:
        for fault in ("helix_error", "helix_down", "helix_garbage", "rate_limited"):
            with self.subTest(fault=fault):
                self.assert_put_off(fault)

    def test_a_later_page_that_fails_leaves_no_half_state(self) -> None:
        chosen = self.follow(150)

        def spoil() -> None:
            if self.world.asked[ASKED] == 1:
                self.fault("helix_error")

        self.world.watch_requests = spoil
        with self.assertLogs("activity.polling", "WARNING"):
            self.poll()
        assert self.told() == []
        self.world.watch_requests = lambda: None
        self.poll()
        assert sorted(self.told()) == sorted(chosen)

    def test_a_long_list_gives_way_when_twitch_is_slow(self) -> None:
        chosen = self.follow(150)
        with (
            patch.object(polling_follows, "PATIENCE_SECONDS", 0),
            self.assertLogs("activity.polling", "WARNING") as logs,
        ):
            self.poll()
        assert len(logs.output) == 1
        assert self.told() == []
        self.poll()
        assert sorted(self.told()) == sorted(chosen)

    def test_twitch_away_is_logged_once_and_asked_less_and_less(self) -> None:
        self.fault("helix_down", 50)
        with self.assertLogs("activity.polling", "WARNING") as logs:
            waits = []
            for _ in range(8):
                Ring.objects.update(due_at=timezone.now())
                poll(twitch=helix())
                waits.append(round((ring("followed").due_at - timezone.now()).total_seconds()))
        assert len(logs.output) == 1
        assert waits[:4] == [5, 15, 60, 120]
        assert min(waits[4:]) == 120
        # It goes round all the same.
        assert ring("followed").cursor == 0
        self.world.simulator.control.fault("none")
        chosen = self.follow()
        self.poll()
        make_due()
        self.poll()
        assert self.told() == chosen
        assert ring("followed").failures == 0

    def test_one_without_an_answer_does_not_hold_up_the_others(self) -> None:
        self.world.consent("bob_watches")
        self.poll()
        chosen = self.follow()
        self.world.simulator.inside(lambda twitch: twitch.faults.clear())
        self.fault("helix_error")
        with self.assertLogs("activity.polling", "WARNING") as logs:
            self.poll()
        assert "1 of 2 readings are passed over" in logs.output[0]
        self.poll()
        assert self.told() == chosen

    def test_the_applications_empty_bucket_does_not_stop_it(self) -> None:
        with only(rings.FOLLOWED, rings.STREAMS):
            self.poll()
            self.drafts.clear()
            self.world.simulator.control.fault("rate_limited", 1, "/helix/streams")
            chosen = self.follow()
            with self.assertLogs("activity.polling", "WARNING"):
                self.poll()
        assert self.told() == chosen
        assert ring("streams").failures == 1
        assert ring("followed").failures == 0


class KilledTests(FollowedCase):
    def test_killed_before_the_cursor_is_written_it_says_the_same_again(self) -> None:
        chosen = self.follow()
        with (
            patch.object(polling_answers, "crash_point", side_effect=KeyboardInterrupt),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.poll()
        assert self.told() == chosen
        self.poll()
        assert self.told() == chosen
        self.poll()
        assert self.told() == []

    def test_a_round_goes_on_where_it_was_when_killed(self) -> None:
        self.world.consent("bob_watches")
        self.poll()
        self.world.asked.clear()
        with patch.object(polling, "IN_FLIGHT", 1):
            with (
                patch.object(polling, "crash_point", side_effect=[None, KeyboardInterrupt]),
                self.assertRaises(KeyboardInterrupt),
            ):
                self.poll()
            assert ring("followed").cursor == self.ada.pk
            assert poll(twitch=helix()) == 1
        assert self.world.asked[ASKED] == 3
        assert ring("followed").cursor == 0


class NoTransactionTests(TransactionTestCase):
    def test_none_is_open_while_twitch_is_asked_or_tokens_are_refreshed(self) -> None:
        with polled_world() as world, only(rings.FOLLOWED):
            world.watch_cast("ada_streams")
            world.consent("ada_streams")
            world.simulator.control.fault("expire_tokens")
            open_ones: list[bool] = []
            really = connection.in_atomic_block
            world.watch_requests = lambda: open_ones.append(really)
            assert poll(twitch=helix()) == 1
            assert open_ones == [False] * 2
