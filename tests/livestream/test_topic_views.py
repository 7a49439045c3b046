"""What the topics panel asks the server for, and how it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.test import TestCase

from accounts.models import Grant, User
from livestream import eventsub, resolving
from livestream.eventsub import Listening, Made, Removed
from livestream.topic_refusals import TOO_DEAR, TOO_MANY_ALIKE, TOO_MANY_SOCKETS, of_error
from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)
from streamwatch.twitch.helix import TotalCost
from tests.factories import make_grant, make_streamer, make_subscription, make_user

PAGE = "/livestream/topics/"
CATALOGUE = "/livestream/topics/catalogue/"
CHECK = "/livestream/topics/check/"
LISTEN = "/livestream/eventsub/"
REMOVE = "/livestream/eventsub/remove/"
VIEWER = "/livestream/topics/viewer/"
MADE = Listening([Made("promise-1", "stream.online", 1)], TotalCost(1, 10))


class PanelCase(TestCase):
    def setUp(self) -> None:
        self.user = make_user(twitch_id="77", login="viewer", display_name="Viewer")
        self.client.force_login(self.user)

    def check(self, topic: str) -> dict[str, Any]:
        return self.post(CHECK, topic=topic)

    def post(self, url: str, **fields: Any) -> dict[str, Any]:
        """As the page of the viewer asks."""
        return self.answer(self.client.post(url, {"viewer": self.user.pk, **fields}))

    def answer(self, response: Any) -> dict[str, Any]:
        """The JSON of an answer of the test's client, and its status."""
        return {"status": response.status_code, **response.json()}


class PageTests(PanelCase):
    def test_shows_the_panel_with_the_addresses_that_it_needs(self) -> None:
        answer = self.client.get(PAGE)
        self.assertContains(answer, f'data-socket-url="{settings.TWITCH_EVENTSUB_WS_URL}"')
        for url in (CATALOGUE, CHECK, LISTEN, REMOVE, VIEWER):
            self.assertContains(answer, f'="{url}"')

    def test_says_that_it_needs_javascript(self) -> None:
        self.assertContains(self.client.get(PAGE), "needs JavaScript")

    def test_holds_no_token(self) -> None:
        make_grant(user=self.user, access_token="acc-secret", refresh_token="ref-secret")
        for url in (PAGE, CATALOGUE):
            self.assertNotContains(self.client.get(url), "-secret")


class OutsiderTests(TestCase):
    def test_a_visitor_is_led_to_the_login(self) -> None:
        for url in (PAGE, CATALOGUE):
            assert self.client.get(url)["Location"] == f"/accounts/login/?next={url}"
        for url in (CHECK, LISTEN, REMOVE):
            assert self.client.post(url)["Location"].startswith("/accounts/login/")

    def test_nothing_is_done_by_a_link(self) -> None:
        self.client.force_login(make_user())
        for url in (CHECK, LISTEN, REMOVE):
            assert self.client.get(url).status_code == 405


class CatalogueTests(PanelCase):
    def test_tells_what_there_is_for_whom(self) -> None:
        make_grant("bits:read", user=self.user)
        streamer = make_streamer(login="carla", display_name="Carla", twitch_id="5")
        make_subscription(user=self.user, streamer=streamer)
        make_subscription()
        with self.assertNumQueries(4):  # session, user, subscriptions, grant
            found = self.answer(self.client.get(CATALOGUE))
        assert [one["id"] for one in found["people"]] == ["77", "5"]
        assert found["people"][0]["is_viewer"]
        kinds = {one["word"]: one for one in found["kinds"]}
        assert set(kinds["whispers"]) == {
            *("word", "spelling", "what", "whose", "types", "scopes", "cost", "nearest"),
            "missing",
        }
        assert kinds["presence"]["types"] == []
        assert kinds["presence"]["nearest"]

    def test_tells_what_must_still_be_allowed(self) -> None:
        make_grant("user:manage:whispers", "moderator:manage:warnings", user=self.user)
        found = self.answer(self.client.get(CATALOGUE))["kinds"]
        lacking = {one["word"]: one["missing"] for one in found}
        assert lacking["stream.online"] == {"eventsub": [], "pubsub": [], "own": []}
        # Either of two will do.
        assert lacking["whispers"]["eventsub"] == []
        # One of many will not.
        left = lacking["channel.moderate"]["eventsub"]
        assert "moderator:read:vips" in left
        assert "moderator:read:warnings" not in left
        assert lacking["channel.chat.message"] == {
            "eventsub": ["user:read:chat"],
            "pubsub": ["user:read:chat", "user:bot"],
            "own": ["channel:bot"],
        }


