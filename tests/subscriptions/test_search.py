"""GET /streamers/search/"""

from __future__ import annotations

from typing import Any

import httpx
from django.test import TestCase

from accounts.twitch import helix
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.helix import Helix
from subscriptions.searching import find_channels
from tests.factories import make_streamer, make_subscription, make_user
from tests.subscriptions.twitch_here import ADA, AJAX, BOB, EMIL, HANA, person, twitch_here

URL = "/streamers/search/"


class SearchTests(TestCase):
    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        self.viewer = make_user()
        self.client.force_login(self.viewer)

    def search(self, q: str, **headers: str) -> Any:
        return self.client.get(URL, {"q": q}, headers=headers or AJAX)

    def logins(self, q: str) -> list[str]:
        answer = self.search(q)
        assert answer.status_code == 200, answer.content
        return [one.login for one in answer.context["candidates"]]

    def test_a_visitor_is_sent_to_the_login(self) -> None:
        self.client.logout()
        answer = self.client.get(URL, {"q": "ada"})
        self.assertRedirects(
            answer, "/accounts/login/?next=/streamers/search/%3Fq%3Dada",
            fetch_redirect_response=False,
        )  # fmt: skip

    def test_other_methods_are_refused(self) -> None:
        assert self.client.post(URL, {"q": "ada"}).status_code == 405

    def test_finds_by_the_first_letter(self) -> None:
        found = self.logins("e")
        assert "emoji_emil" in found
        assert all(login.startswith("e") for login in found)
        assert len(found) <= 20

    def test_puts_the_exact_match_first(self) -> None:
        person(self.simulator, HANA, login="ada", followers_base=0)
        person(self.simulator, ADA, followers_base=10_000_000)
        found = self.logins("ada")
        assert found[0] == "ada"
        assert "ada_streams" in found

    def test_adds_the_exact_login_that_twitch_does_not_search(self) -> None:
        # bob_watches has never streamed.
        assert self.logins("bob_watche") == []
        assert self.logins("bob_watches") == ["bob_watches"]

    def test_an_added_login_comes_with_what_its_channel_says(self) -> None:
        person(self.simulator, EMIL, last_streamed_at=0)
        self.simulator.control.event("channel.update", "emoji_emil", category="Chess", title="x")
        candidate = self.search("emoji_emil").context["candidates"][0]
        assert (candidate.login, candidate.title, candidate.category_name) == (
            "emoji_emil", "x", "Chess",
        )  # fmt: skip

    def test_finds_nothing_of_the_banned(self) -> None:
        person(self.simulator, EMIL, gone=1)
        assert self.logins("emoji_emil") == []

    def test_understands_what_people_paste(self) -> None:
        for q in (
            "  emoji_emil ", "@emoji_emil", "@ emoji_emil", "EMOJI_Emil", "emoji emil",
            "https://www.twitch.tv/emoji_emil", "twitch.tv/emoji_emil/videos?filter=all",
            "http://m.twitch.tv/Emoji_Emil#x", "https://www.twitch.tv/popout/emoji_emil/chat",
        ):  # fmt: skip
            with self.subTest(q=q):
                assert self.logins(q)[0] == "emoji_emil"

    def test_answers_a_script_with_the_fragment_and_a_browser_with_the_page(self) -> None:
        fragment = self.search("emoji_emil")
        self.assertTemplateUsed(fragment, "subscriptions/_search_results.html")
        self.assertTemplateNotUsed(fragment, "base.html")
        page = self.client.get(URL, {"q": "emoji_emil"})
        self.assertTemplateUsed(page, "subscriptions/search.html")
        self.assertContains(page, 'value="emoji_emil"')
        for answer in (fragment, page):
            self.assertContains(answer, 'href="/streamers/emoji_emil/verify/"')
            assert "X-Requested-With" in answer["Vary"]
            assert "no-store" in answer["Cache-Control"]

    def test_without_words_asks_for_them_and_not_twitch(self) -> None:
        self.simulator.control.fault("helix_down", count=9)
        for query in ("", "?q=", "?q=%20%20", "?q=@"):
            with self.subTest(query=query):
                answer = self.client.get(URL + query)
                self.assertContains(answer, "Type the first letters of a name.")

    def test_says_when_nothing_matches(self) -> None:
        self.assertContains(self.search("qqqqqqq"), "No channel matches")

    def test_too_many_letters_are_refused_in_words(self) -> None:
        for headers in (AJAX, {}):
            answer = self.client.get(URL, {"q": "x" * 101}, headers=headers)
            self.assertContains(answer, "Type at most 100 letters.", status_code=422)

    def test_a_nul_is_refused(self) -> None:
        assert self.client.get(URL + "?q=a%00b").status_code == 400

    def test_odd_letters_do_no_harm(self) -> None:
        for q in (
            "<b>x</b>",
            "😀",
            "\u202eabc",
            "はな",
            "%",
            "_",
            "a" * 100,
            "http://[",
            "//",
            "\ud83d",
        ):
            with self.subTest(q=q):
                answer = self.client.get(URL, {"q": q.encode("utf-8", "surrogatepass")})
                assert answer.status_code == 200
                self.assertNotContains(answer, "<b>x")

    def test_says_when_twitch_is_down(self) -> None:
        for fault in ("helix_down", "helix_error", "helix_garbage"):
            for headers in (AJAX, {}):
                with self.subTest(fault=fault, headers=headers):
                    self.simulator.control.fault(fault)
                    answer = self.client.get(URL, {"q": "ada"}, headers=headers)
                    self.assertContains(
                        answer, "Twitch gives no answer. Try again in a moment.", status_code=503
                    )

    def test_says_when_twitch_is_asked_too_much(self) -> None:
        self.simulator.control.fault("rate_limited")
        self.assertContains(self.search("ada"), "asked too much", status_code=503)

    def test_shows_what_was_found_although_the_exact_login_is_not_answered(self) -> None:
        self.simulator.control.fault("helix_down", path="/helix/users")
        assert "ada_streams" in self.logins("ada")

    def test_marks_what_the_viewer_is_subscribed_to(self) -> None:
        make_subscription(user=self.viewer, streamer=make_streamer(twitch_id=ADA))
        make_subscription(streamer=make_streamer(twitch_id=BOB))
        for login, expected in (("ada_streams", True), ("bob_watches", False)):
            candidate = self.search(login).context["candidates"][0]
            assert (candidate.login, candidate.is_subscribed) == (login, expected)
            tag = '<span class="tag-word">Subscribed</span>'
            self.assertContains(self.search(login), tag, count=int(expected), html=True)

    def test_hostile_names_are_shown_and_escaped(self) -> None:
        title = '<img src=x onerror="alert(1)">'
        person(self.simulator, EMIL, name="<b>Émil</b> 👨‍👩‍👧‍👦", title=title)
        self.simulator.control.event("stream.online", "emoji_emil")
        answer = self.search("emoji_emil")
        self.assertContains(answer, "&lt;b&gt;Émil&lt;/b&gt; 👨‍👩‍👧‍👦")
        self.assertNotContains(answer, "<b>Émil")
        self.assertNotContains(answer, "<img src=x")
        self.assertContains(self.search("rami_rtl"), '<bdi class="who">رامي_يلعب</bdi>')

    def test_the_number_of_queries_does_not_grow_with_matches(self) -> None:
        self.simulator.inside(
            lambda twitch: twitch.store.run(
                "UPDATE people SET login = 'zz' || id, last_streamed_at = ? WHERE can_log_in = 0",
                twitch.clock.now(),
            )
        )
        for _ in range(30):
            make_subscription(user=self.viewer)
        self.search("zz")
        with self.assertNumQueries(5):  # session, user, app token twice, the viewer's own
            assert len(self.search("zz").context["candidates"]) == 20


