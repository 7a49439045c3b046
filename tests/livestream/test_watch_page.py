"""/livestream/ and /livestream/<login>/: what is chosen, what is shown, and bad addresses."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from activity.models import Broadcast
from tests.factories import make_broadcast, make_streamer, make_subscription
from tests.livestream.mocked import AJAX
from tests.livestream.watch_case import WatchCase

HOSTILE = '<script>alert("1")</script> {{ 1 }} \u202eغرفة 🎮'
NOW = timezone.now


class ChoosingTests(WatchCase):
    def test_the_viewers_own_who_began_last_comes_first(self) -> None:
        self.live("ann", minutes=50)
        self.live("ben", minutes=2)
        make_subscription(user=self.viewer, streamer=make_streamer(login="off"))
        make_subscription(streamer=make_streamer(login="theirs", live_stream_id="s"))
        answer = self.get("/livestream/")
        page = answer.context["page"]
        assert [one.now.facts.channel.login for one in page.slots] == ["ben"]
        assert [one.facts.channel.login for one in page.strip.mine] == ["ben", "ann"]
        self.assertNotContains(answer, "theirs")
        assert self.twitch.asked.total() == 0

    def test_without_a_live_one_the_biggest_is_played_as_soon_as_it_is_known(self) -> None:
        self.twitch.person("small", "1", viewer_count=5)
        self.twitch.person("large", "2", viewer_count=9_000)
        answer = self.get("/livestream/")
        assert answer.context["page"].slots == []
        self.assertContains(answer, "None of your streamers is live")
        self.assertContains(answer, 'data-load="/livestream/biggest/"')
        assert self.twitch.asked.total() == 0
        cards = self.get("/livestream/biggest/", **AJAX)
        assert [one.facts.channel.login for one in cards.context["cards"]] == ["large", "small"]
        self.assertContains(cards, 'href="/livestream/large/"')
        assert self.playing("/livestream/") == ["large"]

    def test_the_address_says_who_plays(self) -> None:
        for login in ("ann", "ben", "cat", "dan"):
            self.live(login)
        assert self.playing("/livestream/ann/?with=ben,cat,dan") == ["ann", "ben", "cat", "dan"]
        assert self.playing("/livestream/?with=cat,ann") == ["cat", "ann"]
        assert self.playing("/livestream/ANN/") == ["ann"]

    def test_somebody_whom_nobody_watches_is_looked_up_once(self) -> None:
        self.twitch.person("far", "7", title="x", viewer_count=3)
        for _ in range(3):
            assert self.playing("/livestream/far/") == ["far"]
        assert self.twitch.asked == {"/users": 1}

    def test_the_strip_costs_no_more_for_many(self) -> None:
        for number in range(12):
            self.live(f"s{number}")
        self.get("/livestream/")
        with self.assertNumQueries(4):  # session, viewer, their live ones, those that play
            self.get("/livestream/")


class FramesTests(WatchCase):
    def test_one_stream_is_muted_until_the_viewer_listens(self) -> None:
        self.live("ann")
        self.live("ben")
        answer = self.get("/livestream/ann/?with=ben")
        self.assertContains(answer, "muted=true&amp;autoplay=true", count=4)
        self.assertNotContains(answer, "muted=false")
        self.assertContains(answer, 'href="/livestream/ann/?with=ben&amp;sound=ben&amp;chat=ben"')
        answer = self.get("/livestream/ann/?with=ben&sound=ben")
        self.assertContains(answer, "channel=ben&amp;parent=testserver&amp;muted=false", count=2)
        self.assertContains(answer, "channel=ann&amp;parent=testserver&amp;muted=true", count=2)

    def test_the_chat_has_both_themes_and_a_frame_without_javascript(self) -> None:
        self.live("ann")
        chat = "http://127.0.0.1:9/embed/ann/chat?parent=testserver"
        answer = self.get("/livestream/ann/")
        self.assertContains(answer, f'data-chat="{chat}"')
        self.assertContains(answer, f'data-chat-dark="{chat}&amp;darkpopout"')
        self.assertContains(answer, f'<iframe src="{chat}"')
        # A script would put the frame in a fragment's <noscript> on the page.
        self.assertNotContains(self.get("/livestream/ann/", **AJAX), "noscript")

    def test_a_refused_frame_has_a_sentence_and_a_way_out(self) -> None:
        self.live("ann")
        answer = self.get("/livestream/ann/", host="127.0.0.1:8000")
        self.assertContains(answer, "Twitch refuses frames on a page at a bare IP address")
        self.assertContains(answer, 'href="https://www.twitch.tv/ann"')
        answer = self.get("/livestream/ann/", host="localhost:8000")
        self.assertNotContains(answer, "Twitch refuses frames")
        self.assertContains(answer, "No picture?")

    def test_the_policy_lets_the_frames_in(self) -> None:
        policy = self.get("/livestream/").headers["Content-Security-Policy"]
        assert "frame-src http://127.0.0.1:9" in policy


class BadInputTests(WatchCase):
    def test_nobody_called_so_is_said(self) -> None:
        for login in ("nobody_here", "x" * 26, "a-b", "<b>", "رامي"):
            with self.subTest(login=login):
                answer = self.get(f"/livestream/{login}/")
                self.assertContains(answer, "Nobody on Twitch is called that", status_code=404)

    def test_what_cannot_be_is_said_above_what_can(self) -> None:
        self.live("ann")
        for query, sentence in (
            ("with=b,c,d,e", "At most 4 streams play at once"),
            ("with=nobody_here", "Twitch knows no “\u2068nobody_here\u2069”."),
            ("with=%3Cscript%3E,%0A,%2e%2e%2f", "“\u2068&lt;script&gt;\u2069” is no login."),
            ("layout=%22%3E%3Cimg%20src=x%3E", "There is no layout called"),
            ("sound=zoe&chat=%F0%9F%8E%AE", "is not among the streams on this page."),
        ):
            with self.subTest(query=query):
                answer = self.get(f"/livestream/ann/?{query}")
                self.assertContains(answer, sentence, status_code=422)
                self.assertNotContains(answer, "<script>\u2069", status_code=422)
                assert answer.context["page"].slots[0].now.facts.channel.login == "ann"

    def test_an_unknown_first_leaves_the_others(self) -> None:
        self.live("ann")
        answer = self.get("/livestream/nobody_here/?with=ann")
        assert answer.status_code == 422
        assert [one.now.facts.channel.login for one in answer.context["page"].slots] == ["ann"]

    def test_hostile_words_of_a_channel_are_escaped(self) -> None:
        self.live("ann", title=HOSTILE, category_name=HOSTILE[:100])
        answer = self.get("/livestream/ann/")
        self.assertContains(answer, "&lt;script&gt;alert")
        self.assertNotContains(answer, "<script>alert")

    def test_logins_that_are_words_of_ours_have_a_page(self) -> None:
        self.twitch.person("facts", "8", viewer_count=1)
        assert self.playing("/livestream/FACTS/") == ["facts"]

    def test_only_get_and_only_for_viewers(self) -> None:
        urls = ("/livestream/", "/livestream/ann/", "/livestream/facts/", "/livestream/biggest/")
        for url in (*urls, "/livestream/recent/videos/ann/"):
            assert self.client.post(url).status_code == 405
            assert "no-store" in self.get(url)["Cache-Control"]
        self.client.logout()
        for url in (*urls, "/livestream/recent/videos/ann/"):
            answer = self.get(url)
            self.assertRedirects(
                answer, f"/accounts/login/?next={url}", fetch_redirect_response=False
            )


class AwayTests(WatchCase):
    def test_without_twitch_the_page_shows_what_the_database_knows(self) -> None:
        self.twitch.is_away = True
        self.live("ann", title="On with it")
        answer = self.get("/livestream/ann/?with=far")
        assert answer.status_code == 200
        self.assertContains(answer, "On with it")
        assert [one.now.facts.channel.name for one in answer.context["page"].slots] == [
            "Ann",
            "far",
        ]

    def test_an_end_is_said_with_what_is_live_instead(self) -> None:
        ann = self.live("ann")
        self.live("ben")
        ann.live_stream_id, ann.live_started_at = "", None
        ann.save()
        make_broadcast(streamer=ann, began_at=NOW() - timedelta(hours=1))
        Broadcast.objects.update(ended_at=NOW() - timedelta(minutes=2))
        answer = self.get("/livestream/ann/")
        self.assertContains(answer, 'data-live="false"')
        self.assertContains(answer, ">2 min ago</time>; these are live:")
        self.assertContains(answer, "data-instead", count=1)
        self.assertContains(answer, 'href="/livestream/ben/"')
