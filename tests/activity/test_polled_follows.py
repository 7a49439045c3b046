"""Follows that only polling finds, from the simulator's world to the Activities, with record()."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from accounts.twitch import helix
from activity import rings
from activity.models import Activity, FollowerCount, Ring
from activity.polling import poll
from tests.activity.polled_world import make_due, only, polled_world

DAY = timedelta(hours=24)


class PolledFollowsTests(TestCase):
    def setUp(self) -> None:
        self.world = self.enterContext(polled_world())
        self.enterContext(only(*rings.ONE_BY_ONE))
        self.ada, self.bob = self.world.watch_cast("ada_streams", "bob_watches")
        self.world.consent("ada_streams")
        self.poll()
        assert not Activity.objects.exists()

    def poll(self) -> None:
        make_due()
        Ring.objects.update(due_at=timezone.now(), spent_until=timezone.now() - DAY)
        poll(twitch=helix())

    def test_a_follow_is_an_activity_of_each_side_that_is_watched(self) -> None:
        self.world.follow(self.ada.twitch_id, self.bob.twitch_id)
        for _ in range(3):
            self.poll()
        told = Activity.objects.values_list("streamer__login", "kind", "actor_login", "source")
        assert sorted(told) == [
            ("ada_streams", "follows", "bob_watches", "poll"),
            ("bob_watches", "follower", "ada_streams", "poll"),
        ]

    def test_many_at_once_are_one_activity(self) -> None:
        chosen = self.world.not_followed_by(self.ada.twitch_id, 12)
        self.world.follow(self.ada.twitch_id, *chosen)
        for _ in range(3):
            self.poll()
        one = Activity.objects.get(streamer=self.ada, kind="follows")
        assert len(one.details["others"]) == 2
        assert one.details["more"] == 9

    def test_the_difference_of_a_day_is_told_once(self) -> None:
        self.world.change(self.bob.twitch_id, followers_base=312)
        for count in FollowerCount.objects.all():
            count.base_at -= DAY
            count.save()
        for _ in range(3):
            self.poll()
        one = Activity.objects.get()
        assert (one.streamer, one.kind) == (self.bob, "follower")
        assert one.details["gained"] == 312
        assert one.actor_twitch_id == ""
