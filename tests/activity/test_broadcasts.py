"""Broadcasts and their Segments: what joins, what is apart, what is missing; the sweep."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

from django.test import TestCase, override_settings
from django.utils import timezone

from activity import airing, broadcasting
from activity.broadcasting import sweep
from activity.drafts import Draft
from activity.models import Activity, Broadcast, Segment
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, at, live, offline, online, told
from tests.factories import make_streamer

Times = tuple[str, datetime, datetime | None]


def stretches() -> list[list[Times]]:
    """The Segments of each Broadcast: stream id, beginning, end."""
    return [
        list(
            one.segments.order_by("began_at", "stream_id").values_list(
                "stream_id", "began_at", "ended_at"
            )
        )
        for one in Broadcast.objects.order_by("began_at")
    ]


def whole(broadcast: Broadcast) -> tuple[datetime, datetime | None, bool]:
    return broadcast.began_at, broadcast.ended_at, broadcast.is_over


class StretchTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", live_as_of=at(-60))

    def test_going_live_begins_one(self) -> None:
        told(online("s1", 10))
        assert whole(Broadcast.objects.get()) == (at(10), None, False)
        assert stretches() == [[("s1", at(10), None)]]

    def test_going_offline_ends_it_at_once(self) -> None:
        told(online("s1", 10), offline("s1", 600))
        assert Broadcast.objects.get().ended_at == at(600)
        segment = Segment.objects.get()
        assert (segment.is_beginning_known, segment.is_end_known) == (True, True)

    def test_gap_shorter_than_the_grace_joins(self) -> None:
        told(online("s1", 10), offline("s1", 600), online("s2", 899))
        assert stretches() == [[("s1", at(10), at(600)), ("s2", at(899), None)]]
        assert whole(Broadcast.objects.get()) == (at(10), None, False)

    def test_gap_as_long_as_the_grace_parts(self) -> None:
        told(online("s1", 10), offline("s1", 600), online("s2", 900))
        assert stretches() == [[("s1", at(10), at(600))], [("s2", at(900), None)]]

    @override_settings(BROADCAST_GRACE_SECONDS=60)
    def test_other_settings(self) -> None:
        told(online("s1", 10), offline("s1", 600), online("s2", 660))
        assert Broadcast.objects.count() == 2

    @override_settings(BROADCAST_GRACE_SECONDS=0)
    def test_without_grace_each_is_its_own(self) -> None:
        told(online("s1", 10), offline("s1", 600), online("s2", 601), offline("s2", 700))
        assert Broadcast.objects.count() == 2

    def test_stream_between_two_broadcasts_makes_them_one(self) -> None:
        told(online("s1", 0), offline("s1", 100), online("s3", 1000), offline("s3", 1100))
        first = Broadcast.objects.order_by("pk").first()
        told(online("s2", 300), offline("s2", 800))
        assert Broadcast.objects.get() == first
        assert [one[0] for one in stretches()[0]] == ["s1", "s2", "s3"]
        assert Broadcast.objects.get().ended_at == at(1100)

    def test_earlier_end_told_later_parts_them(self) -> None:
        """A poll notices the end after minutes; the message, with the true time, comes late."""
        told(online("s1", 0), offline("s1", 600), online("s2", 700), offline("s1", 100))
        assert stretches() == [[("s1", at(0), at(100))], [("s2", at(700), None)]]

    def test_overlapping_streams_are_one_broadcast(self) -> None:
        """Twitch sends an end late; the next stream may have begun meanwhile."""
        told(online("s1", 10), online("s2", 50), offline("s1", 60))
        assert stretches() == [[("s1", at(10), at(50)), ("s2", at(50), None)]]
        told(offline("s2", 55))
        assert Broadcast.objects.get().ended_at == at(55)

    def test_streamers_do_not_mix(self) -> None:
        make_streamer(twitch_id="7")
        record(
            [online("s1", 10), online("s1", 20, twitch_id="7"), offline("s1", 30, twitch_id="7")]
        )
        found = Broadcast.objects.order_by("pk").values_list("streamer__twitch_id", "ended_at")
        assert dict(found) == {ANN: None, "7": at(30)}


class MissingTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", live_as_of=at(-60))

    def test_end_alone_is_a_stretch_of_unknown_beginning(self) -> None:
        told(offline("s1", 600))
        assert stretches() == [[("s1", at(600), at(600))]]
        assert Segment.objects.get().is_beginning_known is False
        told(online("s1", 10))
        assert stretches() == [[("s1", at(10), at(600))]]
        assert Segment.objects.get().is_beginning_known is True
        assert Broadcast.objects.get().began_at == at(10)

    def test_next_beginning_closes_the_former_at_the_last_moment_seen(self) -> None:
        told(online("s1", 0), online("s1", 0, heard=2000, source=POLL), online("s2", 9000))
        # Seen at 12:33:20, kept in quarters of an hour.
        assert stretches() == [[("s1", at(0), at(1800))], [("s2", at(9000), None)]]
        assert Segment.objects.get(stream_id="s1").is_end_known is False

    def test_last_moment_seen_is_never_after_the_next_beginning(self) -> None:
        told(online("s1", 0), online("s1", 0, heard=1000, source=POLL), online("s2", 850))
        assert stretches() == [[("s1", at(0), at(850)), ("s2", at(850), None)]]

    def test_true_end_told_later_takes_the_place_of_what_was_concluded(self) -> None:
        told(online("s1", 0), online("s2", 9000), offline("s1", 8900))
        assert stretches() == [[("s1", at(0), at(8900)), ("s2", at(9000), None)]]
        assert Segment.objects.get(stream_id="s1").is_end_known is True

    def test_end_without_id_ends_the_stream_that_began_before_it(self) -> None:
        told(online("s1", 0), offline("", 60))
        assert stretches() == [[("s1", at(0), at(60))]]

    def test_end_without_id_told_before_the_beginning(self) -> None:
        told(offline("", 60), online("s1", 0))
        assert stretches() == [[("s1", at(0), at(60))]]
        assert live() == ("", None)

    def test_old_end_without_id_is_that_of_the_former_stream(self) -> None:
        told(online("s1", 0), online("s2", 100), offline("", 60))
        assert stretches() == [[("s1", at(0), at(60)), ("s2", at(100), None)]]
        assert live() == ("s2", at(100))

    def test_old_end_without_id_does_not_end_what_is_live(self) -> None:
        """Twitch's list did not know the stream yet."""
        told(online("s1", 50, heard=100, source=POLL), offline("", 60, source=POLL))
        assert stretches() == [[("s1", at(50), None)]]
        assert live() == ("s1", at(50))

    def test_stream_that_was_thought_over_and_is_live_has_not_ended(self) -> None:
        told(offline("", 20), online("s1", 10), online("s1", 10, heard=80, source=POLL))
        assert live() == ("s1", at(10))
        assert stretches() == [[("s1", at(10), None)]]

    def test_live_before_anybody_told_is_as_the_snapshot_says(self) -> None:
        Streamer.objects.update(live_stream_id="s1", live_started_at=at(-600))
        told(offline("s1", 60))
        assert stretches() == [[("s1", at(-600), at(60))]]
        assert Segment.objects.get().is_beginning_known is True

    def test_live_since_nobody_knows_when(self) -> None:
        Streamer.objects.update(live_stream_id="s1", live_started_at=None)
        told(online("s2", 50))
        assert stretches() == [[("s1", at(-60), at(-60)), ("s2", at(50), None)]]
        assert Segment.objects.get(stream_id="s1").is_beginning_known is False

    def test_end_before_its_beginning_is_a_clock_that_is_wrong(self) -> None:
        beginning, end = online("s1", 60), offline("s1", 50)
        orders: list[list[Draft]] = [[beginning, end], [end, beginning]]
        for drafts in orders:
            with self.subTest(first=type(drafts[0]).__name__):
                Broadcast.objects.all().delete()
                Activity.objects.all().delete()
                Streamer.objects.update(live_as_of=at(-60), live_stream_id="")
                told(*drafts)
                assert live() == ("", None)
                assert whole(Broadcast.objects.get())[:2] == (at(60), at(60))

    def test_beginning_without_id_is_none(self) -> None:
        told(online("", 10))
        assert Broadcast.objects.count() == 0


class CostTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", live_as_of=at(-60))

    def test_polls_write_a_stream_once_in_a_quarter_of_an_hour(self) -> None:
        told(online("s1", 0))
        with self.assertNumQueries(7):  # who, the lock, segments twice, streams; the savepoint
            record([online("s1", 0, heard=600, source=POLL)])
        record([online("s1", 0, heard=901, source=POLL)])
        assert Segment.objects.get().seen_at == at(900)

    def test_old_broadcasts_are_not_read(self) -> None:
        for number in range(30):
            told(online(f"s{number}", number * 1000), offline(f"s{number}", number * 1000 + 10))
        seen: list[int] = []
        load = airing.Airing.__init__

        def count(self: airing.Airing, *, streamer: Streamer, segments: list[Segment]) -> None:
            seen.append(len(segments))
            load(self, streamer=streamer, segments=segments)

        with patch.object(airing.Airing, "__init__", count):
            told(online("new", 40_000))
        assert seen == [0]


class SweepTests(TestCase):
    def ended(self, ago: timedelta) -> Broadcast:
        moment = timezone.now() - ago
        return Broadcast.objects.create(
            streamer=make_streamer(), began_at=moment - timedelta(hours=1), ended_at=moment
        )

    def test_is_over_when_the_grace_has_passed(self) -> None:
        over, fresh = self.ended(timedelta(seconds=301)), self.ended(timedelta(seconds=200))
        on_air = Broadcast.objects.create(streamer=make_streamer(), began_at=timezone.now())
        with self.assertNumQueries(2):  # whose grace has passed, the mark
            assert sweep() == 1
        marked = dict(Broadcast.objects.values_list("pk", "is_over"))
        assert marked == {over.pk: True, fresh.pk: False, on_air.pk: False}
        assert sweep() == 0

    def test_so_many_at_once(self) -> None:
        for _ in range(3):
            self.ended(timedelta(hours=1))
        with patch.object(broadcasting, "SWEPT_AT_ONCE", 2):
            assert (sweep(), sweep(), sweep()) == (2, 1, 0)

    def test_late_word_opens_one_again(self) -> None:
        make_streamer(twitch_id=ANN, live_as_of=at(-60))
        told(online("s1", 0), offline("s1", 100))
        assert Broadcast.objects.get().is_over is True
        told(online("s2", 200))
        assert whole(Broadcast.objects.get()) == (at(0), None, False)