class CheckTests(PanelCase):
    def test_says_what_the_topic_is(self) -> None:
        found = self.check(" Stream.Online.123 ")
        assert found["status"] == 200
        assert (found["topic"], found["cost"]) == ("stream.online.123", 1)
        assert found["what"]

    def test_a_login_stands_for_an_id(self) -> None:
        make_subscription(user=self.user, streamer=make_streamer(login="carla", twitch_id="5"))
        assert self.check("stream.online.carla")["topic"] == "stream.online.5"

    def test_the_answer_can_be_asked_for_again(self) -> None:
        make_subscription(user=self.user, streamer=make_streamer(login="carla", twitch_id="5"))
        for typed in ("raid.carla", "video-playback.carla", "automod-queue.77.carla"):
            make_grant_with_all(self.user)
            found = self.check(typed)
            assert self.check(found["topic"]) == found

    def test_what_must_be_allowed_leads_to_twitch(self) -> None:
        make_grant("user:read:email", user=self.user)
        found = self.check("whispers.77")
        assert (found["status"], found["error"]) == (403, "ERR_BADAUTH")
        assert "user:read:whispers" in found["sentence"]
        assert found["allow_url"].startswith("/livestream/allow/?scopes=user%3Aread%3Awhispers&")
        make_grant_wider(self.user, "user:read:whispers")
        assert self.check("whispers.77")["status"] == 200

    def test_every_refusal_has_a_word_and_a_sentence(self) -> None:
        for topic, status, error in (
            ("", 422, "ERR_BADMESSAGE"),
            ("x" * 201, 422, "ERR_BADMESSAGE"),
            ("nonsense", 422, "ERR_BADTOPIC"),
            ("presence.77", 422, "ERR_BADTOPIC"),
            ("stream.online", 422, "ERR_BADTOPIC"),
            ("whispers.78", 403, "ERR_BADAUTH"),
            ("stream.online.\u0130", 422, "ERR_BADTOPIC"),
        ):
            found = self.check(topic)
            assert (found["status"], found["error"]) == (status, error), topic
            assert found["sentence"].endswith("."), found

    def test_a_twitch_that_does_not_answer_is_said(self) -> None:
        with patch.object(resolving, "helix") as helix:
            helix().profiles.side_effect = TwitchUnavailable("time-out")
            found = self.check("stream.online.somebody")
            assert (found["status"], found["error"]) == (503, "ERR_SERVER")
            assert found["is_passing"]
            helix().profiles.side_effect = None
            helix().profiles.return_value = []
            assert "nobody" in self.check("stream.online.somebody")["sentence"]

    def test_over_pubsub_it_is_the_application_that_listens(self) -> None:
        make_grant("user:read:chat", user=self.user)
        topic = "channel.chat.message.5"
        assert self.check(topic)["status"] == 200
        found = self.post(CHECK, topic=topic, transport="pubsub")
        assert found["scopes"] == ["user:bot"]


def make_grant_with_all(user: User) -> None:
    Grant.objects.filter(user=user).delete()
    make_grant("moderator:manage:automod", user=user)


def make_grant_wider(user: User, scope: str) -> None:
    grant = Grant.objects.get(user=user)
    grant.scopes = [*grant.scopes, scope]
    grant.save(update_fields=["scopes"])


