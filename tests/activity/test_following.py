"""Follows: for each side that is watched, once a day, many at once as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

from django.test import TestCase
from django.utils import timezone as clock

from activity.drafts import Person
from activity.live_rows import ActivityRows
from activity.models import Activity, Follow
from activity.recording import record
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, at, counted, details, follow, keys, snapshot, told
from tests.factories import make_activity, make_streamer, make_subscription, make_user

BOB = "2448"
HOUR = 3600.0
DAY = 24 * HOUR
ALONE: dict[str, Any] = {"others": [], "more": 0}


class BothSidesTests(TestCase):
    def setUp(self) -> None:
        self.ann = make_streamer(twitch_id=ANN)

    def test_somebody_unknown_follows(self) -> None:
        told(follow(10, BOB, ANN))
        activity = Activity.objects.get()
        assert activity.kind == "follower"
        assert activity.dedupe_key == "follower:2448:2026-11-24T12:00:10+00:00"
        assert activity.occurred_at == at(10)
        assert activity.details == ALONE
        assert activity.actor_twitch_id == BOB
        assert activity.actor_login == "user2448"
        assert activity.actor_name == "User2448"
        assert snapshot(ANN, "last_activity_at") == (at(10),)

    def test_follows_somebody_unknown(self) -> None:
        """Told by that one's channel.follow as well as by her own list."""
        assert told(follow(10, ANN, BOB)) == ["follows:2448:2026-11-24T12:00:10+00:00"]
        activity = Activity.objects.get()
        assert activity.kind == "follows"
        assert activity.actor_twitch_id == BOB

    def test_between_two_who_are_watched_is_two_activities(self) -> None:
        bob = make_streamer(twitch_id=BOB)
        told(follow(10, BOB, ANN))
        assert set(Activity.objects.values_list("streamer_id", "kind", "actor_twitch_id")) == {
            (self.ann.pk, "follower", BOB),
            (bob.pk, "follows", ANN),
        }

    def test_between_two_whom_nobody_watches_is_dropped(self) -> None:
        assert told(follow(10, BOB, "7")) == []
        assert not Follow.objects.exists()

    def test_message_and_list_tell_of_the_same_one(self) -> None:
        """The list gives whole seconds."""
        told(follow(10.987654, BOB, ANN), follow(10, BOB, ANN, source=POLL, as_of=at(300)))
        assert keys() == ["follower:2448:2026-11-24T12:00:10+00:00"]
        assert Activity.objects.get().source == "push"

    def test_moment_is_the_same_in_any_zone(self) -> None:
        there = at(10).astimezone(timezone(timedelta(hours=5)))
        told(follow(10, BOB, ANN), replace(follow(10, BOB, ANN), followed_at=there))
        assert keys() == ["follower:2448:2026-11-24T12:00:10+00:00"]

    def test_somebody_without_a_display_name_is_called_by_the_login(self) -> None:
        nameless = Person(twitch_id="7", login="cid", display_name="")
        told(follow(10, BOB, ANN), replace(follow(20, "7", ANN), follower=nameless))
        assert Activity.objects.get().details["others"] == [{"login": "cid", "name": "cid"}]

    def test_somebody_without_an_id_is_dropped(self) -> None:
        nobody = Person(twitch_id=" ", login="", display_name="")
        assert told(replace(follow(10, BOB, ANN), follower=nobody)) == []

    def test_long_ago_is_late(self) -> None:
        now = (clock.now() - at(0)).total_seconds()
        told(follow(now - 580, "7", ANN), follow(now - 1000, "8", ANN, source=POLL, as_of=at(now)))
        assert list(Activity.objects.order_by("pk").values_list("late", flat=True)) == [False, True]


class LoopTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN)

    def test_same_one_within_a_day_is_no_news(self) -> None:
        told(follow(0, BOB, ANN), follow(60, BOB, ANN), follow(DAY - 1, BOB, ANN))
        assert len(keys()) == 1
        assert Follow.objects.count() == 1

    def test_same_one_after_a_day_is_news(self) -> None:
        told(follow(0, BOB, ANN), follow(DAY, BOB, ANN))
        assert len(keys()) == 2

    def test_day_begins_with_the_one_that_was_taken(self) -> None:
        told(*(follow(hours * HOUR, BOB, ANN) for hours in range(0, 72, 5)))
        taken = [(moment - at(0)) / timedelta(hours=1) for moment in moments()]
        assert taken == [0, 25, 50]

    def test_heard_of_in_the_wrong_order(self) -> None:
        told(follow(20 * HOUR, BOB, ANN), follow(0, BOB, ANN), follow(40 * HOUR, BOB, ANN))
        assert moments() == [at(20 * HOUR)]

    def test_twice_in_one_batch(self) -> None:
        assert len(record([follow(0, BOB, ANN), follow(60, BOB, ANN)])) == 1

    def test_from_another_source(self) -> None:
        told(follow(0, BOB, ANN, source=POLL), follow(3, BOB, ANN))
        assert len(keys()) == 1

    def test_is_dropped_out_of_a_burst_too(self) -> None:
        told(follow(0, "7", ANN), follow(10, BOB, ANN), follow(20, BOB, ANN))
        assert details(keys()[0])["others"] == [{"login": "user2448", "name": "User2448"}]

    def test_another_ones_and_the_other_direction_are_their_own(self) -> None:
        make_streamer(twitch_id="7")
        told(follow(0, BOB, ANN), follow(10, ANN, BOB), follow(20, BOB, "7"))
        assert Follow.objects.count() == 3

    def test_first_of_a_burst_is_known_by_its_key_when_its_row_is_gone(self) -> None:
        told(follow(0, BOB, ANN))
        Follow.objects.all().delete()
        told(follow(0, BOB, ANN))
        assert Activity.objects.get().details == ALONE


def moments() -> list[Any]:
    return list(Follow.objects.order_by("followed_at").values_list("followed_at", flat=True))


class FoldingTests(TestCase):
    def setUp(self) -> None:
        self.ann = make_streamer(twitch_id=ANN)

    def test_others_are_named_and_then_counted(self) -> None:
        [key] = told(*(follow(number, f"{number}", ANN) for number in range(1, 7)))
        assert key == "follower:1:2026-11-24T12:00:01+00:00"
        assert details(key) == {
            "others": [{"login": "user2", "name": "User2"}, {"login": "user3", "name": "User3"}],
            "more": 3,
        }
        assert Activity.objects.get().actor_name == "User1"

    def test_all_in_one_batch_are_one_row(self) -> None:
        drafts = [follow(number / 10, f"{number}", ANN) for number in range(1, 244)]
        assert len(record(drafts)) == 1
        assert Activity.objects.get().details["more"] == 240
        assert Follow.objects.filter(activity=Activity.objects.get()).count() == 243

    def test_list_with_the_newest_first_begins_with_the_oldest(self) -> None:
        read_at = at(600)
        record([follow(n, f"{n}", ANN, source=POLL, as_of=read_at) for n in (30, 20, 10)])
        assert Activity.objects.get().actor_twitch_id == "10"
        assert Activity.objects.get().occurred_at == at(10)

    def test_burst_is_five_minutes_from_its_first(self) -> None:
        told(*(follow(seconds, f"{seconds}", ANN) for seconds in (0, 200, 300, 301, 500)))
        assert [(key.split(":")[1], len(details(key)["others"])) for key in keys()] == [
            ("0", 2),
            ("301", 1),
        ]

    def test_one_that_comes_late_joins_it_and_leaves_its_first(self) -> None:
        told(follow(100, "7", ANN), follow(0, BOB, ANN))
        activity = Activity.objects.get()
        assert (activity.actor_twitch_id, activity.occurred_at) == ("7", at(100))
        assert snapshot(ANN, "last_activity_at") == (at(100),)

    def test_each_streamer_and_direction_has_its_own(self) -> None:
        make_streamer(twitch_id=BOB)
        told(follow(0, "7", ANN), follow(1, "8", BOB), follow(2, ANN, BOB), follow(3, ANN, "9"))
        rows = Activity.objects.order_by("pk").values_list("streamer__twitch_id", "kind")
        assert list(rows) == [(ANN, "follower"), (BOB, "follower"), (ANN, "follows")]
        assert [len(details(key)["others"]) for key in keys()] == [0, 1, 1]

    def test_known_one_is_amended_and_told_again(self) -> None:
        [pk] = record([follow(0, "7", ANN)])
        Activity.objects.update(announced_at=clock.now())
        assert record([follow(10, "8", ANN), follow(20, "9", ANN)]) == [pk]
        activity = Activity.objects.get()
        assert activity.announced_at is None
        assert activity.changed_at > activity.recorded_at

    def test_open_pages_get_the_row_in_place_of_the_old_one(self) -> None:
        source = ActivityRows()
        record([follow(0, "7", ANN)])
        [(_, first)] = source.render(list(source.changed_since(at(-DAY))))
        record([follow(10, "8", ANN)])
        [(streamer, second)] = source.render(list(source.changed_since(at(-DAY))))
        assert (first.kind, second.kind) == ("activity", "change")
        assert streamer == self.ann.pk
        assert "User8" in second.html
        assert f'data-activity-id="{Activity.objects.get().pk}"' in second.html

    def test_change_of_the_total_is_no_burst(self) -> None:
        told(counted(0, 5, 10), follow(10, BOB, ANN))
        assert len(keys()) == 2


class TotalTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN)

    def test_more(self) -> None:
        told(counted(10, 312, 12345))
        activity = Activity.objects.get()
        assert activity.kind == "follower"
        assert activity.dedupe_key == "follower:total:2026-11-23T12:00:10+00:00"
        assert activity.occurred_at == at(10)
        assert activity.actor_twitch_id == activity.actor_name == ""
        assert activity.details == {
            "gained": 312,
            "total": 12345,
            "since": "2026-11-23T12:00:10+00:00",
        }
        assert snapshot(ANN, "last_activity_at") == (at(10),)
        assert not Follow.objects.exists()

    def test_fewer(self) -> None:
        told(counted(10, -12, 0))
        assert Activity.objects.get().details["gained"] == -12

    def test_as_many_as_before_is_nothing(self) -> None:
        assert told(counted(10, 0, 5)) == []

    def test_once_for_each_beginning(self) -> None:
        first = counted(10, 5, 10)
        told(first, replace(first, gained=6, as_of=at(20)), counted(DAY, 1, 11))
        assert [details(key)["gained"] for key in keys()] == [5, 1]

    def test_of_somebody_unknown_is_dropped(self) -> None:
        assert told(counted(10, 5, 10, twitch_id=BOB)) == []


class OnPagesTests(TestCase):
    def test_feed_and_the_streamers_page_show_them(self) -> None:
        viewer = make_user()
        ann = make_streamer(twitch_id=ANN, login="ann", display_name="Ann")
        make_subscription(user=viewer, streamer=ann)
        told(follow(0, "7", ANN), follow(10, "8", ANN), follow(20, ANN, "9"), counted(DAY, 5, 9))
        self.client.force_login(viewer)
        for url in ("/home/", "/activity/rows/", "/streamers/ann/"):
            answer = self.client.get(url)
            self.assertContains(answer, 'data-kind="follower"', count=2)
            self.assertContains(answer, 'data-kind="follows"', count=1)
            self.assertContains(answer, "+5 followers")

    def test_last_activity_follows_them(self) -> None:
        streamer = make_streamer(twitch_id=ANN)
        make_activity(streamer=streamer, occurred_at=at(-60))
        told(follow(0, "7", ANN), follow(10, "8", ANN))
        assert Streamer.objects.get().last_activity_at == at(0)
