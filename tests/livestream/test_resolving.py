"""Logins: of watched streamers from the database, of others from Twitch, seldom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import Mock, patch

import pytest
from django.test import TestCase

from livestream import resolving
from livestream.resolving import resolve
from livestream.topics import Refusal
from streamwatch.twitch.errors import TwitchError, TwitchUnavailable
from tests.factories import LONG_AGO, make_streamer, make_subscription


@contextmanager
def twitch(*ids: str, error: TwitchError | None = None) -> Iterator[Mock]:
    """What Twitch says to any login."""
    profiles = Mock(return_value=[Mock(twitch_id=one) for one in ids], side_effect=error)
    client = Mock(rate_limit=None, profiles=profiles)
    with patch.object(resolving, "helix", return_value=client):
        yield client


class ResolvingTests(TestCase):
    def test_a_watched_streamer_is_known_here(self) -> None:
        streamer = make_streamer(login="ada")
        make_subscription(streamer=streamer)
        make_subscription(streamer=streamer)
        with twitch() as client:
            assert resolve("ada") == streamer.twitch_id
        client.profiles.assert_not_called()

    def test_of_two_with_the_same_login_the_later_one_has_it(self) -> None:
        old = make_streamer(login="ada")
        new = make_streamer(login="ada", name_as_of=LONG_AGO.replace(year=2027))
        for streamer in (old, new):
            make_subscription(streamer=streamer)
        with twitch():
            assert resolve("ada") == new.twitch_id

    def test_one_whom_nobody_watches_any_more_may_be_another_now(self) -> None:
        make_streamer(login="ada")
        with twitch("4711"):
            assert resolve("ada") == "4711"

    def test_twitch_is_asked_once_a_minute(self) -> None:
        with twitch("4711") as client:
            assert resolve("ada") == resolve("ada") == "4711"
        assert client.profiles.call_count == 1

    def test_so_it_is_for_nobody(self) -> None:
        with twitch() as client:
            assert resolve("ada") is resolve("ada") is None
        assert client.profiles.call_count == 1

    def test_twitch_away_is_said_and_not_remembered(self) -> None:
        with twitch(error=TwitchUnavailable("away")), pytest.raises(Refusal) as caught:
            resolve("ada")
        assert caught.value.word == "ERR_SERVER"
        with twitch("4711"):
            assert resolve("ada") == "4711"

    def test_room_is_left_to_those_who_search(self) -> None:
        with twitch("4711"), patch("livestream.resolving.points.allowed", return_value=0):
            with pytest.raises(Refusal) as caught:
                resolve("ada")
            assert "asked too much" in caught.value.sentence
