"""The home page and its fragment, for those who are logged in."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from tests.factories import (
    make_activity,
    make_promise,
    make_streamer,
    make_subscription,
    make_user,
    make_want,
)

HOSTILE = '<script>alert("1")</script> {{ 1 }} \u202eغرفة 🎮'


class HomeTests(TestCase):
    url = "/home/"

    def setUp(self) -> None:
        self.viewer = make_user()
        self.client.force_login(self.viewer)

    def test_who_is_logged_out_is_led_to_the_login(self) -> None:
        self.client.logout()
        self.assertRedirects(
            self.client.get(self.url), "/accounts/login/?next=/home/", fetch_redirect_response=False
        )

    def test_only_get(self) -> None:
        assert self.client.post(self.url).status_code == 405

    def test_empty_page_says_what_to_do(self) -> None:
        answer = self.client.get(self.url)
        self.assertContains(answer, "Nobody is watched yet")
        self.assertContains(answer, "Nothing has happened yet")
        self.assertContains(answer, 'data-cursor="0"')
        self.assertContains(answer, 'type="search"')
        self.assertNotContains(answer, "data-activity-id=")

    def test_shows_panel_and_activities(self) -> None:
        streamer = make_streamer(login="ann", display_name="Ann", live_stream_id="s1")
        make_subscription(user=self.viewer, streamer=streamer)
        activity = make_activity(streamer=streamer)
        answer = self.client.get(self.url)
        self.assertContains(answer, f'data-activity-id="{activity.pk}"')
        self.assertContains(answer, 'data-kind="online"')
        self.assertContains(answer, 'data-streamer="ann"', count=2)
        self.assertContains(answer, 'data-tile="live" data-count="1"')
        assert answer.context["panel"].total == 1

    def test_cursor_is_the_highest_id_on_the_page(self) -> None:
        streamer = make_subscription(user=self.viewer).streamer
        now = timezone.now()
        make_activity(streamer=streamer, occurred_at=now)
        late = make_activity(streamer=streamer, occurred_at=now - timedelta(hours=1))
        make_activity()
        self.assertContains(self.client.get(self.url), f'data-cursor="{late.pk}"')

    def test_hides_what_an_outsider_watches(self) -> None:
        theirs = make_subscription(streamer=make_streamer(login="theirs")).streamer
        make_activity(streamer=theirs)
        answer = self.client.get(self.url)
        self.assertNotContains(answer, "theirs")
        self.assertNotContains(answer, "data-activity-id=")

    def test_cost_does_not_grow_with_rows(self) -> None:
        for _ in range(30):
            subscription = make_subscription(user=self.viewer)
            make_want(subscription=subscription)
            make_promise(subject_id=subscription.streamer.twitch_id)
            for _ in range(3):
                make_activity(streamer=subscription.streamer)
        # session, viewer; streamers, activities; subscriptions, ended consents, wants,
        # promises
        with self.assertNumQueries(8):
            answer = self.client.get(self.url)
        self.assertContains(answer, "data-activity-id=", count=10)
        self.assertContains(answer, "data-subscription-id=", count=30)

    def test_is_kept_by_no_cache(self) -> None:
        assert "no-store" in self.client.get(self.url)["Cache-Control"]


class ActivityRowsTests(TestCase):
    url = "/activity/rows/"

    def setUp(self) -> None:
        self.viewer = make_user()
        self.streamer = make_subscription(user=self.viewer).streamer
        self.client.force_login(self.viewer)

    def test_who_is_logged_out_gets_a_whole_page(self) -> None:
        """By which static/js/page.js knows it from a fragment."""
        self.client.logout()
        answer = self.client.get(self.url, follow=True)
        assert answer.redirect_chain == [("/accounts/login/?next=/activity/rows/", 302)]
        assert answer.content.lstrip().lower().startswith(b"<!doctype")

    def test_who_is_logged_out_and_asks_by_script_gets_no_fragment(self) -> None:
        self.client.logout()
        answer = self.client.get(
            self.url, follow=True, headers={"X-Requested-With": "XMLHttpRequest"}
        )
        is_page = answer.content.lstrip().lower().startswith(b"<!doctype")
        assert answer.status_code in (401, 403) or is_page or "html" not in answer["Content-Type"]

    def test_only_get(self) -> None:
        assert self.client.post(self.url).status_code == 405

    def test_is_a_fragment_of_the_ten_newest(self) -> None:
        for _ in range(12):
            make_activity(streamer=self.streamer)
        # session, viewer, streamers, activities
        with self.assertNumQueries(4):
            answer = self.client.get(self.url)
        assert answer.content.lstrip().startswith(b"<ol")
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        self.assertContains(answer, "data-activity-id=", count=10)

    def test_hides_what_an_outsider_watches(self) -> None:
        make_activity(streamer=make_subscription().streamer)
        self.assertNotContains(self.client.get(self.url), "data-activity-id=")

    def test_hides_a_streamer_after_unsubscribing(self) -> None:
        make_activity(streamer=self.streamer)
        self.assertContains(self.client.get(self.url), "data-activity-id=", count=1)
        self.viewer.subscription_set.all().delete()
        self.assertNotContains(self.client.get(self.url), "data-activity-id=")

    def test_hostile_words_are_only_words(self) -> None:
        make_activity(streamer=self.streamer, details={"title": HOSTILE, "category": HOSTILE})
        answer = self.client.get(self.url)
        self.assertNotContains(answer, "<script")
        self.assertContains(answer, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; {{ 1 }}")
        self.assertContains(answer, "غرفة 🎮")
