"""Subscriptions for a socket that a browser holds, made with the viewer's Grant, over real HTTP."""

from __future__ import annotations

import logging
from threading import Barrier
from unittest.mock import patch

import pytest
from django.test import TestCase

from livestream import eventsub
from livestream.eventsub import Removed
from livestream.topics import Refusal, parse
from simulator.testing import Simulator
from streamwatch.twitch.errors import LimitReached, TwitchRefused
from streamwatch.twitch.helix import Helix
from tests.accounts.grants import ADA, SCOPES, grant_of, granted
from tests.simulator.sockets import Socket, connected, listed
from tests.subscriptions.twitch_here import CARLA, twitch_here

ONLINE = "stream.online"


class SocketCase(TestCase):
    """Ada with a socket of her own at Twitch."""

    simulator: Simulator
    socket: Socket

    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        self.socket = self.enterContext(connected(self.simulator))
        self.user = granted(self.simulator, "ada_streams", *SCOPES, "user:read:whispers")

    def listen(self, text: str) -> eventsub.Listening:
        topic = parse(text, resolve=lambda _: None)
        return eventsub.listen(user=self.user, topic=topic, session_id=self.socket.id)

    def types(self) -> list[str]:
        return [one["type"] for one in listed(self.simulator, grant_of(self.user).access_token)]


class ListenTests(SocketCase):
    def test_the_event_reaches_the_socket(self) -> None:
        found = self.listen(f"{ONLINE}.{CARLA}")
        assert [(one.type, one.cost) for one in found.made] == [(ONLINE, 1)]
        assert found.total is not None
        assert (found.total.total_cost, found.total.max_total_cost) == (1, 10)
        self.simulator.control.event(ONLINE, "carla_plays")
        message = self.socket.read("notification")
        assert message["payload"]["subscription"]["id"] == found.made[0].id
        assert message["payload"]["event"]["broadcaster_user_login"] == "carla_plays"

    def test_an_old_name_becomes_all_its_types(self) -> None:
        found = self.listen(f"video-playback-by-id.{CARLA}")
        assert [one.type for one in found.made] == [ONLINE, "stream.offline"]

    def test_what_the_socket_has_already_is_not_made_again(self) -> None:
        first = self.listen(f"{ONLINE}.{CARLA}")
        both = self.listen(f"video-playback-by-id.{CARLA}")
        assert both.made[0].id == first.made[0].id
        assert self.types() == [ONLINE, "stream.offline"]

    def test_a_token_that_ran_out_is_refreshed(self) -> None:
        before = grant_of(self.user).access_token
        self.simulator.control.fault("expire_tokens")
        assert len(self.listen(f"whispers.{ADA}").made) == 1
        assert grant_of(self.user).access_token != before

    def test_no_token_is_logged_however_much_is(self) -> None:
        self.client.force_login(self.user)
        said = {
            "topic": f"whispers.{ADA}",
            "session_id": self.socket.id,
            "viewer": self.user.pk,
        }
        tokens = []
        with self.assertLogs(level="DEBUG") as logs:
            for fault in ("", "expire_tokens"):
                if fault:
                    self.simulator.control.fault(fault)
                assert self.client.post("/livestream/eventsub/", said).status_code == 200
                grant = grant_of(self.user)
                tokens += [grant.access_token, grant.refresh_token]
        assert len(set(tokens)) >= 3
        written = "\n".join(map(logging.Formatter().format, logs.records))
        assert "httpcore" in {one.name.partition(".")[0] for one in logs.records}
        assert [one for one in (*tokens, "swt_") if one in written] == []

    def test_of_a_topic_that_is_refused_half_way_nothing_is_left(self) -> None:
        for number in range(9):
            self.listen(f"{ONLINE}.{10_000 + number}")
        with pytest.raises(LimitReached):
            self.listen(f"video-playback-by-id.{CARLA}")
        assert self.types() == [ONLINE] * 9

    def test_what_was_there_before_a_refusal_stays(self) -> None:
        for number in range(9):
            self.listen(f"{ONLINE}.{10_000 + number}")
        self.listen(f"{ONLINE}.{CARLA}")
        with pytest.raises(LimitReached):
            self.listen(f"video-playback-by-id.{CARLA}")
        assert self.types() == [ONLINE] * 10

    def test_a_session_that_is_over_is_refused(self) -> None:
        self.socket.connection.close()
        with pytest.raises(TwitchRefused, match="session"):
            self.listen(f"{ONLINE}.{CARLA}")

    def test_somebody_elses_topic_is_not_asked_for(self) -> None:
        with pytest.raises(Refusal, match="somebody else"):
            self.listen(f"whispers.{CARLA}")
        assert self.types() == []


class RemoveTests(SocketCase):
    def test_deletes_what_twitch_still_has(self) -> None:
        made = self.listen(f"video-playback-by-id.{CARLA}").made
        ids = [one.id for one in made]
        assert eventsub.remove(user=self.user, ids=["unknown", *ids]) == Removed(2, 0)
        assert self.types() == []

    def test_leaves_another_viewers_alone(self) -> None:
        made = self.listen(f"{ONLINE}.{CARLA}").made
        bob = granted(self.simulator, "bob_watches")
        assert eventsub.remove(user=bob, ids=[made[0].id]) == Removed(0, 0)
        assert self.types() == [ONLINE]

    def test_a_twitch_that_is_away_is_no_error(self) -> None:
        made = self.listen(f"{ONLINE}.{CARLA}").made
        self.simulator.control.fault("helix_down", path="/helix/eventsub")
        assert eventsub.remove(user=self.user, ids=[made[0].id]) == Removed(0, 1)

    def test_a_token_that_ran_out_is_refreshed_for_all(self) -> None:
        made = self.listen(f"video-playback-by-id.{CARLA}").made
        self.simulator.control.fault("expire_tokens")
        assert eventsub.remove(user=self.user, ids=[one.id for one in made]) == Removed(2, 0)

    def test_ten_at_once_and_none_begun_when_the_time_is_over(self) -> None:
        ids = [f"p{number}" for number in range(100)]
        all_there = Barrier(10, timeout=10)
        with patch.object(Helix, "end_promise", lambda _self, _id: _id == "p0" or all_there.wait()):
            # The first, and nine times ten.
            found = eventsub.remove(user=self.user, ids=ids[:91])
        assert found == Removed(91, 0)
        with patch.object(eventsub, "SECONDS", 0.0), patch.object(Helix, "end_promise") as end:
            assert eventsub.remove(user=self.user, ids=ids) == Removed(0, 100)
        end.assert_not_called()

    def test_nothing_is_asked_for_nothing(self) -> None:
        with patch.object(Helix, "end_promise") as end:
            assert eventsub.remove(user=self.user, ids=[]) == Removed(0, 0)
        end.assert_not_called()