class HostileTwitchTests(TestCase):
    """What the simulator would not say."""

    def helix(self, *channels: dict[str, Any]) -> Helix:
        def answer(request: httpx.Request) -> httpx.Response:
            is_search = request.url.path.endswith("/search/channels")
            return httpx.Response(200, json={"data": list(channels) if is_search else []})

        made = Helix(api_url="http://twitch/helix", client_id="x", tokens=Tokens())
        made._http = httpx.Client(transport=httpx.MockTransport(answer))
        return made

    def test_a_login_that_has_no_address_is_left_out(self) -> None:
        for login in ("", "../x", "a/b", "a b", "x" * 26, "名前", "A"):
            with self.subTest(login=login):
                twitch = self.helix({"id": "1", "broadcaster_login": login, "display_name": "x"})
                assert find_channels(user=make_user(), query="x", twitch=twitch) == []

    def test_fields_may_be_missing(self) -> None:
        twitch = self.helix({"id": "1", "broadcaster_login": "x"}, {})
        found = find_channels(user=make_user(), query="x", twitch=twitch)
        assert [one.display_name for one in found] == ["x"]

    def test_twitch_away_is_raised(self) -> None:
        with self.assertRaises(TwitchUnavailable):
            find_channels(user=make_user(), query="x", twitch=helix())


class Tokens:
    def current(self) -> str:
        return "token"

    def renew(self, dead: str) -> str:
        return dead