class ListenTests(PanelCase):
    @contextmanager
    def twitch(self, outcome: Listening | Exception) -> Iterator[Any]:
        with patch.object(eventsub, "listen", side_effect=[outcome]) as listen:
            yield listen

    def listen(self, topic: str = "stream.online.5", session: str = "AQoQ") -> dict[str, Any]:
        return self.post(LISTEN, topic=topic, session_id=session)

    def test_tells_the_subscriptions_and_what_they_cost(self) -> None:
        with self.twitch(MADE) as listen:
            found = self.listen()
        assert listen.call_args.kwargs["session_id"] == "AQoQ"
        assert found["topic"] == "stream.online.5"
        assert found["subscriptions"] == [{"id": "promise-1", "type": "stream.online", "cost": 1}]
        assert (found["total_cost"], found["max_total_cost"]) == (1, 10)

    def test_twitch_is_not_asked_for_what_is_not_allowed(self) -> None:
        with self.twitch(MADE) as listen:
            assert "allow_url" in self.listen("whispers.77")
            assert self.listen(session="")["error"] == "ERR_BADMESSAGE"
            assert self.listen(session="a b\n")["error"] == "ERR_BADMESSAGE"
            assert self.listen(session="x" * 201)["error"] == "ERR_BADMESSAGE"
        listen.assert_not_called()

    def test_a_refusal_of_twitch_becomes_a_sentence(self) -> None:
        with self.twitch(LimitReached(429, "maximum total cost exceeded", None)):
            found = self.listen()
        assert (found["status"], found["sentence"]) == (429, TOO_DEAR)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (TwitchUnavailable("x"), 503, "Twitch gives no answer"),
        (TokenRefused(401, "x"), 403, "Log in again"),
        (TwitchRefused(403, "subscription missing proper authorization"), 403, "moderators"),
        (LimitReached(429, "number of websocket transports", None), 429, TOO_MANY_SOCKETS),
        (LimitReached(429, "type and condition exceeded", None), 429, TOO_MANY_ALIKE),
        (LimitReached(429, "points", 5), 429, "in a minute"),
        (TwitchRefused(400, "websocket transport session does not exist"), 409, "opened again"),
        (TwitchRefused(400, "invalid condition"), 422, "invalid condition"),
    ],
)  # fmt: skip
def test_each_error_has_a_sentence_of_its_own(
    error: TwitchError, status: int, sentence: str
) -> None:
    response = of_error(error).response()
    assert response.status_code == status
    assert sentence.encode() in response.content


class RemoveTests(PanelCase):
    def test_passes_on_what_can_be_an_id(self) -> None:
        ids = ["promise-1", "", "\u00e9", "x" * 65, *(f"p{n}" for n in range(400))]
        with patch.object(eventsub, "remove", return_value=Removed(1, 2)) as remove:
            found = self.post(REMOVE, ids=ids)
        assert found == {"status": 200, "removed": 1, "left": 2}
        sent = remove.call_args.kwargs["ids"]
        assert len(sent) == 300
        assert sent[:2] == ["promise-1", "p0"]


class AnotherViewerTests(PanelCase):
    """A page that was made for somebody else who was logged in in the same browser."""

    def test_nothing_is_done_for_it_in_the_viewers_name(self) -> None:
        before = make_user()
        fields = {"topic": "stream.online.5", "session_id": "AQoQ", "ids": ["promise-1"]}
        with patch.object(eventsub, "listen") as listen, patch.object(eventsub, "remove") as remove:
            for url in (CHECK, LISTEN, REMOVE):
                for asking in (str(before.pk), "", "\u0661"):
                    found = self.post(url, **fields, viewer=asking)
                    assert (found["status"], found["error"]) == (403, "ERR_BADAUTH")
                    assert found["login_url"] == "/accounts/login/"
                    assert found["sentence"].endswith("Log in again.")
        listen.assert_not_called()
        remove.assert_not_called()

    def test_it_can_ask_who_is_logged_in(self) -> None:
        with self.assertNumQueries(2):  # session, user
            found = self.answer(self.client.get(VIEWER))
        assert found == {"status": 200, "viewer": self.user.pk}
        self.client.logout()
        assert self.answer(self.client.get(VIEWER)) == {"status": 200, "viewer": None}
