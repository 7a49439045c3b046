"""What Twitch's lists say about streamers, compared with what we know."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.test import TestCase

from activity.drafts import ChannelState, Named, Person, WentLive, WentOffline
from activity.models import Absence
from activity.readings import Moment, StreamsRead, read_channels, read_profiles, read_streams
from streamwatch.twitch.payloads import ChannelInformation, LiveStream, Profile
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, at
from tests.factories import make_streamer

ROUND = 60.0


def listed(stream: str, began: float | None, twitch_id: str = ANN) -> LiveStream:
    """An item of Get Streams."""
    return LiveStream(
        stream_id=stream,
        twitch_id=twitch_id,
        started_at=None if began is None else at(began),
        title="",
        category_id="",
        category_name="",
        viewer_count=3,
    )


def in_round(second: float, began: float | None = None) -> Moment:
    return Moment(at(second), at(second if began is None else began))


class StreamsTests(TestCase):
    def ann(self, **fields: Any) -> Streamer:
        return make_streamer(twitch_id=ANN, **fields)

    def live_ann(self, began: float = 0) -> Streamer:
        return self.ann(live_stream_id="s1", live_started_at=at(began), live_as_of=at(began))

    def read(self, ann: Streamer, second: float, *streams: LiveStream) -> StreamsRead:
        """A round that asks at that second; its absences are written."""
        result = read_streams([ann], streams, in_round(second))
        result.write_absences()
        return result

    def test_a_stream_we_do_not_know(self) -> None:
        assert self.read(self.ann(), 1000, listed("s1", 10)).drafts == [
            WentLive(
                # The list proves only what was so five minutes ago.
                twitch_id=ANN, stream_id="s1", started_at=at(10), as_of=at(700), source=POLL
            )
        ]  # fmt: skip

    def test_a_young_one_is_as_of_its_beginning(self) -> None:
        (draft,) = self.read(self.ann(), 1000, listed("s1", 900)).drafts
        assert draft.as_of == at(900)

    def test_what_we_know_is_no_news(self) -> None:
        ann = self.live_ann()
        with self.assertNumQueries(1):  # absences
            assert self.read(ann, 1000, listed("s1", 0)) == StreamsRead()

    def test_streams_without_id_or_beginning_are_nothing_new(self) -> None:
        ann = self.ann()
        for stream in (listed("", 5), listed("s1", None)):
            with self.subTest(stream=stream):
                assert self.read(ann, 9, stream) == StreamsRead()

    def test_another_stream_ends_the_one_before(self) -> None:
        ended, began = self.read(self.live_ann(), 1000, listed("s2", 950)).drafts
        assert ended == WentOffline(twitch_id=ANN, stream_id="s1", as_of=at(950), source=POLL)
        assert isinstance(began, WentLive)

    def test_a_former_stream_in_a_lagging_list_ends_nothing(self) -> None:
        drafts = self.read(self.live_ann(900), 1000, listed("s0", 10)).drafts
        assert [type(draft) for draft in drafts] == [WentLive]

    def test_two_rounds_must_lack_it(self) -> None:
        ann = self.live_ann()
        assert self.read(ann, 1000).drafts == []
        assert self.read(ann, 1060).drafts == [
            WentOffline(twitch_id=ANN, stream_id="s1", as_of=at(1000), source=POLL)
        ]
        assert not Absence.objects.exists()

    def test_the_rounds_must_follow_one_another(self) -> None:
        ann = self.live_ann()
        for second, streams in ((1000, []), (1060, [listed("s1", 0)]), (1120, [])):
            assert self.read(ann, second, *streams).drafts == []

    def test_the_same_round_again_is_no_second_one(self) -> None:
        ann = self.live_ann()
        self.read(ann, 1000)
        again = read_streams([ann], [], in_round(1020, began=999))
        again.write_absences()
        assert again.drafts == []
        assert Absence.objects.get().noticed_at == at(1000)

    def test_absence_of_a_young_stream_means_nothing(self) -> None:
        ann = self.live_ann(900)
        self.read(ann, 1000)
        self.read(ann, 1199)
        assert not Absence.objects.exists()
        self.read(ann, 1200)
        assert Absence.objects.exists()

    def test_absence_of_another_stream_counts_for_nothing(self) -> None:
        ann = self.live_ann()
        self.read(ann, 1000)
        ann.live_stream_id = "s2"
        assert self.read(ann, 1060).drafts == []
        assert Absence.objects.get().stream_id == "s2"

    def test_absence_is_forgotten_when_the_end_was_pushed(self) -> None:
        ann = self.live_ann()
        self.read(ann, 1000)
        ann.live_stream_id = ""
        assert self.read(ann, 1060).drafts == []
        assert not Absence.objects.exists()

    def test_queries_do_not_grow_with_streamers(self) -> None:
        gone = [
            make_streamer(live_stream_id=f"s{n}", live_started_at=at(0), live_as_of=at(0))
            for n in range(30)
        ]
        with self.assertNumQueries(2):  # absences, insert
            read_streams(gone, [], in_round(1000)).write_absences()
        with self.assertNumQueries(2):  # absences, delete
            second = read_streams(gone, [], in_round(1060))
            second.write_absences()
        assert len(second.drafts) == 30


class ChannelsTests(TestCase):
    def setUp(self) -> None:
        self.ann = make_streamer(
            twitch_id=ANN, login="ann", display_name="Ann", title="Openings",
            category_id="1", category_name="Chess",
        )  # fmt: skip
        self.asked_at: datetime = at(100)

    def channel(self, **fields: str) -> ChannelInformation:
        told = {
            "twitch_id": ANN, "login": "ann", "display_name": "Ann", "title": "Openings",
            "category_id": "1", "category_name": "Chess",
        }  # fmt: skip
        return ChannelInformation(**{**told, **fields})

    def test_the_same_is_no_draft(self) -> None:
        assert read_channels([self.ann], [self.channel()], self.asked_at) == []

    def test_each_difference(self) -> None:
        for field in ("title", "category_id", "category_name"):
            with self.subTest(field=field):
                (draft,) = read_channels([self.ann], [self.channel(**{field: "x"})], self.asked_at)
                assert isinstance(draft, ChannelState)
                assert getattr(draft, field) == "x"
                assert (draft.as_of, draft.source) == (self.asked_at, POLL)

    def test_a_rename(self) -> None:
        renamed = self.channel(login="Anna", display_name="ANNA")
        right = [
            Named(
                person=Person(twitch_id=ANN, login="anna", display_name="ANNA"),
                as_of=self.asked_at,
                source=POLL,
            )
        ]
        assert read_channels([self.ann], [renamed], self.asked_at) == right
        profile = Profile(ANN, "anna", "ANNA", "", "", "", None)
        assert read_profiles([self.ann], [profile], self.asked_at) == right

    def test_nobody_is_called_nothing(self) -> None:
        nameless = self.channel(login="", display_name="")
        assert read_channels([self.ann], [nameless], self.asked_at) == []

    def test_answers_about_others_are_passed_over(self) -> None:
        other = self.channel(twitch_id="7", title="x", login="x")
        assert read_channels([self.ann], [other], self.asked_at) == []
        assert read_profiles([self.ann], [Profile("7", "x", "X", "", "", "", None)], at(0)) == []
