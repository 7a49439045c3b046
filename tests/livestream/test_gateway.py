"""`/pubsub` in this process: the protocol, who may listen, and that nobody hears another's."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import TransactionTestCase
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from accounts.models import Grant, User
from livestream import connection, gateway, keeping, leasing, shares
from livestream.frames import LARGEST
from livestream.models import AccessToken, Heard, TopicMessage
from livestream.tokens import make_token, revoke_token
from streamwatch.twitch.eventsub import condition_key
from subscriptions import troubles
from subscriptions.models import EventSubSubscription, EventSubWant
from tests.activity.test_stream import session_of
from tests.factories import make_grant, make_user
from tests.livestream.serving import Client, Served, until_gone

SCOPES = ("user:read:whispers", "bits:read")
OTHER = "700000002"


def told(message_id: str, type_name: str, condition: dict[str, str], **event: Any) -> None:
    """As processing does it: kept where somebody listens."""
    key = condition_key(condition)
    heard = Heard(message_id, type_name, key, timezone.now(), event)
    keeping.keep(rows=keeping.wanted([heard]))


@pytest.mark.mariadb
class GatewayCase(TransactionTestCase):
    served: Served

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.served = Served()
        cls.served.start()
        cls.addClassCleanup(cls.served.stop)

    def _fixture_teardown(self) -> None:
        # Emptying every table takes half a second.
        for model in (User, EventSubWant, EventSubSubscription, TopicMessage):
            model.objects.all().delete()

    def setUp(self) -> None:
        self.enterContext(patch.object(leasing, "reconcile_soon"))
        self.addCleanup(self.served.call, until_gone)
        self.viewer = make_user()
        make_grant(*SCOPES, user=self.viewer)
        _, self.token = make_token(user=self.viewer, name="alerts", days=None)
        self.mine = f"whispers.{self.viewer.twitch_id}"

    @contextmanager
    def connect(self, user: User | None = None, **options: str) -> Iterator[Client]:
        if user:
            options["cookie"] = session_of(user)
        with self.served.client(**options) as client:
            yield client

    def look(self, **what: bool) -> None:
        """What the keeper does from time to time."""
        self.served.call(gateway.gateway.look, **what)

    def whisper(self, text: str, to: User | None = None) -> None:
        to_id = (to or self.viewer).twitch_id
        condition = {"user_id": to_id}
        told(text, "user.whisper.message", condition, to_user_id=to_id, whisper={"text": text})

    def leases(self) -> int:
        return EventSubWant.objects.leased().current(timezone.now()).count()


class ProtocolTests(GatewayCase):
    def test_an_old_program_listens_by_its_token_whatever_its_origin(self) -> None:
        with self.connect(origin="https://old.example") as client:
            assert client.say(type="PING") == {"type": "PONG"}
            assert client.listen(self.mine, token=self.token) == ""
            self.whisper("hello")
            topic, payload = client.message()
            assert topic == self.mine
            assert json.loads(payload["data"])["body"] == "hello"

    def test_a_page_listens_by_its_session(self) -> None:
        with self.connect(self.viewer, origin=f"http://localhost:{self.served.port}") as client:
            assert client.listen(self.mine) == ""
            self.whisper("hello")
            assert client.message()[0] == self.mine

    def test_each_topic_is_told_as_it_was_written(self) -> None:
        mine = self.viewer.twitch_id
        names = {f"channel-bits-events-v1.{mine}", f"channel-bits-events-v2.{mine}"}
        with self.connect(self.viewer) as client:
            assert client.listen(*names) == ""
            told("m-1", "channel.cheer", {"broadcaster_user_id": mine}, bits=5)
            assert {client.message()[0], client.message()[0]} == names
            client.hears_nothing()

    def test_unlisten_ends_it_and_leaves_the_others(self) -> None:
        mine = self.viewer.twitch_id
        v1, v2 = f"channel-bits-events-v1.{mine}", f"channel-bits-events-v2.{mine}"
        with self.connect(self.viewer) as client:
            client.listen(v1, v2)
            assert client.unlisten(v1, "whispers.4711", "nonsense") == ""
            assert self.leases() == 1
            told("m-1", "channel.cheer", {"broadcaster_user_id": mine}, bits=5)
            assert client.message()[0] == v2
            client.unlisten(v2)
            assert self.leases() == 0
            told("m-2", "channel.cheer", {"broadcaster_user_id": mine}, bits=5)
            client.hears_nothing()

    def test_what_came_before_it_listened_is_not_told(self) -> None:
        with self.connect(self.viewer) as first:
            first.listen(self.mine)
            self.whisper("early")
            first.message()
            with self.connect(self.viewer) as second:
                second.listen(self.mine)
                self.whisper("late")
                assert json.loads(second.message()[1]["data"])["body"] == "late"

    def test_a_refused_listen_has_its_word_and_the_connection_stays(self) -> None:
        cases = {
            "whispers.4711": "ERR_BADAUTH",
            "nonsense.1": "ERR_BADTOPIC",
            "presence.1": "ERR_BADTOPIC",
            f"channel-points-channel-v1.{self.viewer.twitch_id}": "ERR_BADAUTH",
        }
        expired, old = make_token(user=self.viewer, name="old", days=1)
        AccessToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
        with self.connect() as client:
            for text, word in cases.items():
                assert client.listen(text, token=self.token) == word
            assert client.listen(self.mine, "whispers.4711", token=self.token) == "ERR_BADAUTH"
            for token in ("", "stolen", "swt_stolen", old):
                assert client.listen(self.mine, token=token) == "ERR_BADAUTH"
            assert self.leases() == 0
            assert client.say(type="PING") == {"type": "PONG"}

    def test_only_a_page_is_told_the_sentence(self) -> None:
        frame = {"type": "LISTEN", "nonce": "n", "data": {"topics": ["presence.1"]}}
        with self.connect(self.viewer) as page, self.connect() as program:
            assert "The nearest topic is" in page.say(**frame)["sentence"]
            assert "sentence" not in program.say(**frame)

    def test_fifty_topics_and_no_more(self) -> None:
        topics = [f"stream.online.{number}" for number in range(51)]
        with self.connect(self.viewer) as client:
            assert client.listen(*topics) == "ERR_BADTOPIC"
            assert client.listen(*topics[:50]) == ""
            assert client.listen(*topics[:50]) == ""
            assert client.listen(topics[50]) == "ERR_BADTOPIC"
            assert self.leases() == 50

    def test_no_viewer_listens_over_too_many_connections(self) -> None:
        with patch.object(shares, "MOST_CONNECTIONS", 1), self.connect(self.viewer) as first:
            assert first.listen(self.mine) == ""
            with self.connect() as second:
                assert second.listen(self.mine, token=self.token) == "ERR_SERVER"
                assert first.unlisten(self.mine) == ""
                assert second.listen(self.mine, token=self.token) == ""

    def test_what_makes_no_sense_is_answered_and_the_connection_stays(self) -> None:
        with self.connect() as client:
            answer = client.say(type="SUBSCRIBE", nonce="n")
            assert answer == {"type": "RESPONSE", "nonce": "n", "error": "ERR_BADMESSAGE"}
            assert client.say(type="PING") == {"type": "PONG"}

    def test_what_is_no_frame_ends_the_connection_after_a_word(self) -> None:
        large = json.dumps({"type": "PING", "x": "y" * LARGEST})
        wide = json.dumps({"type": "PING", "x": "é" * (LARGEST // 2)}, ensure_ascii=False)
        assert len(wide) < LARGEST
        for text, code in (("what?", 1007), (large, 1009), (wide, 1009), ("[]", 1007)):
            with self.connect(self.viewer) as client:
                client.connection.send(text)
                assert client.next()["error"] == "ERR_BADMESSAGE"
                assert client.code() == code

    def test_bytes_are_no_frame(self) -> None:
        with self.connect(self.viewer) as client:
            client.connection.send(b'{"type":"PING"}')
            assert client.next()["error"] == "ERR_BADMESSAGE"
            assert client.code() == 1007

    def test_too_many_frames_end_the_connection_after_a_word(self) -> None:
        with patch.object(connection, "FRAMES", 3), self.connect(self.viewer) as client:
            for _ in range(3):
                assert client.say(type="PING") == {"type": "PONG"}
            assert client.say(type="PING")["error"] == "ERR_BADMESSAGE"
            assert client.code() == 1008

    def test_who_listens_on_nothing_is_sent_away(self) -> None:
        with patch.object(connection, "FIRST_LISTEN_SECONDS", 0.05), self.connect() as client:
            assert client.code() == 1000

    def test_so_is_a_page_that_is_silent_for_long(self) -> None:
        with patch.object(connection, "SILENT_SECONDS", 0.05), self.connect(self.viewer) as page:
            assert page.code() == 1000

    def test_a_database_that_is_away_is_said(self) -> None:
        with self.connect(self.viewer) as client:
            with patch("livestream.listening.parse", side_effect=OperationalError(2002, "away")):
                assert client.listen(self.mine) == "ERR_SERVER"
            with patch("livestream.leasing.permit", side_effect=OperationalError(2002, "away")):
                assert client.listen(self.mine) == "ERR_SERVER"
            assert client.listen(self.mine) == ""

    def test_no_token_is_logged_however_much_is(self) -> None:
        with self.assertLogs(level="DEBUG") as logs, self.connect() as client:
            assert client.listen(self.mine, token=self.token) == ""
            assert client.listen("whispers.4711", token=self.token) == "ERR_BADAUTH"
            assert client.listen(self.mine, token=f"{self.token}x") == "ERR_BADAUTH"
            self.whisper("hello")
            client.message()
            client.connection.send(f"what? {self.token}")
            assert client.next()["error"] == "ERR_BADMESSAGE"
            assert client.code() == 1007
        # What the program at the other end writes is its own affair.
        ours = [one for one in logs.records if one.name != "websockets.client"]
        written = "\n".join(map(logging.Formatter().format, ours))
        assert "a frame was not JSON" in written
        assert "swt_" not in written

    def test_a_farewell_says_reconnect_to_all(self) -> None:
        with self.connect(self.viewer) as page, self.connect() as program:
            self.served.call(gateway.gateway.farewell)
            assert page.next() == program.next() == {"type": "RECONNECT"}


class HandshakeTests(GatewayCase):
    def refused(self, user: User | None = None, **options: str) -> int:
        with pytest.raises(InvalidStatus) as caught, self.connect(user, **options):
            raise AssertionError("it was let in")
        return caught.value.response.status_code

    def test_a_foreign_origin_with_a_session_is_refused(self) -> None:
        for origin in ("https://evil.example", "null", "http://localhost:1", "x", "http://["):
            assert self.refused(self.viewer, origin=origin) == 403

    def test_the_public_address_is_ours(self) -> None:
        with self.connect(self.viewer, origin=settings.PUBLIC_URL) as client:
            assert client.listen(self.mine) == ""

    def test_a_session_that_has_ended_is_none(self) -> None:
        cookie = session_of(self.viewer)
        User.objects.update(session_epoch=5)
        with self.connect(cookie=cookie, origin="https://old.example") as client:
            assert client.listen(self.mine) == "ERR_BADAUTH"

    def test_a_foreign_host_is_refused(self) -> None:
        assert self.refused(host="evil.example") == 403

    def test_a_database_that_is_away_refuses(self) -> None:
        with patch.object(gateway, "viewer_of_session", side_effect=OperationalError(2002, "x")):
            assert self.refused(self.viewer) == 503


class RightTests(GatewayCase):
    """Who may listen, and who may no more."""

    def test_nothing_of_one_reaches_the_other(self) -> None:
        other = make_user()
        make_grant(*SCOPES, user=other)
        theirs = f"whispers.{other.twitch_id}"
        with self.connect(self.viewer) as mine, self.connect(other) as their:
            assert mine.listen(self.mine) == their.listen(theirs) == ""
            assert mine.listen(theirs) == their.listen(self.mine) == "ERR_BADAUTH"
            self.whisper("for me")
            self.whisper("for them", to=other)
            for client, topic, text in ((mine, self.mine, "for me"), (their, theirs, "for them")):
                found, payload = client.message()
                assert (found, json.loads(payload["data"])["body"]) == (topic, text)
                client.hears_nothing()

    def test_a_token_counts_more_than_a_session(self) -> None:
        other = make_user()
        make_grant(*SCOPES, user=other)
        with self.connect(other) as client:
            assert client.listen(self.mine) == "ERR_BADAUTH"
            assert client.listen(self.mine, token=self.token) == ""
            assert client.listen(self.mine, token="stolen") == "ERR_BADAUTH"

    def revoked(self, client: Client) -> None:
        self.look()
        assert client.next() == {"type": "AUTH_REVOKED", "data": {"topics": [self.mine]}}
        assert self.leases() == 0
        self.whisper("too late")
        client.hears_nothing()

    def test_a_revoked_token_is_told(self) -> None:
        with self.connect() as client:
            client.listen(self.mine, token=self.token)
            revoke_token(user=self.viewer, pk=AccessToken.objects.get().pk)
            self.revoked(client)
            assert client.listen(self.mine, token=self.token) == "ERR_BADAUTH"

    def test_a_logout_is_told(self) -> None:
        with self.connect(self.viewer) as client:
            client.listen(self.mine)
            User.objects.update(session_epoch=5)
            self.revoked(client)

    def test_a_consent_that_has_ended_is_told(self) -> None:
        with self.connect(self.viewer) as client:
            client.listen(self.mine)
            Grant.objects.update(state=Grant.State.DEAD)
            self.revoked(client)

    def test_what_twitch_refuses_is_told(self) -> None:
        with self.connect(self.viewer) as client:
            client.listen(self.mine)
            now = timezone.now()
            EventSubSubscription.objects.create(
                type="user.whisper.message",
                condition_key=f"user_id={self.viewer.twitch_id}",
                subject_id=self.viewer.twitch_id,
                trouble=troubles.NO_CONSENT,
                due_at=now + timedelta(minutes=1),
                changed_at=now,
            )
            self.look(renew=False, check=False)
            assert client.next()["type"] == "AUTH_REVOKED"

    def test_who_still_may_hears_on_and_holds_on(self) -> None:
        with self.connect(self.viewer) as client:
            client.listen(self.mine)
            EventSubWant.objects.leased().update(until=timezone.now() + timedelta(seconds=1))
            self.look()
            want = EventSubWant.objects.leased().get()
            assert want.until is not None
            assert want.until > timezone.now() + timedelta(seconds=100)
            self.whisper("hello")
            client.message()

    def test_who_goes_lets_go(self) -> None:
        with self.connect(self.viewer) as client:
            client.listen(self.mine)
        self.served.call(until_gone)
        want = EventSubWant.objects.leased().get()
        assert want.until is not None
        assert want.until < timezone.now() + timedelta(seconds=31)
