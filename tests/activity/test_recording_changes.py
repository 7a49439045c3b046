"""Titles, categories and names: what differs, what is older, what is one change."""

from __future__ import annotations

from django.test import TestCase

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
    named,
    offline,
    online,
    snapshot,
    told,
)
from tests.factories import make_streamer

TITLE = ("title", "title_as_of", "title_pushed_at")
CATEGORY = ("category_id", "category_name", "category_as_of", "category_pushed_at")


class ChangeTests(TestCase):
    def setUp(self) -> None:
        make_streamer(
            twitch_id=ANN,
            title="Openings",
            title_as_of=at(-60),
            category_id="ssehC",
            category_name="Chess",
            category_as_of=at(-60),
        )

    def test_what_is_the_same_is_no_change_but_as_of_then(self) -> None:
        assert told(channel(10, "Openings", "Chess")) == []
        assert snapshot(ANN, *TITLE) == ("Openings", at(10), None)
        assert snapshot(ANN, *CATEGORY) == ("ssehC", "Chess", at(10), None)
        assert snapshot(ANN, "revision", "last_activity_at") == (0, None)

    def test_new_title_keeps_the_old_one(self) -> None:
        assert told(channel(10, "Endgames", "Chess")) == ["changed:1"]
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Endgames"}}
        assert snapshot(ANN, *TITLE) == ("Endgames", at(10), at(10))
        assert snapshot(ANN, *CATEGORY) == ("ssehC", "Chess", at(10), None)
        assert snapshot(ANN, "revision", "last_activity_at") == (1, at(10))

    def test_title_and_category_are_one_activity(self) -> None:
        told(channel(10, "Ladders", "Go"))
        assert details("changed:1") == {
            "title": {"old": "Openings", "new": "Ladders"},
            "category": {"old": "Chess", "new": "Go"},
        }
        assert snapshot(ANN, *CATEGORY) == ("oG", "Go", at(10), at(10))

    def test_taken_away_is_a_change_to_nothing(self) -> None:
        told(channel(10, "", ""))
        assert details("changed:1") == {
            "title": {"old": "Openings", "new": ""},
            "category": {"old": "Chess", "new": ""},
        }

    def test_older_than_the_snapshot_is_no_change(self) -> None:
        assert told(channel(-61, "Endgames", "Go")) == []
        assert snapshot(ANN, *TITLE) == ("Openings", at(-60), None)

    def test_as_old_as_the_snapshot_is_a_change(self) -> None:
        assert told(channel(-60, "Endgames")) == ["changed:1"]

    def test_each_field_has_its_own_age(self) -> None:
        Streamer.objects.update(title_as_of=at(20))
        told(channel(10, "Endgames", "Go"))
        assert details("changed:1") == {"category": {"old": "Chess", "new": "Go"}}
        assert snapshot(ANN, *TITLE) == ("Openings", at(20), None)

    def test_category_that_twitch_renamed_is_no_change_of_the_streamer(self) -> None:
        assert told(channel(10, "Openings", "Chess, the game", category_id="ssehC")) == []
        assert snapshot(ANN, "category_name") == ("Chess, the game",)

    def test_category_of_the_same_name_is_no_change_anyone_sees(self) -> None:
        assert told(channel(10, "Openings", "Chess", category_id="2")) == []
        assert snapshot(ANN, "category_id") == ("2",)

    def test_categories_without_ids_differ_by_name(self) -> None:
        Streamer.objects.update(category_id="")
        assert told(channel(10, "Openings", "Go", category_id="")) == ["changed:1"]

    def test_within_a_minute_is_the_same_change(self) -> None:
        told(channel(10, "Endgames"), channel(30, "Gambits"), channel(70, "Blitz", "Go"))
        assert keys() == ["changed:1"]
        assert details("changed:1") == {
            "title": {"old": "Openings", "new": "Blitz"},
            "category": {"old": "Chess", "new": "Go"},
        }
        activity = Activity.objects.get()
        assert activity.occurred_at == at(10)
        assert activity.changed_at > activity.recorded_at
        assert snapshot(ANN, "revision") == (1,)

    def test_after_a_minute_is_another_change(self) -> None:
        told(channel(10, "Endgames"), channel(30, "Gambits"), channel(70.1, "Blitz"))
        assert keys() == ["changed:1", "changed:2"]
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Gambits"}}
        assert details("changed:2") == {"title": {"old": "Gambits", "new": "Blitz"}}

    def test_changed_back_within_a_minute_is_still_told(self) -> None:
        told(channel(10, "Endgames"), channel(30, "Openings"))
        assert keys() == ["changed:1"]
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Openings"}}

    def test_going_off_and_on_between_two_changes_does_not_matter(self) -> None:
        told(channel(10, "Endgames"), offline("s1", 20), online("s2", 30), channel(40, "Gambits"))
        assert [key for key in keys() if key.startswith("changed")] == ["changed:1"]
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Gambits"}}

    def test_another_field_heard_late_belongs_to_the_same_change(self) -> None:
        Streamer.objects.update(category_as_of=at(-60))
        record([channel(50, "Endgames", "Chess", category_id="ssehC")])
        Streamer.objects.update(category_as_of=at(-60))
        record([channel(10, "Openings", "Go")])
        assert keys() == ["changed:1"]
        assert details("changed:1") == {
            "title": {"old": "Openings", "new": "Endgames"},
            "category": {"old": "Chess", "new": "Go"},
        }
        assert Activity.objects.get().occurred_at == at(10)

    def test_one_batch_is_taken_in_the_order_of_time(self) -> None:
        record([channel(200, "Blitz"), channel(10, "Endgames"), channel(30, "Gambits")])
        assert keys() == ["changed:1", "changed:2"]
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Gambits"}}
        assert details("changed:2") == {"title": {"old": "Gambits", "new": "Blitz"}}

    def test_amended_is_unannounced_again_and_its_id_is_returned(self) -> None:
        [first] = record([channel(10, "Endgames")])
        Activity.objects.update(announced_at=at(11))
        assert record([channel(30, "Gambits")]) == [first]
        assert Activity.objects.get().announced_at is None

    def test_said_again_changes_nothing(self) -> None:
        told(channel(10, "Endgames"), channel(30, "Gambits"), channel(100, "Blitz"))
        before = list(Activity.objects.values()), list(Streamer.objects.values())
        again = [channel(10, "Endgames"), channel(30, "Gambits"), channel(100, "Blitz")]
        assert [record([draft]) for draft in again] == [[], [], []]
        assert record(again) == []
        assert (list(Activity.objects.values()), list(Streamer.objects.values())) == before

    def test_two_words_of_the_same_moment_do_not_take_turns(self) -> None:
        told(channel(10, "Endgames"), channel(10, "Gambits"), channel(10, "Endgames"))
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Endgames"}}


class PollTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, title="Openings", category_id="ssehC", category_name="Chess")

    def test_polled_difference_is_a_change(self) -> None:
        assert told(channel(10, "Endgames", source=POLL)) == ["changed:1"]
        assert Activity.objects.get().source == "poll"
        assert snapshot(ANN, *TITLE) == ("Endgames", at(10), None)

    def test_polled_difference_soon_after_a_push_is_twitchs_cache(self) -> None:
        told(channel(10, "Endgames"), channel(309, "Openings", source=POLL))
        assert keys() == ["changed:1"]
        assert snapshot(ANN, "title") == ("Endgames",)

    def test_polled_difference_five_minutes_after_a_push_is_a_change(self) -> None:
        told(channel(10, "Endgames"), channel(310, "Openings", source=POLL))
        assert keys() == ["changed:1", "changed:2"]

    def test_push_of_one_field_leaves_the_other_to_the_poll(self) -> None:
        told(channel(10, "Endgames"), channel(200, "Openings", "Go", source=POLL))
        assert keys() == ["changed:1", "changed:2"]
        assert details("changed:2") == {"category": {"old": "Chess", "new": "Go"}}
        assert snapshot(ANN, "title", "category_name") == ("Endgames", "Go")

    def test_poll_that_sees_nothing_new_does_not_make_a_push_on_its_way_old(self) -> None:
        told(channel(12, "Openings", source=POLL), channel(10, "Endgames"))
        assert details("changed:1") == {"title": {"old": "Openings", "new": "Endgames"}}


class RenameTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", display_name="Ann", name_as_of=at(-60))

    def test_login_and_name(self) -> None:
        assert told(named(10, "anna", "Anna")) == ["renamed:1"]
        assert details("renamed:1") == {
            "login": {"old": "ann", "new": "anna"},
            "name": {"old": "Ann", "new": "Anna"},
        }
        assert snapshot(ANN, "login", "display_name", "name_as_of", "revision") == (
            "anna",
            "Anna",
            at(10),
            1,
        )

    def test_only_the_login(self) -> None:
        told(named(10, "anna", "Ann"))
        assert details("renamed:1") == {"login": {"old": "ann", "new": "anna"}}

    def test_only_the_letters_of_the_name(self) -> None:
        told(named(10, "ann", "ANN"))
        assert details("renamed:1") == {"name": {"old": "Ann", "new": "ANN"}}

    def test_capitals_in_a_login_are_no_rename(self) -> None:
        assert told(named(10, "Ann", "Ann")) == []

    def test_nothing_is_not_a_name(self) -> None:
        assert told(named(10, "", ""), named(11, " ", " ")) == []
        assert snapshot(ANN, "login", "display_name") == ("ann", "Ann")

    def test_older_name_is_no_rename(self) -> None:
        assert told(named(-61, "anna", "Anna")) == []

    def test_old_name_after_the_new_one_is_no_rename(self) -> None:
        told(named(10, "anna", "Anna"), named(5, "ann", "Ann"))
        assert keys() == ["renamed:1"]
        assert snapshot(ANN, "login", "name_as_of") == ("anna", at(10))

    def test_name_confirmed_since_makes_a_late_word_old(self) -> None:
        told(named(10, "ann", "Ann"), named(5, "anna", "Anna"))
        assert keys() == []

    def test_within_a_minute_is_the_same_rename(self) -> None:
        told(named(10, "anna", "Ann"), named(40, "annabel", "Annabel"))
        assert keys() == ["renamed:1"]
        assert details("renamed:1") == {
            "login": {"old": "ann", "new": "annabel"},
            "name": {"old": "Ann", "new": "Annabel"},
        }

    def test_back_within_a_minute_is_a_rename_of_its_own(self) -> None:
        """Else the sentence would be "Ann is now called Ann"."""
        told(named(10, "anna", "Anna"), named(40, "ann", "Ann"))
        assert keys() == ["renamed:1", "renamed:2"]
        assert details("renamed:2") == {
            "login": {"old": "anna", "new": "ann"},
            "name": {"old": "Anna", "new": "Ann"},
        }

    def test_renames_and_changes_share_the_count(self) -> None:
        told(named(10, "anna", "Anna"), channel(11, "Endgames"), named(100, "ann", "Ann"))
        assert keys() == ["renamed:1", "changed:2", "renamed:3"]
