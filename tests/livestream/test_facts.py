"""What is said of streams while they play, and the parts that only Twitch knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import httpx
from django.core.cache import cache
from django.utils import timezone

from livestream import asking
from livestream.facts import STREAMS
from tests.factories import make_user
from tests.livestream.mocked import AJAX
from tests.livestream.watch_case import WatchCase

VIDEO = {
    "title": "Day <1>",
    "url": "https://www.twitch.tv/videos/1",
    "thumbnail_url": "https://pictures.test/%{width}x%{height}.jpg",
    "created_at": "2026-11-20T10:00:00Z",
    "duration": "3h21m",
    "view_count": 1204,
}
CLIP = {
    "title": "Nice",
    "url": "https://clips.twitch.tv/Nice",
    "thumbnail_url": "https://pictures.test/clip.jpg",
    "creator_name": "Zoe",
    "duration": 28.5,
    "view_count": 1,
}


def later(seconds: int) -> Any:
    moment = timezone.now() + timedelta(seconds=seconds)
    return patch("livestream.asking.timezone.now", return_value=moment)


class FactsTests(WatchCase):
    def facts(self, query: str) -> dict[str, Any]:
        answer = self.get(f"/livestream/facts/?{query}", **AJAX)
        assert answer.status_code == 200, answer.content
        self.assertTemplateNotUsed(answer, "base.html")
        return {one.facts.channel.login: one.facts for one in answer.context["found"]}

    def test_the_snapshot_says_what_is_on_and_twitch_how_many_watch(self) -> None:
        ann = self.live("ann", title="Ours", category_name="Chess", twitch_id="5")
        self.twitch.person("ann", "5", title="Old", game_name="Old", viewer_count=1234)
        found = self.facts("login=ann")["ann"]
        assert (found.is_live, found.title, found.category_name, found.viewers) == (
            True, "Ours", "Chess", 1234,
        )  # fmt: skip
        assert found.started_at == ann.live_started_at
        answer = self.get("/livestream/facts/?login=ann", **AJAX)
        self.assertContains(answer, 'data-now-viewers="1234"')
        (card,) = answer.context["strip"].mine
        assert card.facts.viewers == 1234

    def test_of_a_stream_nobody_here_watches_twitch_says_all(self) -> None:
        self.twitch.person("far", "7", title="Over there", game_name="Go", viewer_count=8)
        found = self.facts("login=far")["far"]
        assert (found.is_live, found.title, found.category_name, found.viewers) == (
            True, "Over there", "Go", 8,
        )  # fmt: skip

    def test_a_thousand_open_pages_make_one_call(self) -> None:
        self.live("ann", twitch_id="5")
        self.twitch.person("ann", "5", viewer_count=1)
        for _ in range(20):
            self.client.force_login(make_user())
            assert self.facts("login=ann")["ann"].viewers == 1
        assert self.twitch.asked == {"/streams": 1}

    def test_four_streams_make_one_call_and_again_after_a_while(self) -> None:
        for number, login in enumerate(("ann", "ben", "cat", "dan")):
            self.twitch.person(login, str(number), viewer_count=number)
        assert len(self.facts("login=ann&with=ben,cat,dan")) == 4
        assert self.twitch.asked == {"/users": 1, "/streams": 1}
        with later(STREAMS.fresh_seconds + 1):
            self.facts("login=ann&with=ben,cat,dan")
        assert self.twitch.asked == {"/users": 1, "/streams": 2}

    def test_many_different_streams_leave_points_to_the_polling(self) -> None:
        with patch("livestream.asking.MOST_CALLS_A_MINUTE", 3):
            for number in range(9):
                self.live(f"s{number}", twitch_id=f"{number}00")
                self.facts(f"login=s{number}")
        assert self.twitch.asked["/streams"] == 3

    def test_while_one_asks_the_others_are_told_what_was_known(self) -> None:
        self.twitch.person("far", "7", title="x", viewer_count=8)
        self.facts("login=far")
        cache.add(f"{STREAMS.key('7')}:turn", 1, 10)
        with later(STREAMS.fresh_seconds + 1):
            assert self.facts("login=far")["far"].viewers == 8
        assert self.twitch.asked["/streams"] == 1

    def test_who_knows_nothing_yet_is_told_to_look_again(self) -> None:
        self.twitch.person("far", "7")
        cache.add(f"{STREAMS.key('7')}:turn", 1, 10)
        found = self.facts("login=far")["far"]
        assert (found.is_live, found.problem) == (None, asking.BEING_ASKED)

    def test_the_end_of_a_stream_nobody_here_watches_is_noticed(self) -> None:
        self.twitch.person("far", "7", title="x")
        assert self.facts("login=far")["far"].is_live
        self.twitch.streams.clear()
        with later(STREAMS.fresh_seconds + 1):
            found = self.facts("login=far")["far"]
        assert found.is_live is False
        assert found.ended_at is not None
        self.assertContains(self.get("/livestream/facts/?login=far"), "just now</time>.")

    def test_a_number_of_viewers_that_is_old_is_not_said(self) -> None:
        self.twitch.person("far", "7", title="x", viewer_count=8)
        self.facts("login=far")
        self.twitch.is_away = True
        found = self.facts("login=far")["far"]
        assert found.viewers == 8
        with patch("livestream.facts.VIEWERS_SECONDS", -1):
            assert self.facts("login=far")["far"].viewers is None

    def test_a_twitch_that_is_away_is_said_and_not_asked_by_everybody(self) -> None:
        self.twitch.person("far", "7")
        self.get("/livestream/far/")
        self.twitch.is_away = True
        for _ in range(5):
            found = self.facts("login=far")["far"]
            assert found.problem == "Twitch gives no answer. Try again in a moment."
        assert self.twitch.asked["/streams"] == 1

    def test_the_strip_comes_with_it(self) -> None:
        self.live("ann")
        self.live("ben")
        answer = self.get("/livestream/facts/?login=ann&layout=wide", **AJAX)
        self.assertContains(answer, 'href="/livestream/ben/?layout=wide"')
        self.assertContains(answer, 'href="/livestream/ann/?with=ben&amp;layout=wide"')

    def test_bad_addresses_get_a_sentence(self) -> None:
        for query in ("login=nobody_here", "login=%3Cb%3E", "login=a&with=b,c,d,e,f&layout=x"):
            with self.subTest(query=query):
                answer = self.get(f"/livestream/facts/?{query}", **AJAX)
                self.assertContains(answer, 'role="alert"', status_code=422)


class RecentTests(WatchCase):
    def setUp(self) -> None:
        super().setUp()
        self.live("ann", twitch_id="5")

    def recent(self, word: str, **headers: Any) -> Any:
        return self.get(f"/livestream/recent/{word}/ann/", **(headers or AJAX))

    def test_recordings(self) -> None:
        bad = [{**VIDEO, "url": "javascript:alert(1)"}, {}]
        self.twitch.others["/videos"] = httpx.Response(200, json={"data": [VIDEO, *bad]})
        answer = self.recent("videos")
        self.assertContains(answer, 'href="https://www.twitch.tv/videos/1"')
        self.assertContains(answer, "Day &lt;1&gt;")
        self.assertContains(answer, 'src="https://pictures.test/320x180.jpg"')
        self.assertContains(answer, "data-video", count=1)
        self.recent("videos")
        assert self.twitch.asked == {"/videos": 1}

    def test_clips(self) -> None:
        odd = [{**CLIP, "duration": value, "view_count": -1} for value in (None, "x", 1e300, True)]
        self.twitch.others["/clips"] = httpx.Response(200, json={"data": [CLIP, *odd]})
        answer = self.recent("clips")
        self.assertContains(answer, "28 s")
        self.assertContains(answer, "by <bdi>Zoe</bdi>")
        self.assertContains(answer, "data-clip", count=5)

    def test_the_schedule_leaves_out_what_is_over_or_called_off(self) -> None:
        begins = [timezone.now() + timedelta(hours=hours) for hours in (-9, 3, 5, 30)]
        segments = [
            {
                "start_time": one.isoformat(),
                "end_time": (one + timedelta(hours=2)).isoformat(),
                "title": f"Stream {number}",
                "category": {"name": "Go"} if number else None,
                "canceled_until": one.isoformat() if number == 2 else None,
            }
            for number, one in enumerate(begins)
        ]
        data = {"segments": [*segments, {"start_time": "x"}, 3], "vacation": None}
        self.twitch.others["/schedule"] = httpx.Response(200, json={"data": data})
        answer = self.recent("schedule")
        shown = [one.title for one in answer.context["found"].streams]
        assert shown == ["Stream 1", "Stream 3"]
        self.assertContains(answer, "data-scheduled", count=2)

    def test_a_holiday(self) -> None:
        data = {"segments": None, "vacation": {"end_time": "2027-01-07T00:00:00Z"}}
        self.twitch.others["/schedule"] = httpx.Response(200, json={"data": data})
        self.assertContains(self.recent("schedule"), "On holiday until 7 Jan 2027.")

    def test_nothing_is_said_in_words(self) -> None:
        self.twitch.others["/schedule"] = httpx.Response(404, json={"message": "none"})
        for word, sentence in (
            ("videos", "Twitch keeps no recordings of this channel."),
            ("clips", "Nobody clipped this channel in the last 30 days."),
            ("schedule", "This channel announces no streams."),
        ):
            self.assertContains(self.recent(word), sentence)

    def test_without_javascript_each_is_a_page(self) -> None:
        self.twitch.others["/schedule"] = httpx.Response(404, json={"message": "none"})
        for word in ("videos", "clips", "schedule"):
            answer = self.recent(word, accept="text/html")
            self.assertTemplateUsed(answer, "livestream/part.html")
            self.assertContains(answer, "<bdi>Ann: ")
            self.assertContains(answer, 'href="/livestream/ann/"')

    def test_a_failure_is_a_sentence_in_its_place(self) -> None:
        bad = [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.Response(429)]
        bad += [httpx.Response(200, json={"data": 3}), httpx.Response(401)]
        for answer in bad:
            for word in ("videos", "clips", "schedule"):
                with self.subTest(answer=answer, word=word):
                    cache.clear()
                    self.twitch.others[f"/{word}"] = answer
                    self.assertContains(self.recent(word), "Twitch", status_code=503)

    def test_what_there_is_not_is_said(self) -> None:
        for path in ("clips/nobody_here", "nothing/ann", "videos/%3Cb%3E"):
            assert self.get(f"/livestream/recent/{path}/").status_code == 404

    def test_a_channel_that_twitch_cannot_name_now(self) -> None:
        self.twitch.is_away = True
        answer = self.get("/livestream/recent/videos/far/", **AJAX)
        self.assertContains(answer, "Twitch gives no answer", status_code=503)


class BiggestTests(WatchCase):
    def test_a_failure_is_a_sentence_and_what_is_odd_is_left_out(self) -> None:
        self.twitch.is_away = True
        answer = self.get("/livestream/biggest/", **AJAX)
        self.assertContains(answer, "Twitch gives no answer", status_code=503)
        cache.clear()
        self.twitch.is_away = False
        self.twitch.streams = [
            {"user_id": "1", "user_login": "ok", "viewer_count": -5},
            {"user_id": "2", "user_login": "../x", "viewer_count": 1},
            {"user_id": "", "user_login": "no_id"},
            {},
        ]
        answer = self.get("/livestream/biggest/?login=ann&with=ben", **AJAX)
        assert [one.facts.channel.login for one in answer.context["cards"]] == ["ok"]
        self.assertContains(answer, 'href="/livestream/ann/?with=ben,ok"')

    def test_nobody_live_is_said(self) -> None:
        self.assertContains(self.get("/livestream/biggest/"), "Nobody is live on Twitch")
