"""What Twitch's messages did not tell is found by polling, with its true time, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.twitch import helix
from activity.models import Activity
from activity.polling import poll
from activity.recording import record
from simulator.testing import wait_for
from streamwatch.twitch.payloads import parse_message, parse_time
from subscriptions.models import Streamer
from tests.activity.polled_world import LISTS, just_now, make_due, only
from tests.factories import LONG_AGO
from tests.subscriptions.reconcile_case import ReconcileCase
from tests.subscriptions.twitch_here import ADA, person
from webhooks.translate import translate

HOURS = timedelta(hours=3)
TYPES = 6


class LateThingsTests(ReconcileCase):
    """Ada is watched, and Twitch has promised everything."""

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(only(*LISTS))
        self.confirmed()
        assert len(self.callback.of_kind("webhook_callback_verification")) == TYPES
        poll(twitch=helix())
        assert not Activity.objects.exists()

    def poll(self) -> None:
        make_due("streams", "channels")
        assert poll(twitch=helix()) == 2

    def lose(self, kind: str, **fields: str) -> None:
        """It happens, and Twitch's message about it is lost."""
        self.simulator.control.fault("lost")
        ids = self.simulator.control.event(kind, "ada_streams", **fields)
        self.simulator.control.settled(ids)
        assert self.callback.of_kind("notification") == []

    def deliver(self) -> None:
        """Record the messages that have come, as StreamWatch does."""
        for one in self.callback.of_kind("notification"):
            event = parse_message(one.raw).event
            sent_at = parse_time(one.headers["twitch-eventsub-message-timestamp"])
            record(translate(one.type, event, sent_at))

    def ada(self) -> dict[str, Any]:
        return self.simulator.inside(lambda twitch: dict(twitch.people.by_login("ada_streams")))

    def row(self) -> Activity:
        """The only Activity."""
        return Activity.objects.get()

    def test_a_lost_beginning_is_found(self) -> None:
        self.lose("stream.online")
        self.poll()
        row = self.row()
        assert row.dedupe_key == f"online:{self.ada()['stream_id']}"
        began_at = datetime.fromtimestamp(self.ada()["started_at"], UTC)
        assert abs(row.occurred_at - began_at) < timedelta(seconds=1)
        assert (row.source, row.late) == ("poll", False)
        assert Streamer.objects.get().live_stream_id == self.ada()["stream_id"]
        self.poll()
        self.row()

    def test_after_an_outage_it_has_its_true_time_and_is_late(self) -> None:
        began_at = timezone.now() - HOURS
        person(self.simulator, ADA, stream_id="4711", started_at=began_at.timestamp())
        self.poll()
        row = self.row()
        assert abs(row.occurred_at - began_at) < timedelta(seconds=1)
        assert (row.dedupe_key, row.late) == ("online:4711", True)

    def test_what_began_and_ended_around_an_outage(self) -> None:
        """Thought to be live since hours, while Twitch has a new stream: both are told."""
        long_ago, lately = timezone.now() - HOURS, timezone.now() - HOURS / 2
        Streamer.objects.update(
            live_stream_id="4710", live_started_at=long_ago, live_as_of=long_ago
        )
        person(self.simulator, ADA, stream_id="4711", started_at=lately.timestamp())
        self.poll()
        rows = list(Activity.objects.order_by("pk").values_list("dedupe_key", "late"))
        assert rows == [("offline:4710", True), ("online:4711", True)]
        assert Streamer.objects.get().live_stream_id == "4711"

    def test_a_message_after_the_poll_is_no_second_row(self) -> None:
        self.simulator.control.event("stream.online", "ada_streams")
        self.callback.wait(1)
        self.poll()
        self.deliver()
        assert self.row().source == "poll"

    def test_a_poll_after_the_message_is_no_second_row(self) -> None:
        self.simulator.control.event("stream.online", "ada_streams")
        self.callback.wait(1)
        self.deliver()
        self.poll()
        assert self.row().source == "push"

    def test_a_lost_change_is_found(self) -> None:
        self.lose("channel.update", title="Endgames", category="Chess")
        self.poll()
        row = self.row()
        assert row.kind == "changed"
        assert row.details["title"]["new"] == "Endgames"
        assert just_now(row.occurred_at)
        self.poll()
        self.row()

    def test_a_lost_rename_is_found(self) -> None:
        self.lose("user.update", login="ada_lives", name="Ada_Lives")
        self.poll()
        # The name was read a moment ago: this may be what Twitch's cache knew before.
        assert not Activity.objects.exists()
        Streamer.objects.update(name_as_of=LONG_AGO)
        self.poll()
        assert self.row().kind == "renamed"
        assert Streamer.objects.get().login == "ada_lives"

    def test_a_lost_end_is_found_by_two_rounds(self) -> None:
        long_ago = timezone.now() - HOURS
        Streamer.objects.update(
            live_stream_id="4711", live_started_at=long_ago, live_as_of=long_ago
        )
        self.poll()
        assert not Activity.objects.exists()
        self.poll()
        row = self.row()
        assert (row.dedupe_key, row.source) == ("offline:4711", "poll")
        assert Streamer.objects.get().live_stream_id == ""

    def test_the_message_of_an_end_found_by_polling_amends_it(self) -> None:
        began_at = timezone.now() - HOURS
        person(self.simulator, ADA, stream_id="4711", started_at=began_at.timestamp())
        self.poll()
        self.simulator.control.event("stream.offline", "ada_streams")
        self.callback.wait(1)
        self.poll()
        self.poll()
        ended = Activity.objects.get(kind="offline")
        assert ended.source == "poll"
        self.deliver()
        ended.refresh_from_db()
        sent = self.callback.of_kind("notification")[0]
        sent_at = parse_time(sent.headers["twitch-eventsub-message-timestamp"])
        assert (ended.source, ended.occurred_at) == ("push", sent_at)
        assert Activity.objects.count() == 2

    def test_where_messages_cannot_come_the_row_says_how_often_is_looked(self) -> None:
        self.poll()
        with self.settings(CAN_RECEIVE_WEBHOOKS=False):
            code, sentence = self.state()
        assert code == "trouble"
        assert sentence.startswith("Checked by polling every 6")
        assert "Twitch needs a public https address (PUBLIC_URL)" in sentence

    def test_the_messages_themselves_still_come(self) -> None:
        """That the fault is used up, and that what was lost is not sent later."""
        self.lose("stream.online")
        self.simulator.control.event("channel.update", "ada_streams", title="Gambits")
        wait_for(lambda: self.callback.of_kind("notification"), "the next message")
        self.poll()
        self.deliver()
        kinds = sorted(Activity.objects.values_list("kind", flat=True))
        assert kinds == ["changed", "online"]
