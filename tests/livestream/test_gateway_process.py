"""`/pubsub` of real live processes: what a client sees when one is killed, or told to stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.test import TransactionTestCase
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from livestream import keeping
from livestream.models import Heard
from livestream.tokens import make_token
from subscriptions.models import EventSubWant
from tests.activity.test_stream import live_process
from tests.factories import make_grant, make_user

PATIENCE_SECONDS = 15.0


@contextmanager
def old_program(url: str, token: str, topic: str) -> Iterator[ClientConnection]:
    """Connects and listens, as one written for Twitch does."""
    with connect(f"ws://{urlsplit(url).netloc}/pubsub", proxy=None) as made:
        data = {"topics": [topic], "auth_token": token}
        made.send(json.dumps({"type": "LISTEN", "nonce": "n", "data": data}))
        assert json.loads(made.recv(PATIENCE_SECONDS))["error"] == ""
        yield made


@pytest.mark.mariadb
class ProcessTests(TransactionTestCase):
    def setUp(self) -> None:
        self.viewer = make_user()
        make_grant("user:read:whispers", user=self.viewer)
        _, self.token = make_token(user=self.viewer, name="alerts", days=None)
        self.topic = f"whispers.{self.viewer.twitch_id}"
        # Neither process has a worker; nobody is to ask Twitch.
        self.enterContext(patch("streamwatch.live.publish"))

    def whisper(self, text: str) -> None:
        event = {"whisper": {"text": text}}
        key = f"user_id={self.viewer.twitch_id}"
        heard = Heard(f"m-{text}", "user.whisper.message", key, timezone.now(), event)
        keeping.keep(rows=keeping.wanted([heard]))

    def heard(self, program: ClientConnection) -> str:
        found = json.loads(program.recv(PATIENCE_SECONDS))
        assert found["type"] == "MESSAGE", found
        data = json.loads(json.loads(found["data"]["message"])["data"])
        return str(data["body"])

    def test_a_client_listens_on_elsewhere(self) -> None:
        with live_process() as (first_url, first), live_process() as (second_url, second):
            with old_program(first_url, self.token, self.topic) as program:
                self.whisper("one")
                assert self.heard(program) == "one"
                first.kill()
                with pytest.raises(ConnectionClosed):
                    program.recv(PATIENCE_SECONDS)
            with old_program(second_url, self.token, self.topic) as program:
                # What the killed process held runs out by itself.
                assert EventSubWant.objects.leased().count() == 2
                self.whisper("two")
                assert self.heard(program) == "two"
                second.send_signal(signal.SIGTERM)
                assert json.loads(program.recv(PATIENCE_SECONDS)) == {"type": "RECONNECT"}
                with pytest.raises(ConnectionClosed) as caught:
                    program.recv(PATIENCE_SECONDS)
                assert caught.value.rcvd is not None
                assert caught.value.rcvd.code == 1012
            assert second.wait(5) in (0, -signal.SIGTERM)
        # The one that stopped has let go of what it held, the killed one could not.
        soon = EventSubWant.objects.filter(until__lt=timezone.now() + timedelta(seconds=31))
        assert soon.count() == 1
