"""record() as a whole: one transaction, whom it knows, what it tells, what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext

from activity import recording
from activity.drafts import Draft, Person, Raid, WentLive
from activity.models import Activity, Follow
from activity.recording import record
from activity.signals import activities_recorded
from streamwatch import live
from subscriptions.models import Streamer
from tests.activity.saying import (
    ANN,
    PUSH,
    at,
    channel,
    counted,
    details,
    follow,
    keys,
    named,
    offline,
    online,
    raid,
    snapshot,
    told,
)
from tests.factories import LONG_AGO, make_streamer


class KnownAndUnknownTests(TestCase):
    def test_nothing_said_is_nothing_done(self) -> None:
        with self.assertNumQueries(3):  # one look, in the savepoint that the transaction is here
            assert record([channel(1, "x")]) == []
        assert record([]) == []

    def test_drafts_about_nobody_we_know_are_dropped(self) -> None:
        make_streamer(twitch_id=ANN)
        ids = record([online("s9", 5, twitch_id="9"), online("s1", 10), named(1, "x", "X")])
        assert keys().count("online:s1") == 1
        assert "online:s9" not in keys()
        assert len(ids) == 2

    def test_ids_are_those_made_and_amended_in_order(self) -> None:
        make_streamer(twitch_id=ANN, name_as_of=at(0))
        [changed] = record([channel(10, "Endgames")])
        ids = record([online("s1", 30), channel(40, "Gambits"), offline("s1", 60)])
        assert ids == sorted(ids)
        assert ids == list(Activity.objects.order_by("pk").values_list("pk", flat=True))
        assert ids[0] == changed

    def test_rows_made_together_have_their_ids_in_the_order_of_time(self) -> None:
        make_streamer(twitch_id=ANN)
        make_streamer(twitch_id="7")
        record([online("s2", 50), online("s1", 10, twitch_id="7"), offline("s2", 90)])
        in_id_order = Activity.objects.order_by("pk").values_list("dedupe_key", flat=True)
        assert list(in_id_order) == ["online:s1", "online:s2", "offline:s2"]

    def test_same_stream_id_at_two_streamers_is_two_activities(self) -> None:
        make_streamer(twitch_id=ANN)
        make_streamer(twitch_id="7")
        record([online("s1", 10), online("s1", 10, twitch_id="7")])
        assert keys() == ["online:s1", "online:s1"]

    def test_last_activity_is_the_newest_not_the_last_heard(self) -> None:
        make_streamer(twitch_id=ANN)
        told(raid(100, "7", ANN), online("s1", 10))
        assert snapshot(ANN, "last_activity_at") == (at(100),)

    def test_what_nobody_sees_does_not_wake_pages(self) -> None:
        make_streamer(twitch_id=ANN, title="Openings", category_name="Chess", category_id="ssehC")
        record([channel(10, "Openings")])
        assert snapshot(ANN, "title_as_of", "changed_at") == (at(10), LONG_AGO)
        record([channel(20, "Endgames")])
        [activity] = Activity.objects.all()
        assert snapshot(ANN, "changed_at") == (activity.recorded_at,)
        assert activity.changed_at == activity.recorded_at


class HostileTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, login="ann", display_name="Ann")

    def test_texts_are_cut_to_their_columns(self) -> None:
        told(
            channel(10, "t" * 900, "c" * 900, category_id="i" * 90),
            named(11, "l" * 300, "n" * 300),
            online("s" * 200, 12),
        )
        ann = Streamer.objects.get()
        assert (len(ann.title), len(ann.category_name), len(ann.category_id)) == (500, 200, 32)
        assert (len(ann.login), len(ann.display_name), len(ann.live_stream_id)) == (100, 100, 64)
        for name in ("title", "category_name", "category_id", "login", "live_stream_id"):
            column: Any = Streamer._meta.get_field(name)
            assert len(getattr(ann, name)) == column.max_length, name

    def test_long_raiders_are_cut_to_their_columns(self) -> None:
        raider = Person(twitch_id="7" * 90, login="l" * 300, display_name="n" * 300)
        ann = Person(twitch_id=ANN, login="ann", display_name="Ann")
        record([Raid(raider=raider, target=ann, viewers=-3, as_of=at(10), source=PUSH)])
        activity = Activity.objects.get()
        activity.full_clean(exclude=["actor_login", "announced_at"])
        assert len(activity.actor_name) == 100
        assert activity.details == {"viewers": 0}

    def test_followers_out_of_this_world_fail_no_write(self) -> None:
        extremes = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        monster = Person(twitch_id="7" * 90, login="l\x00" * 300, display_name="\ud83d" * 300)
        for extreme in extremes:
            draft = replace(follow(10, "7", ANN), follower=monster, followed_at=extreme)
            record([replace(draft, as_of=extreme), replace(counted(10, 5, -3), since=extreme)])
        assert Follow.objects.count() == 2
        total = Activity.objects.filter(actor_twitch_id="").first()
        assert total is not None
        assert total.details["total"] == 0

    def test_cut_text_said_again_is_no_change(self) -> None:
        assert told(channel(10, "t" * 900), channel(100, "t" * 901)) == ["changed:1"]

    def test_blanks_round_a_title_are_its_own(self) -> None:
        """subscribe() keeps them; to cut them off here would look like a change."""
        Streamer.objects.update(title=" Openings ", category_name="Chess", category_id="ssehC")
        assert told(channel(10, " Openings ")) == []

    def test_nul_and_half_characters_go_and_all_others_stay(self) -> None:
        told(channel(10, "a\x00b \ud83d <b>🎮</b> \u202eغرفة", "\U0001f9ff" * 200))
        assert details("changed:1")["title"]["new"] == "ab ? <b>🎮</b> \u202eغرفة"
        assert snapshot(ANN, "category_name") == ("\U0001f9ff" * 200,)

    def test_ids_that_differ_in_blanks_are_one_key(self) -> None:
        """MySQL compares keys without the blanks at their ends."""
        assert told(online("s1", 10), online("s1 ", 10), online(" s1", 10)) == ["online:s1"]

    def test_ids_that_differ_in_case_are_two_keys(self) -> None:
        assert told(online("s1", 10), online("S1", 20)) == ["online:s1", "online:S1"]

    def test_moments_out_of_this_world_fail_no_write(self) -> None:
        for extreme in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
            draft = WentLive(
                twitch_id=ANN,
                stream_id=str(extreme.year),
                started_at=extreme,
                as_of=extreme,
                source=PUSH,
            )
            record([draft, raid(10, "7", ANN)])
        assert "online:9999" in keys()


class AnnouncementTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id=ANN, title="Openings", category_name="Chess", category_id="ssehC")
        self.heard: list[list[int]] = []
        activities_recorded.connect(self.hear)
        self.addCleanup(activities_recorded.disconnect, self.hear)

    def hear(self, *, ids: list[int], **_others: Any) -> None:
        self.heard.append(ids)

    def recorded(self, *drafts: Draft) -> tuple[list[int], list[str]]:
        """The ids, and the topics published."""
        with patch.object(live, "publish") as publish:
            with self.captureOnCommitCallbacks(execute=True):
                ids = record(drafts)
            return ids, [call.args[0] for call in publish.call_args_list]

    def test_pages_are_woken_and_receivers_told_after_the_commit(self) -> None:
        ids, topics = self.recorded(online("s1", 10))
        assert topics == ["activity"]
        assert self.heard == [ids]
        assert Activity.objects.get().announced_at is not None

    def test_amended_ones_are_told_again(self) -> None:
        ids, _ = self.recorded(channel(10, "Endgames"))
        self.recorded(channel(20, "Gambits"))
        assert self.heard == [ids, ids]
        assert Activity.objects.get().announced_at is not None

    def test_nothing_new_tells_nobody(self) -> None:
        self.recorded(online("s1", 10))
        assert self.recorded(online("s1", 10)) == ([], [])
        assert len(self.heard) == 1

    def test_change_of_the_snapshot_alone_wakes_pages_only(self) -> None:
        self.recorded(online("s2", 50), offline("s2", 90))
        self.heard.clear()
        assert self.recorded(channel(60, "Openings", "Chess!", category_id="ssehC")) == (
            [],
            ["activity"],
        )
        assert self.heard == []

    def test_deaf_tailer_costs_no_announcement(self) -> None:
        """publish() does not raise; were it to, the recording is committed all the same."""
        deaf = patch.object(live, "publish", side_effect=OSError("gone"))
        after_commit = self.captureOnCommitCallbacks(execute=True)
        with deaf, self.assertLogs("django", "ERROR"), after_commit:
            record([online("s1", 10)])
        assert keys() == ["online:s1"]
        assert Activity.objects.get().announced_at is None


class CostTests(TestCase):
    def assert_queries(self, number: int, drafts: list[Draft]) -> None:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            record(drafts)
        mine = [q["sql"] for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]
        assert len(mine) == number, "\n".join(sql[:200] for sql in mine)

    def test_does_not_grow_with_drafts_or_streamers(self) -> None:
        for number in range(40):
            make_streamer(twitch_id=str(number))
        drafts: list[Draft] = []
        for who in map(str, range(40)):
            drafts += [online("s1", 10, twitch_id=who), channel(20, "Endgames", twitch_id=who)]
            drafts += [channel(30, f"Gambits {n}", twitch_id=who) for n in range(3)]
        # who they are, the lock, segments: named and near, streams, near ones, 2 inserts (SQLite
        # has portions), their ids, the snapshots; broadcasts, their ids, segments
        inserts = 2 if connection.vendor == "sqlite" else 1
        self.assert_queries(11 + inserts, drafts)

    def test_amending_is_one_more(self) -> None:
        make_streamer(twitch_id=ANN)
        record([channel(10, "Endgames")])
        # who they are, the lock, near ones, the amended, the snapshot
        self.assert_queries(5, [channel(20, "Gambits")])
        # ... streams, an insert, its id; segments: named and near, a broadcast, its id, a segment
        self.assert_queries(13, [channel(21, "Blitz"), online("s1", 22)])

    def test_follows_are_two_more(self) -> None:
        make_streamer(twitch_id=ANN)
        make_streamer(twitch_id="7")
        # who they are, the lock, their keys, near ones, follows near; activities, their ids, the
        # follows, the snapshots
        self.assert_queries(9, [follow(10, "7", ANN), counted(10, 5, 10), follow(11, "8", "7")])
        # ... the amended, the follows
        folded: list[Draft] = [follow(20 + n, f"bot{n}", ANN) for n in range(40)]
        self.assert_queries(7, folded)
        self.assert_queries(5, folded)

    def test_repeats_write_nothing(self) -> None:
        make_streamer(twitch_id=ANN)
        drafts: list[Draft] = [online("s1", 10), channel(10, "Endgames"), offline("s1", 20)]
        record(drafts)
        # who they are, the lock, segments: named and near, streams, near ones
        self.assert_queries(6, drafts)


class OneTransactionTests(TransactionTestCase):
    def test_error_half_way_writes_nothing_and_tells_nobody(self) -> None:
        make_streamer(twitch_id=ANN)
        failing = patch.object(recording, "crash_point", side_effect=RuntimeError("half-way"))
        raises = self.assertRaisesMessage(RuntimeError, "half-way")
        with failing, patch.object(live, "publish") as publish, raises:
            record([online("s1", 10), offline("s1", 20)])
        assert keys() == []
        assert snapshot(ANN, "live_stream_id", "last_activity_at") == ("", None)
        assert not publish.called

    def test_crash_points_lie_in_the_transaction_and_after_it(self) -> None:
        make_streamer(twitch_id=ANN)
        seen: list[tuple[str, bool, int]] = []

        def point(name: str) -> None:
            seen.append((name, connection.in_atomic_block, Activity.objects.count()))

        with patch.object(recording, "crash_point", point):
            record([online("s1", 10)])
        assert seen == [("in-recording", True, 1), ("before-signal", False, 1)]
