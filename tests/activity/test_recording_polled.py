"""What is polled beside what is pushed: each thing once, and the push knows better when."""

from __future__ import annotations

from django.test import TestCase

from activity.models import Activity
from subscriptions.models import Streamer
from tests.activity.saying import (
    ANN,
    POLL,
    at,
    channel,
    details,
    keys,
    live,
    named,
    offline,
    online,
    snapshot,
    told,
)
from tests.factories import make_streamer

MINUTE = 60.0


class PolledEndTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", display_name="Ann", title="Openings")

    def ended(self) -> tuple[object, ...]:
        return Activity.objects.values_list("occurred_at", "source").get(kind="offline")

    def test_the_push_that_comes_later_knows_better_when(self) -> None:
        told(online("s1", 0), offline("s1", 700, source=POLL), offline("s1", 600))
        assert keys() == ["online:s1", "offline:s1"]
        assert self.ended() == (at(600), "push")
        assert details("offline:s1") == {"lasted_seconds": 600}

    def test_the_poll_that_comes_later_does_not(self) -> None:
        told(online("s1", 0), offline("s1", 600), offline("s1", 700, source=POLL))
        assert self.ended() == (at(600), "push")

    def test_an_amended_end_is_announced_again(self) -> None:
        told(online("s1", 0), offline("s1", 700, source=POLL))
        Activity.objects.update(announced_at=at(701), changed_at=at(701))
        told(offline("s1", 600))
        assert Activity.objects.get(kind="offline").changed_at > at(701)

    def test_a_lagging_list_does_not_bring_a_stream_back(self) -> None:
        told(online("s1", 0), offline("s1", 700, source=POLL))
        told(online("s1", 0, heard=700, source=POLL))
        assert live() == ("", None)

    def test_a_list_that_is_newer_than_a_polled_end_does(self) -> None:
        told(online("s1", 0), offline("s1", 700, source=POLL))
        told(online("s1", 0, heard=701, source=POLL))
        assert live() == ("s1", at(0))
        assert keys() == ["online:s1", "offline:s1"]

    def test_the_end_after_that_is_the_same_activity(self) -> None:
        told(online("s1", 0), offline("s1", 700, source=POLL))
        told(online("s1", 0, heard=900, source=POLL), offline("s1", 2000, source=POLL))
        assert live() == ("", None)
        assert keys() == ["online:s1", "offline:s1"]
        assert self.ended() == (at(2000), "poll")
        assert details("offline:s1") == {"lasted_seconds": 2000}
        assert Streamer.objects.get().last_activity_at == at(2000)

    def test_a_pushed_end_is_not_taken_back(self) -> None:
        told(online("s1", 0), offline("s1", 700), online("s1", 0, heard=5000, source=POLL))
        assert live() == ("", None)

    def test_an_end_with_id_leaves_what_began_meanwhile(self) -> None:
        told(online("s1", 0), online("s2", 650), offline("s1", 700, source=POLL))
        assert live() == ("s2", at(650))


class PolledNameTests(TestCase):
    def setUp(self) -> None:
        make_streamer(
            twitch_id=ANN, login="ann", display_name="Ann", title="Openings",
            category_id="ssehC", category_name="Chess",
        )  # fmt: skip

    def test_a_cache_that_knows_the_old_name_renames_nobody(self) -> None:
        told(named(0, "anna", "Anna"), named(299, "ann", "Ann", source=POLL))
        assert keys() == ["renamed:1"]
        assert snapshot(ANN, "login") == ("anna",)

    def test_after_five_minutes_it_is_a_rename(self) -> None:
        told(named(0, "anna", "Anna"), named(300, "ann", "Ann", source=POLL))
        assert keys() == ["renamed:1", "renamed:2"]

    def test_a_polled_change_is_not_taken_back_by_another_cache(self) -> None:
        told(channel(0, "Endgames", source=POLL), channel(90, "Openings", source=POLL))
        assert keys() == ["changed:1"]
        assert snapshot(ANN, "title") == ("Endgames",)

    def test_nor_is_a_polled_category(self) -> None:
        told(channel(0, "Openings", "Go", source=POLL), channel(90, "Openings", source=POLL))
        assert keys() == ["changed:1"]
        assert snapshot(ANN, "category_name") == ("Go",)

    def test_after_five_minutes_it_is_a_change(self) -> None:
        told(channel(0, "Endgames", source=POLL), channel(301, "Openings", source=POLL))
        assert keys() == ["changed:1", "changed:2"]

    def test_another_value_is_a_change_at_once(self) -> None:
        told(channel(0, "Endgames", source=POLL), channel(90, "Gambits", source=POLL))
        assert keys() == ["changed:1", "changed:2"]
