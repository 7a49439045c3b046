"""On and off the air: each stream begins and ends once, in whatever order we hear of it."""

from __future__ import annotations

from django.test import TestCase
from django.utils import timezone

from activity.models import Activity
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import (
    ANN,
    POLL,
    at,
    channel,
    details,
    keys,
    live,
    offline,
    online,
    snapshot,
    told,
)
from tests.factories import make_streamer


class OnAndOffTests(TestCase):
    def setUp(self) -> None:
        make_streamer(
            twitch_id=ANN, login="ann", title="Openings", category_name="Chess", live_as_of=at(-60)
        )

    def test_going_live_is_an_activity_and_the_snapshot(self) -> None:
        assert told(online("s1", 10, heard=13)) == ["online:s1"]
        activity = Activity.objects.get()
        assert activity.kind == "online"
        assert activity.occurred_at == at(10)
        assert activity.details == {"title": "Openings", "category": "Chess"}
        assert activity.source == "push"
        assert activity.actor_twitch_id == ""
        assert live() == ("s1", at(10))
        assert snapshot(ANN, "live_as_of", "last_activity_at") == (at(13), at(10))

    def test_title_told_before_is_the_one_of_the_stream(self) -> None:
        told(channel(5, "Endgames", "Go"), online("s1", 10))
        assert details("online:s1") == {"title": "Endgames", "category": "Go"}

    def test_going_offline_says_how_long_it_lasted(self) -> None:
        assert told(online("s1", 10), offline("s1", 3610.9)) == ["online:s1", "offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": 3600}
        assert live() == ("", None)
        assert snapshot(ANN, "last_activity_at") == (at(3610.9),)

    def test_said_twice_is_recorded_once(self) -> None:
        told(online("s1", 10), online("s1", 10), offline("s1", 60), offline("s1", 60))
        assert keys() == ["online:s1", "offline:s1"]

    def test_said_again_later_keeps_the_first_moment(self) -> None:
        told(online("s1", 10), online("s1", 10, heard=90, source=POLL), offline("s1", 60))
        told(offline("s1", 90, source=POLL))
        assert Activity.objects.get(kind="offline").occurred_at == at(60)

    def test_end_heard_before_its_beginning(self) -> None:
        assert told(offline("s1", 60)) == ["offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": None}
        assert told(online("s1", 10)) == ["online:s1", "offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": 50}
        assert live() == ("", None)

    def test_beginning_signed_after_the_end_does_not_bring_the_stream_back(self) -> None:
        told(online("s1", 10), offline("s1", 60), online("s1", 10, heard=65))
        assert live() == ("", None)

    def test_late_end_of_another_stream_leaves_the_live_one(self) -> None:
        told(online("s1", 10), online("s2", 50), offline("s1", 60))
        assert keys() == ["online:s1", "online:s2", "offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": 50}
        assert live() == ("s2", at(50))

    def test_stream_that_began_before_the_last_one_ended_is_live(self) -> None:
        """Twitch sends an end late; the next stream may have begun meanwhile."""
        told(online("s1", 10), offline("s1", 60), online("s2", 50))
        assert live() == ("s2", at(50))

    def test_old_beginning_is_an_activity_but_not_live(self) -> None:
        told(online("s2", 100), offline("s2", 200), online("s1", 10))
        assert keys() == ["online:s1", "online:s2", "offline:s2"]
        assert live() == ("", None)

    def test_old_beginning_leaves_the_live_stream(self) -> None:
        told(online("s2", 100), online("s1", 10))
        assert live() == ("s2", at(100))

    def test_beginning_older_than_the_first_snapshot_is_not_live(self) -> None:
        told(online("s1", -90))
        assert keys() == ["online:s1"]
        assert live() == ("", None)

    def test_stream_that_came_and_went_ends_the_one_before(self) -> None:
        told(online("s1", 10), offline("s2", 200), online("s2", 100))
        assert live() == ("", None)
        assert keys() == ["online:s1", "online:s2", "offline:s2"]

    def test_beginning_in_the_snapshot_is_no_activity_until_twitch_says_so(self) -> None:
        Streamer.objects.update(live_stream_id="s1", live_started_at=at(-600))
        told(offline("s1", 60))
        assert keys() == ["offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": 660}

    def test_snapshot_without_a_beginning_gives_no_duration(self) -> None:
        Streamer.objects.update(live_stream_id="s1", live_started_at=None)
        told(offline("s1", 60))
        assert details("offline:s1") == {"lasted_seconds": None}
        assert live() == ("", None)

    def test_beginning_without_an_id_says_nothing(self) -> None:
        assert told(online("", 10)) == []
        assert live() == ("", None)


class EndWithoutIdTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", live_as_of=at(-60))

    def test_is_the_end_of_the_live_stream(self) -> None:
        assert told(online("s1", 10), offline("", 60)) == ["online:s1", "offline:s1"]
        assert details("offline:s1") == {"lasted_seconds": 50}
        assert live() == ("", None)

    def test_and_the_same_end_with_its_id_is_one(self) -> None:
        assert told(online("s1", 10), offline("", 60), offline("s1", 61)) == [
            "online:s1",
            "offline:s1",
        ]

    def test_in_one_batch_with_its_beginning(self) -> None:
        record([offline("", 60), online("s1", 10)])
        assert keys() == ["online:s1", "offline:s1"]
        assert live() == ("", None)

    def test_while_nothing_is_live_is_no_activity(self) -> None:
        assert told(offline("", 60), offline("", 120, source=POLL)) == []
        assert snapshot(ANN, "live_as_of") == (at(120),)

    def test_before_its_beginning_keeps_the_stream_from_being_live(self) -> None:
        assert told(offline("", 60), online("s1", 10)) == ["online:s1"]
        assert live() == ("", None)

    def test_older_than_the_live_stream_is_of_another_one(self) -> None:
        assert told(online("s1", 100), offline("", 60)) == ["online:s1"]
        assert live() == ("s1", at(100))

    def test_repeated_after_the_end_is_dropped(self) -> None:
        told(online("s1", 10), offline("", 60), offline("", 60))
        assert keys() == ["online:s1", "offline:s1"]


class LateTests(TestCase):
    def test_what_happened_more_than_ten_minutes_ago_is_late(self) -> None:
        make_streamer(twitch_id=ANN)
        now = (timezone.now() - at(0)).total_seconds()
        told(online("s1", now - 590, source=POLL), online("s2", now - 610, source=POLL))
        assert dict(Activity.objects.values_list("dedupe_key", "late")) == {
            "online:s1": False,
            "online:s2": True,
        }
        assert set(Activity.objects.values_list("source", flat=True)) == {"poll"}
