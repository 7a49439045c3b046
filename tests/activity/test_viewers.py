"""How many watched a stream: readings added up, shown by Broadcast."""

from __future__ import annotations

from django.test import TestCase

from activity.chapters import last_broadcasts
from activity.models import Segment
from activity.recording import record
from activity.viewers import Viewers, note_viewers, viewers_of
from streamwatch.twitch.payloads import LiveStream
from tests.activity.saying import ANN, at, offline, online
from tests.factories import make_streamer


def counted(stream: str, viewers: int, twitch_id: str = ANN) -> LiveStream:
    """An item of Get Streams."""
    return LiveStream(
        stream_id=stream,
        twitch_id=twitch_id,
        started_at=at(0),
        title="",
        category_id="",
        category_name="",
        viewer_count=viewers,
    )


class ViewersTests(TestCase):
    def setUp(self) -> None:
        self.ann = make_streamer(twitch_id=ANN)
        record([online("s1", 0)])

    def shown(self) -> list[Viewers | None]:
        return [stretch.viewers for stretch in last_broadcasts(self.ann)]

    def test_nothing_is_said_before_the_first_reading(self) -> None:
        assert self.shown() == [None]

    def test_the_most_and_the_mean_of_all_readings(self) -> None:
        for viewers in (10, 40, 12):
            note_viewers([self.ann.pk], [counted("s1", viewers)])
        assert self.shown() == [Viewers(peak=40, average=21)]

    def test_nobody_watching_is_a_reading_too(self) -> None:
        note_viewers([self.ann.pk], [counted("s1", 0)])
        assert self.shown() == [Viewers(peak=0, average=0)]

    def test_two_segments_of_one_broadcast_are_taken_together(self) -> None:
        note_viewers([self.ann.pk], [counted("s1", 10)])
        record([offline("s1", 60)])
        record([online("s2", 90)])
        for viewers in (40, 70):
            note_viewers([self.ann.pk], [counted("s2", viewers)])
        assert self.shown() == [Viewers(peak=70, average=40)]

    def test_a_stream_that_is_not_ours_or_not_known_is_passed_over(self) -> None:
        bob = make_streamer(twitch_id="7")
        note_viewers([bob.pk], [counted("s1", 10, bob.twitch_id)])
        note_viewers([self.ann.pk], [counted("unheard-of", 10)])
        assert self.shown() == [None]

    def test_numbers_that_no_column_keeps(self) -> None:
        note_viewers([self.ann.pk], [counted("s1", -5)])
        assert self.shown() == [Viewers(peak=0, average=0)]
        note_viewers([self.ann.pk], [counted("s1", 10**30)])
        assert viewers_of(list(Segment.objects.all())) == Viewers(10**10, 5 * 10**9)

    def test_two_queries_however_many_there_are(self) -> None:
        with self.assertNumQueries(2):
            note_viewers([self.ann.pk], [counted("s1", 10), counted("other", 3)])
        with self.assertNumQueries(0):
            note_viewers([self.ann.pk], [])
