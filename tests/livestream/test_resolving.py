"""Logins: of watched streamers from the database, of others from Twitch, seldom and together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import Mock, patch

import pytest
from django.core.cache import cache
from django.test import TestCase

from livestream import resolving
from livestream.resolving import resolve, resolver
from livestream.topics import Refusal, parse
from streamwatch.twitch.errors import TwitchError, TwitchUnavailable
from tests.factories import LONG_AGO, make_streamer, make_subscription, make_user


@contextmanager
def twitch(error: TwitchError | None = None, **people: str) -> Iterator[Mock]:
    """Knows these, by login."""

    def profiles(logins: Sequence[str]) -> list[Mock]:
        if error:
            raise error
        return [Mock(login=one, twitch_id=people[one]) for one in logins if one in people]

    client = Mock(rate_limit=None, profiles=Mock(side_effect=profiles))
    with patch.object(resolving, "helix", return_value=client):
        yield client


class ResolvingTests(TestCase):
    def setUp(self) -> None:
        cache.clear()
        self.user = make_user()

    def resolve(self, *logins: str) -> dict[str, str]:
        return resolve(logins, user=self.user)

    def refusal(self, *logins: str) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.resolve(*logins)
        assert caught.value.word == "ERR_SERVER"
        return caught.value

    def test_a_watched_streamer_is_known_here(self) -> None:
        streamer = make_streamer(login="ada")
        make_subscription(streamer=streamer)
        make_subscription(streamer=streamer)
        with twitch() as client:
            assert self.resolve("ada") == {"ada": streamer.twitch_id}
        client.profiles.assert_not_called()

    def test_of_two_with_the_same_login_the_later_one_has_it(self) -> None:
        old = make_streamer(login="ada")
        new = make_streamer(login="ada", name_as_of=LONG_AGO.replace(year=2027))
        for streamer in (old, new):
            make_subscription(streamer=streamer)
        with twitch():
            assert self.resolve("ada") == {"ada": new.twitch_id}

    def test_one_whom_nobody_watches_any_more_may_be_another_now(self) -> None:
        make_streamer(login="ada")
        with twitch(ada="4711"):
            assert self.resolve("ada") == {"ada": "4711"}

    def test_twitch_is_asked_once_a_minute(self) -> None:
        with twitch(ada="4711") as client:
            assert self.resolve("ada") == self.resolve("ada") == {"ada": "4711"}
        assert client.profiles.call_count == 1

    def test_so_it_is_for_nobody(self) -> None:
        with twitch() as client:
            assert self.resolve("ada") == self.resolve("ada") == {}
        assert client.profiles.call_count == 1

    def test_all_topics_of_a_frame_are_asked_for_in_one_call(self) -> None:
        texts = [f"stream.online.{login}" for login in ("ada", "bob", "ada", "nobody", "5")]
        with twitch(ada="1", bob="2") as client, self.assertNumQueries(1):  # those watched
            knows = resolver(texts, user=self.user)
            found = [parse(text, resolve=knows).ids for text in texts if "nobody" not in text]
        assert found == [("1",), ("2",), ("1",), ("5",)]
        client.profiles.assert_called_once_with(logins=["ada", "bob", "nobody"])
        with pytest.raises(Refusal):
            parse("stream.online.nobody", resolve=knows)

    def test_for_a_topic_that_makes_no_sense_nobody_is_asked(self) -> None:
        with twitch() as client, pytest.raises(Refusal):
            resolver(["stream.online.ada", "nonsense.bob"], user=self.user)
        client.profiles.assert_not_called()

    def test_twitch_away_is_said_and_not_remembered(self) -> None:
        with twitch(TwitchUnavailable("away")):
            self.refusal("ada")
        with twitch(ada="4711"):
            assert self.resolve("ada") == {"ada": "4711"}

    def test_room_is_left_to_those_who_search(self) -> None:
        with twitch(), patch("livestream.resolving.points.allowed", return_value=0):
            assert "asked too much" in self.refusal("ada").sentence

    def test_a_viewer_may_ask_for_a_hundred_a_minute(self) -> None:
        with twitch(ada="4711") as client:
            self.resolve(*(f"login_{number}" for number in range(99)), "ada")
            assert "write ids" in self.refusal("one_more").sentence
            assert self.resolve("ada") == {"ada": "4711"}
            assert resolve(["another"], user=make_user()) == {}
        assert client.profiles.call_count == 2
