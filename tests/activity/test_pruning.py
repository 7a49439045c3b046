"""Activities that have been kept long enough go, and `last_activity_at` stays true."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.test import TestCase
from django.utils import timezone

from activity import pruning
from activity.models import Activity, Broadcast, Follow, Segment
from activity.pruning import prune
from subscriptions.models import Streamer
from tests.factories import make_activity, make_broadcast, make_follow, make_streamer

OLD = timedelta(days=181)
KEPT = timedelta(days=179)


class PruneTests(TestCase):
    def make(self, age: timedelta, streamer: Streamer | None = None) -> Activity:
        return make_activity(streamer=streamer, occurred_at=timezone.now() - age)

    def test_older_than_the_setting_goes(self) -> None:
        streamer = make_streamer()
        self.make(OLD, streamer)
        kept = self.make(KEPT, streamer)
        assert prune() == 1
        assert Activity.objects.get() == kept
        streamer.refresh_from_db()
        assert streamer.last_activity_at == kept.occurred_at

    def test_other_settings(self) -> None:
        self.make(timedelta(days=3))
        with self.settings(ACTIVITY_DAYS=2):
            assert prune() == 1

    def test_last_activity_is_empty_when_all_have_gone(self) -> None:
        activity = self.make(OLD)
        prune()
        assert Streamer.objects.get(pk=activity.streamer_id).last_activity_at is None

    def test_wrong_last_activity_of_a_pruned_streamer_is_put_right(self) -> None:
        streamer = make_streamer()
        self.make(OLD, streamer)
        kept = self.make(KEPT, streamer)
        Streamer.objects.update(last_activity_at=timezone.now())
        prune()
        assert Streamer.objects.get().last_activity_at == kept.occurred_at

    def test_nothing_old_is_three_queries(self) -> None:
        self.make(KEPT)
        with self.assertNumQueries(3):  # whose are old, which broadcasts are, which follows
            assert prune() == 0

    def test_in_chunks_and_no_more_than_a_run_may_take(self) -> None:
        streamers = [make_streamer() for _ in range(3)]
        for streamer in streamers:
            for _ in range(5):
                self.make(OLD, streamer)
        with patch.object(pruning, "CHUNK_ROWS", 2), patch.object(pruning, "CHUNKS", 4):
            assert prune() == 7
            assert Activity.objects.count() == 8
            assert prune() + prune() == 8
        assert Activity.objects.count() == 0
        assert set(Streamer.objects.values_list("last_activity_at", flat=True)) == {None}

    def test_old_broadcasts_go_with_their_segments(self) -> None:
        now = timezone.now()
        make_broadcast(began_at=now - OLD - timedelta(hours=2), ended_at=now - OLD, is_over=True)
        kept = make_broadcast(began_at=now - OLD, ended_at=now - KEPT, is_over=True)
        assert prune() == 1
        assert Broadcast.objects.get() == kept
        assert Segment.objects.get().broadcast == kept

    def test_old_broadcasts_go_in_chunks(self) -> None:
        moment = timezone.now() - OLD
        for _ in range(5):
            make_broadcast(began_at=moment, ended_at=moment, is_over=True)
        with patch.object(pruning, "CHUNK_ROWS", 2), patch.object(pruning, "CHUNKS", 2):
            assert prune() == 4
            assert prune() == 1

    def test_follows_go_two_weeks_after_they_were_taken(self) -> None:
        now = timezone.now()
        make_follow(taken_at=now - timedelta(days=15))
        # A list told of it long after.
        kept = make_follow(taken_at=now - timedelta(days=13), followed_at=now - OLD)
        assert prune() == 1
        assert Follow.objects.get() == kept

    def test_follows_outlast_the_messages_that_told_of_them(self) -> None:
        make_follow(taken_at=timezone.now() - timedelta(days=29))
        with self.settings(INBOX_DAYS=28.5):
            assert prune() == 0
        with self.settings(INBOX_DAYS=7):
            assert prune() == 1

    def test_follow_stays_known_without_its_activity(self) -> None:
        streamer = make_streamer()
        follow = make_follow(streamer=streamer, activity=self.make(OLD, streamer))
        assert prune() == 1
        follow.refresh_from_db()
        assert follow.activity is None

    def test_old_follows_go_in_chunks(self) -> None:
        for _ in range(5):
            make_follow(taken_at=timezone.now() - timedelta(days=15))
        with patch.object(pruning, "CHUNK_ROWS", 2), patch.object(pruning, "CHUNKS", 2):
            assert prune() == 4
            assert prune() == 1
