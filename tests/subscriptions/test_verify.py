"""GET /streamers/<login>/verify/"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from django.test import TestCase

from tests.factories import make_streamer, make_subscription, make_user
from tests.subscriptions.twitch_here import ADA, AJAX, BOB, CARLA, EMIL, HANA, person, twitch_here


class VerifyTests(TestCase):
    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        self.viewer = make_user(twitch_id=BOB, login="bob_watches", display_name="Bob")
        self.client.force_login(self.viewer)

    def verify(self, login: str, **headers: str) -> Any:
        return self.client.get(f"/streamers/{login}/verify/", headers=headers or AJAX)

    def test_a_visitor_is_sent_to_the_login(self) -> None:
        self.client.logout()
        answer = self.verify("ada_streams")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/?next=")

    def test_shows_what_tells_people_apart(self) -> None:
        self.simulator.control.event("stream.online", "ada_streams")
        answer = self.verify("ada_streams")
        text = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
        assert "Ada_Streams LIVE ada_streams" in text
        assert "Runs a StreamWatch for her friends." in text
        assert re.search(r"Channel age \d+ (years|months|days) since \d", text)
        assert re.search(r"Followers \d[\d,]* ", text)
        assert "Now Live" in text
        assert "Category Software and Game Development" in text
        self.assertContains(answer, f'<img src="{self.simulator.url}/')

    def test_says_offline_and_the_last_title(self) -> None:
        self.simulator.control.event("stream.offline", "ada_streams")
        answer = self.verify("ada_streams")
        self.assertContains(answer, "<dd>Offline</dd>", html=True)
        self.assertContains(answer, "Last title")
        self.assertNotContains(answer, "LIVE")

    def test_carries_the_account_that_is_shown(self) -> None:
        answer = self.verify("ada_streams")
        field = f'<input type="hidden" name="twitch_id" value="{ADA}">'
        self.assertContains(answer, field, html=True)
        self.assertContains(answer, 'action="/streamers/ada_streams/verify/"')

    def test_answers_a_script_with_the_fragment_and_a_browser_with_the_page(self) -> None:
        fragment = self.verify("ada_streams")
        self.assertTemplateUsed(fragment, "subscriptions/_verify.html")
        self.assertTemplateNotUsed(fragment, "base.html")
        page = self.client.get("/streamers/ada_streams/verify/")
        self.assertTemplateUsed(page, "subscriptions/verify.html")
        self.assertContains(page, '<h1 class="verify-heading">Is this the one?</h1>', html=True)

    def test_capital_letters_do_not_matter(self) -> None:
        self.assertContains(self.verify("Ada_Streams"), f'value="{ADA}"')

    def test_ones_own_name_says_so_and_is_allowed(self) -> None:
        answer = self.verify("bob_watches")
        self.assertContains(answer, "This is you")
        self.assertContains(answer, ">Subscribe</button>")
        self.assertNotContains(self.verify("ada_streams"), "This is you")

    def test_says_when_one_is_subscribed_already(self) -> None:
        make_subscription(user=self.viewer, streamer=make_streamer(twitch_id=ADA))
        make_subscription(streamer=make_streamer(twitch_id=CARLA))
        answer = self.verify("ada_streams")
        self.assertContains(answer, "Already subscribed")
        self.assertNotContains(answer, ">Subscribe</button>")
        self.assertNotContains(self.verify("carla_plays"), "Already subscribed")

    def test_a_wrong_name_is_said_in_words(self) -> None:
        for headers in (AJAX, {}):
            answer = self.client.get("/streamers/nobody_here/verify/", headers=headers)
            self.assertContains(
                answer, "Twitch knows no channel called “\u2068nobody_here\u2069”.", status_code=404
            )
            self.assertNotContains(answer, ">Subscribe</button>", status_code=404)

    def test_a_banned_channel_is_unknown(self) -> None:
        person(self.simulator, EMIL, gone=1)
        self.assertContains(self.verify("emoji_emil"), "knows no channel", status_code=404)

    def test_what_cannot_be_a_login_is_not_asked_for(self) -> None:
        self.simulator.control.fault("helix_down", count=99)
        for login in ("a" * 26, "ada-streams", "ada streams", "名前", "<b>x", "a\nb", "😀", "."):
            with self.subTest(login=login):
                answer = self.verify(quote(login, safe=""))
                self.assertContains(answer, "knows no channel", status_code=404)
                self.assertNotContains(answer, "<b>x", status_code=404)

    def test_a_renamed_streamer_is_offered_by_the_new_name(self) -> None:
        make_streamer(twitch_id=ADA, login="ada_streams")
        person(self.simulator, ADA, login="ada_lives", name="Ada_Lives")
        answer = self.verify("ada_streams")
        self.assertContains(answer, "ada_streams is now called ada_lives.")
        self.assertContains(answer, 'action="/streamers/ada_lives/verify/"')
        self.assertContains(answer, f'value="{ADA}"')

    def test_a_recycled_login_is_that_of_its_new_owner(self) -> None:
        make_streamer(twitch_id=ADA, login="ada_streams")
        person(self.simulator, ADA, login="ada_lives")
        person(self.simulator, HANA, login="ada_streams")
        answer = self.verify("ada_streams")
        self.assertContains(answer, f'value="{HANA}"')
        self.assertNotContains(answer, "is now called")

    def test_a_renamed_streamer_who_is_gone_is_unknown(self) -> None:
        make_streamer(twitch_id=ADA, login="ada_streams")
        person(self.simulator, ADA, login="ada_lives", gone=1)
        self.assertContains(self.verify("ada_streams"), "knows no channel", status_code=404)

    def test_says_when_twitch_is_down(self) -> None:
        for path in ("/helix/users", "/helix/channels", "/helix/streams"):
            for headers in (AJAX, {}):
                with self.subTest(path=path, headers=headers):
                    self.simulator.control.fault("helix_down", path=path)
                    answer = self.client.get("/streamers/ada_streams/verify/", headers=headers)
                    self.assertContains(
                        answer, "Twitch gives no answer. Try again in a moment.", status_code=503
                    )
                    self.assertContains(answer, "Try again", status_code=503)

    def test_followers_that_twitch_does_not_tell_are_unknown(self) -> None:
        self.simulator.control.fault("helix_down", path="/helix/channels/followers")
        answer = self.verify("ada_streams")
        self.assertContains(answer, '<i class="unsaid">unknown</i>', count=1, html=True)
        self.assertContains(answer, ">Subscribe</button>")

    def test_hostile_names_are_shown_and_escaped(self) -> None:
        person(
            self.simulator,
            EMIL,
            name="<script>alert(1)</script>",
            title='"><b>bold</b>',
            description="{{ 7|add:7 }} </p><b>bold</b> 🏳️‍🌈\u202e",
        )
        answer = self.verify("emoji_emil")
        self.assertContains(answer, "&lt;script&gt;alert(1)&lt;/script&gt;")
        self.assertContains(answer, "{{ 7|add:7 }} &lt;/p&gt;&lt;b&gt;bold&lt;/b&gt; 🏳️‍🌈")
        self.assertNotContains(answer, "<script>")
        self.assertNotContains(answer, "<b>bold")
        self.assertContains(self.verify("rami_rtl"), '<bdi class="who">رامي_يلعب</bdi>')

    def test_takes_few_queries(self) -> None:
        self.verify("ada_streams")
        with self.assertNumQueries(8):  # session, user, known login, app token 4 times, subscribed
            self.verify("ada_streams")
