"""What somebody listens for is kept in the commit of the rest, sealed, and forgotten soon."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.test import TestCase
from django.utils import timezone

from activity.models import Activity
from livestream import keeping, tasks
from livestream.leasing import key_of, lease
from livestream.models import KEPT, TopicMessage
from livestream.telling import Told, TopicMessages, address
from livestream.topics import needs, parse
from streamwatch.encryption import decrypt, encrypt
from subscriptions.models import EventSubWant
from tests.factories import make_grant, make_message, make_streamer, make_user
from tests.webhooks.sending import body_of, online_body
from webhooks.processing import process

MINE = "700000001"


class KeepingTests(TestCase):
    def setUp(self) -> None:
        self.viewer = make_user(twitch_id=MINE)
        make_grant("user:read:whispers", user=self.viewer)
        self.streamer = make_streamer(twitch_id="1337")

    def lease(self, text: str) -> None:
        with patch("livestream.leasing.reconcile_soon"):
            topic = parse(text, resolve=lambda _login: None)
            lease([topic], user=self.viewer, connection=1)

    def online(self) -> None:
        make_message(message_id="m-1", body=online_body(), claim="mine")
        process("mine")

    def whisper(self, to: str) -> None:
        event = {"to_user_id": to, "whisper": {"text": "psst"}}
        body = body_of("user.whisper.message", event, condition={"user_id": to})
        make_message(body=encrypt(body), is_private=True, claim="mine")
        process("mine")

    def test_what_nobody_listens_for_is_not_kept(self) -> None:
        self.lease("stream.online.4711")
        self.lease("stream.offline.1337")
        self.online()
        assert Activity.objects.count() == 1
        assert not TopicMessage.objects.exists()

    def test_what_somebody_listens_for_is_kept_and_recorded(self) -> None:
        self.lease("stream.online.1337")
        self.online()
        row = TopicMessage.objects.get()
        assert (row.message_id, row.type) == ("m-1", "stream.online")
        assert Activity.objects.count() == 1

    def test_both_or_neither(self) -> None:
        self.lease("stream.online.1337")
        with patch("webhooks.processing.record", side_effect=ZeroDivisionError):
            self.online()
        assert not TopicMessage.objects.exists()

    def test_the_same_message_again_is_kept_once(self) -> None:
        self.lease("stream.online.1337")
        self.online()
        kept = TopicMessage.objects.get()
        with patch("webhooks.processing.PAUSES_SECONDS", ()):
            make_message(message_id="m-2", body=online_body(), claim="mine")
            TopicMessage.objects.filter(pk=kept.pk).update(message_id="m-2")
            process("mine")
        assert TopicMessage.objects.get().pk == kept.pk

    def test_what_is_processed_again_long_after_is_not_told_again(self) -> None:
        self.lease("stream.online.1337")
        long_ago = timezone.now() - KEPT - timedelta(seconds=1)
        make_message(body=online_body(), claim="mine", sent_at=long_ago)
        process("mine")
        assert not TopicMessage.objects.exists()

    def test_a_lease_that_ran_out_keeps_nothing(self) -> None:
        self.lease("stream.online.1337")
        EventSubWant.objects.update(until=timezone.now())
        self.online()
        assert not TopicMessage.objects.exists()

    def test_private_words_are_sealed_and_only_their_viewers(self) -> None:
        self.lease(f"whispers.{MINE}")
        self.whisper(MINE)
        self.whisper("700000002")
        row = TopicMessage.objects.get()
        assert row.condition_key == f"user_id={MINE}"
        assert b"psst" not in bytes(row.body)
        assert b"psst" in decrypt(bytes(row.body))

    def test_half_a_letter_in_a_condition_is_no_error(self) -> None:
        self.lease("stream.online.1337")
        body = body_of("channel.goal.begin", {}, condition={"broadcaster_user_id": "\ud800"})
        make_message(body=body, claim="mine")
        assert process("mine") == 1

    def test_is_read_at_the_address_of_its_kind(self) -> None:
        self.lease("stream.online.1337")
        self.online()
        source = TopicMessages()
        (change,) = source.changed_since(timezone.now() - timedelta(minutes=1))
        topic = parse("stream.online.1337", resolve=lambda _login: None)
        assert change.address == address(key_of(needs(topic, viewer_id=MINE)[0]))
        ((where, told),) = source.render([change])
        assert where == change.address
        assert isinstance(told, Told)
        assert told.heard.event["id"] == "9001"  # type: ignore[index]

    def test_what_no_key_opens_is_passed_over(self) -> None:
        self.lease("stream.online.1337")
        self.online()
        TopicMessage.objects.update(body=b"gAAAA")
        source = TopicMessages()
        changes = list(source.changed_since(timezone.now() - timedelta(minutes=1)))
        assert list(source.render(changes)) == []

    def test_is_forgotten_after_ten_minutes(self) -> None:
        self.lease("stream.online.1337")
        self.online()
        tasks.prune()
        assert TopicMessage.objects.count() == 1
        TopicMessage.objects.update(changed_at=timezone.now() - KEPT - timedelta(seconds=1))
        tasks.prune()
        assert not TopicMessage.objects.exists()

    def test_is_deleted_in_chunks(self) -> None:
        old = timezone.now() - KEPT - timedelta(minutes=1)
        TopicMessage.objects.bulk_create(
            TopicMessage(message_id=f"m-{n}", sent_at=old, changed_at=old, body=b"")
            for n in range(5)
        )
        with patch.object(keeping, "CHUNK", 2):
            assert keeping.prune() == 5


def test_nothing_heard_costs_no_query() -> None:
    # No database is allowed here.
    assert keeping.wanted([]) == []
