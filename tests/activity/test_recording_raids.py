"""Raids: one for each side that is watched, once, whoever tells of it."""

from __future__ import annotations

from dataclasses import replace

from django.test import TestCase

from activity.drafts import Person
from activity.models import Activity
from activity.recording import record
from tests.activity.saying import ANN, at, keys, raid, snapshot, told
from tests.factories import make_streamer

BOB = "2448"


class RaidTests(TestCase):
    def setUp(self) -> None:
        self.ann = make_streamer(twitch_id=ANN)

    def test_raided_by_somebody_unknown(self) -> None:
        told(raid(10, BOB, ANN, viewers=1234))
        activity = Activity.objects.get()
        assert activity.kind == "raid_in"
        assert activity.dedupe_key == "raid_in:2448:2026-11-24T12:00:10+00:00"
        assert activity.occurred_at == at(10)
        assert activity.details == {"viewers": 1234}
        assert activity.actor_twitch_id == BOB
        assert activity.actor_login == "user2448"
        assert activity.actor_name == "User2448"
        assert snapshot(ANN, "last_activity_at") == (at(10),)

    def test_raiding_somebody_unknown(self) -> None:
        assert told(raid(10, ANN, BOB)) == ["raid_out:2448:2026-11-24T12:00:10+00:00"]
        assert Activity.objects.get().actor_twitch_id == BOB

    def test_between_two_who_are_watched_is_two_activities(self) -> None:
        bob = make_streamer(twitch_id=BOB)
        told(raid(10, BOB, ANN))
        assert set(Activity.objects.values_list("streamer_id", "kind", "actor_twitch_id")) == {
            (self.ann.pk, "raid_in", BOB),
            (bob.pk, "raid_out", ANN),
        }

    def test_both_subscriptions_tell_of_it(self) -> None:
        make_streamer(twitch_id=BOB)
        told(raid(10, BOB, ANN), raid(10.2, BOB, ANN))
        assert Activity.objects.count() == 2

    def test_same_one_within_ten_minutes_is_the_same_raid(self) -> None:
        told(raid(10, BOB, ANN), raid(610, BOB, ANN), raid(-590, BOB, ANN))
        assert len(keys()) == 1

    def test_same_one_after_ten_minutes_is_another_raid(self) -> None:
        told(raid(10, BOB, ANN), raid(610.1, BOB, ANN))
        assert len(keys()) == 2

    def test_same_raid_twice_in_one_batch(self) -> None:
        assert len(record([raid(10, BOB, ANN), raid(11, BOB, ANN)])) == 1

    def test_raid_back_is_another_raid(self) -> None:
        told(raid(10, BOB, ANN), raid(20, ANN, BOB))
        assert [key.split(":")[0] for key in keys()] == ["raid_in", "raid_out"]

    def test_other_raider_is_another_raid(self) -> None:
        told(raid(10, BOB, ANN), raid(20, "7", ANN))
        assert len(keys()) == 2

    def test_raider_without_a_name_is_called_by_the_login(self) -> None:
        nameless = Person(twitch_id=BOB, login="bob", display_name="")
        told(replace(raid(10, BOB, ANN), raider=nameless))
        assert Activity.objects.get().actor_name == "bob"

    def test_raid_between_two_whom_nobody_watches_is_dropped(self) -> None:
        assert told(raid(10, BOB, "7")) == []
