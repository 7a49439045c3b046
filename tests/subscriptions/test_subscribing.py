"""POST /streamers/<login>/verify/, and the verb behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError
from django.test import Client, TestCase
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.twitch.errors import TwitchUnavailable
from streamwatch.twitch.payloads import ChannelInformation, LiveStream, Profile
from subscriptions import tasks
from subscriptions.models import EventSubWant, Streamer, Subscription
from subscriptions.subscribing import (
    AnotherAccount,
    StreamerNotFound,
    SubscriptionNotFound,
    subscribe,
    unsubscribe,
)
from tests.factories import make_streamer, make_subscription, make_user
from tests.subscriptions.twitch_here import ADA, AJAX, EMIL, HANA, person, twitch_here

URL = "/streamers/ada_streams/verify/"
WANTED = {
    ("stream.online", f"broadcaster_user_id={ADA}"),
    ("stream.offline", f"broadcaster_user_id={ADA}"),
    ("channel.update", f"broadcaster_user_id={ADA}"),
    ("channel.raid", f"from_broadcaster_user_id={ADA}"),
    ("channel.raid", f"to_broadcaster_user_id={ADA}"),
    ("user.update", f"user_id={ADA}"),
}


def said(answer: Any) -> list[str]:
    """The messages of a redirect."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


class SubscribeByFormTests(TestCase):
    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        self.viewer = make_user()
        self.client.force_login(self.viewer)

    def post(self, *, twitch_id: str = ADA, url: str = URL, **headers: str) -> Any:
        return self.client.post(url, {"twitch_id": twitch_id}, headers=headers or AJAX)

    def test_answers_a_script_with_the_rows(self) -> None:
        make_subscription(user=self.viewer)
        answer = self.post()
        assert answer.status_code == 201
        self.assertTemplateUsed(answer, "subscriptions/_rows.html")
        self.assertTemplateNotUsed(answer, "base.html")
        self.assertContains(answer, 'data-streamer="ada_streams"', status_code=201)
        self.assertContains(answer, "data-subscription-id", count=2, status_code=201)
        self.assertContains(answer, "Waiting for Twitch", status_code=201)

    def test_sends_a_browser_home_with_a_message(self) -> None:
        answer = self.client.post(URL, {"twitch_id": ADA})
        self.assertRedirects(answer, "/home/", fetch_redirect_response=False)
        assert said(answer) == ["Subscribed to Ada_Streams"]

    def test_twice_is_harmless_and_says_so(self) -> None:
        self.post()
        again = self.post()
        self.assertContains(again, "You are already subscribed to Ada_Streams.")
        self.assertContains(again, "data-verify-close")
        browser = self.client.post(URL, {"twitch_id": ADA})
        self.assertRedirects(browser, "/home/", fetch_redirect_response=False)
        assert said(browser) == ["You are already subscribed to Ada_Streams."]
        assert Subscription.objects.count() == 1
        assert EventSubWant.objects.count() == 6

    def test_who_is_subscribed_already_needs_no_answer_of_twitch(self) -> None:
        self.post()
        self.simulator.control.fault("helix_down", count=99)
        answer = self.post()
        self.assertContains(answer, "You are already subscribed", status_code=503)

    def test_a_visitor_subscribes_to_nobody(self) -> None:
        self.client.logout()
        answer = self.post()
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert not Subscription.objects.exists()

    def test_a_form_of_another_site_is_refused(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.viewer)
        assert client.post(URL, {"twitch_id": ADA}).status_code == 403
        assert not Subscription.objects.exists()

    def test_the_pages_own_form_is_accepted(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.viewer)
        page = client.get(URL)
        token = page.context["csrf_token"]
        form = {"twitch_id": ADA, "csrfmiddlewaretoken": str(token)}
        assert client.post(URL, form).status_code == 302
        assert Subscription.objects.count() == 1

    def test_a_login_that_changed_hands_is_verified_again(self) -> None:
        person(self.simulator, ADA, login="ada_lives")
        person(self.simulator, HANA, login="ada_streams")
        for headers in (AJAX, {}):
            answer = self.client.post(URL, {"twitch_id": ADA}, headers=headers)
            self.assertContains(answer, "belongs to another account now", status_code=409)
            self.assertContains(answer, f'value="{HANA}"', status_code=409)
        assert not Subscription.objects.exists()

    def test_a_streamer_renamed_meanwhile_is_verified_by_the_new_name(self) -> None:
        make_streamer(twitch_id=ADA, login="ada_streams")
        person(self.simulator, ADA, login="ada_lives")
        answer = self.post()
        self.assertContains(answer, "ada_streams is now called ada_lives.", status_code=409)
        self.assertContains(answer, 'action="/streamers/ada_lives/verify/"', status_code=409)
        assert not Subscription.objects.exists()

    def test_a_streamer_banned_meanwhile_is_unknown(self) -> None:
        person(self.simulator, ADA, gone=1)
        self.assertContains(self.post(), "knows no channel", status_code=404)
        assert not Subscription.objects.exists()

    def test_without_saying_which_account_was_shown_it_is_verified_again(self) -> None:
        for twitch_id in ("", "9" * 33, "\x00", "  "):
            with self.subTest(twitch_id=twitch_id):
                answer = self.post(twitch_id=twitch_id)
                self.assertContains(answer, "Check that this is the right one", status_code=422)
                self.assertContains(answer, f'value="{ADA}"', status_code=422)
        assert not Subscription.objects.exists()

    def test_odd_ids_do_no_harm(self) -> None:
        for twitch_id in ("😀", "-1", "1 OR 1=1", "<b>", "0" * 32):
            with self.subTest(twitch_id=twitch_id):
                answer = self.post(twitch_id=twitch_id)
                assert answer.status_code == 409
                self.assertNotContains(answer, 'value="<b>', status_code=409)

    def test_says_when_twitch_is_down_and_writes_nothing(self) -> None:
        for path in ("/helix/users", "/helix/channels", "/helix/streams"):
            for headers in (AJAX, {}):
                with self.subTest(path=path, headers=headers):
                    self.simulator.control.fault("helix_down", path=path)
                    answer = self.client.post(URL, {"twitch_id": ADA}, headers=headers)
                    self.assertContains(answer, "Twitch gives no answer", status_code=503)
        assert not Streamer.objects.exists()
        assert not Subscription.objects.exists()

    def test_ones_own_channel_may_be_watched(self) -> None:
        self.client.force_login(make_user(twitch_id=ADA))
        assert self.post().status_code == 201

    def test_has_the_streamer_reconciled_after_the_commit(self) -> None:
        with patch.object(tasks.reconcile_streamer, "apply_async") as task:
            with self.captureOnCommitCallbacks(execute=False) as callbacks:
                self.post()
            task.assert_not_called()
            callbacks[0]()
            assert task.call_args.args == ((ADA,),)

    def test_a_broker_that_is_away_is_not_noticed(self) -> None:
        away = patch.object(tasks.reconcile_streamer, "apply_async", side_effect=OSError("away"))
        with away, self.captureOnCommitCallbacks(execute=True):
            assert self.post().status_code == 201
        assert EventSubWant.objects.count() == 6


class SubscribeTests(TestCase):
    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(twitch_here())
        self.viewer = make_user()

    def subscribe(self, **fields: Any) -> Subscription:
        values = {"user": self.viewer, "login": "ada_streams", "twitch": helix(), **fields}
        return subscribe(**values)

    def test_writes_the_wants_of_the_subscription(self) -> None:
        subscription = self.subscribe()
        wants = EventSubWant.objects.filter(owner_kind="subscription", owner_id=subscription.pk)
        assert {(want.type, want.condition_key) for want in wants} == WANTED
        assert {want.subject_id for want in wants} == {ADA}
        raid = wants.get(condition_key=f"to_broadcaster_user_id={ADA}")
        assert raid.condition == {"to_broadcaster_user_id": ADA}

    def test_takes_the_first_snapshot(self) -> None:
        self.simulator.control.event(
            "channel.update", "ada_streams", title="hello 👋", category="Chess"
        )
        self.simulator.control.event("stream.online", "ada_streams")
        before = timezone.now()
        streamer = self.subscribe().streamer
        assert (streamer.twitch_id, streamer.login) == (ADA, "ada_streams")
        assert streamer.display_name == "Ada_Streams"
        assert streamer.picture_url.startswith(self.simulator.url)
        assert streamer.title == "hello 👋"
        assert (streamer.category_id, streamer.category_name) == ("743", "Chess")
        assert streamer.is_live
        assert streamer.live_started_at is not None
        for name in ("name", "live", "title", "category"):
            assert before <= getattr(streamer, f"{name}_as_of") <= timezone.now()

    def test_the_snapshot_of_a_watched_streamer_is_left_to_the_messages(self) -> None:
        old = make_streamer(twitch_id=ADA, login="ada_streams", title="as told by a message")
        make_subscription(streamer=old)
        self.simulator.control.fault("helix_down", path="/helix/channels")
        assert self.subscribe().streamer.title == "as told by a message"

    def test_what_nobody_watched_is_taken_anew(self) -> None:
        newer = timezone.now() + timedelta(minutes=1)
        old = make_streamer(
            twitch_id=ADA,
            login="ada_was",
            live_stream_id="of last year",
            title="newer than the answer",
            title_as_of=newer,
        )
        self.simulator.control.event("stream.offline", "ada_streams")
        streamer = self.subscribe().streamer
        assert streamer.pk == old.pk
        assert (streamer.login, streamer.is_live) == ("ada_streams", False)
        assert (streamer.title, streamer.title_as_of) == ("newer than the answer", newer)
        assert streamer.changed_at > old.changed_at

    def test_unknown_and_exchanged_logins_are_told_apart(self) -> None:
        with self.assertRaises(StreamerNotFound):
            self.subscribe(login="nobody_here")
        with self.assertRaises(AnotherAccount):
            self.subscribe(twitch_id=EMIL)
        assert not Streamer.objects.exists()

    def test_twitch_away_is_raised_and_nothing_written(self) -> None:
        self.simulator.control.fault("helix_down", path="/helix/streams")
        with self.assertRaises(TwitchUnavailable):
            self.subscribe()
        assert not Streamer.objects.exists()

    def test_hostile_answers_are_cut_to_their_columns(self) -> None:
        long = "\N{MATHEMATICAL FRAKTUR CAPITAL U}" * 600
        profile = Profile(ADA, "ada_streams", long, "", f"http://x/{long}", "", None)
        channel = ChannelInformation(ADA, "ada_streams", long, long, "9" * 99, long)
        stream = LiveStream("8" * 99, ADA, None, "", "", "", 0)
        with (
            patch.object(helix(), "profiles", return_value=[profile]),
            patch.object(helix(), "channels", return_value=[channel]),
            patch.object(helix(), "live_streams", return_value=[stream]),
        ):
            streamer = self.subscribe().streamer
        streamer.refresh_from_db()
        assert len(streamer.display_name) == 100
        assert len(streamer.title) == 500
        assert streamer.picture_url == ""
        assert len(streamer.live_stream_id) == 64

    def test_a_channel_without_a_display_name_is_called_by_its_login(self) -> None:
        person(self.simulator, ADA, name="")
        assert self.subscribe().streamer.display_name == "ada_streams"


class UnsubscribeTests(TestCase):
    def setUp(self) -> None:
        self.viewer = make_user()
        self.client.force_login(self.viewer)
        self.streamer = make_streamer(twitch_id=ADA, display_name="<b>Ada</b> رامي")
        self.mine = make_subscription(user=self.viewer, streamer=self.streamer)
        self.theirs = make_subscription(streamer=self.streamer)
        self.url = f"/streamers/{self.mine.pk}/unsubscribe/"

    def test_asks_first(self) -> None:
        answer = self.client.get(self.url)
        self.assertContains(answer, "Are you sure?")
        self.assertContains(answer, "&lt;b&gt;Ada&lt;/b&gt; رامي")
        assert Subscription.objects.count() == 2

    def test_answers_a_script_with_the_rows(self) -> None:
        other = make_subscription(user=self.viewer)
        answer = self.client.post(self.url, headers=AJAX)
        assert answer.status_code == 200
        self.assertTemplateNotUsed(answer, "base.html")
        self.assertContains(answer, "data-subscription-id", count=1)
        self.assertContains(answer, f'data-subscription-id="{other.pk}"')

    def test_sends_a_browser_home_with_a_message(self) -> None:
        answer = self.client.post(self.url)
        self.assertRedirects(answer, "/home/", fetch_redirect_response=False)
        assert said(answer) == ["Unsubscribed from <b>Ada</b> رامي"]

    def test_leaves_the_streamer_and_what_others_want(self) -> None:
        for subscription in (self.mine, self.theirs):
            EventSubWant.objects.create(
                type="stream.online",
                condition={},
                condition_key="x",
                subject_id=ADA,
                owner_kind="subscription",
                owner_id=subscription.pk,
            )
        self.client.post(self.url, headers=AJAX)
        assert [one.pk for one in Subscription.objects.all()] == [self.theirs.pk]
        assert [one.owner_id for one in EventSubWant.objects.all()] == [self.theirs.pk]
        assert Streamer.objects.filter(pk=self.streamer.pk).exists()

    def test_somebody_elses_is_not_found(self) -> None:
        url = f"/streamers/{self.theirs.pk}/unsubscribe/"
        for answer in (
            self.client.get(url), self.client.post(url), self.client.post(url, headers=AJAX),
        ):  # fmt: skip
            assert answer.status_code == 404
        assert Subscription.objects.count() == 2

    def test_unknown_ids_are_not_found(self) -> None:
        for pk in ("0", "999999", "9" * 30, "9" * 5000, "-1", "x", "\N{FULLWIDTH DIGIT ONE}"):
            with self.subTest(pk=pk):
                assert self.client.post(f"/streamers/{pk}/unsubscribe/").status_code == 404

    def test_a_second_time_is_not_found(self) -> None:
        self.client.post(self.url)
        assert self.client.post(self.url, headers=AJAX).status_code == 404
        with pytest.raises(SubscriptionNotFound):
            unsubscribe(user=self.viewer, subscription_id=self.mine.pk)

    def test_one_ended_in_another_tab_meanwhile_is_not_found(self) -> None:
        gone = patch("subscriptions.views.end_subscription", side_effect=SubscriptionNotFound)
        with gone:
            assert self.client.post(self.url, headers=AJAX).status_code == 404

    def test_a_visitor_is_sent_to_the_login(self) -> None:
        self.client.logout()
        for answer in (self.client.get(self.url), self.client.post(self.url, headers=AJAX)):
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/login/")
        assert Subscription.objects.count() == 2

    def test_a_form_of_another_site_is_refused(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.viewer)
        assert client.post(self.url).status_code == 403
        assert Subscription.objects.count() == 2

    def test_has_the_streamer_reconciled_after_the_commit(self) -> None:
        with (
            patch.object(tasks.reconcile_streamer, "apply_async") as task,
            self.captureOnCommitCallbacks(execute=True),
        ):
            self.client.post(self.url)
        assert task.call_args.args == ((ADA,),)

    def test_a_viewer_with_subscriptions_can_still_be_deleted(self) -> None:
        try:
            self.viewer.delete()
        except IntegrityError:
            self.fail("the viewer's subscriptions go with the viewer")
        assert [one.pk for one in Subscription.objects.all()] == [self.theirs.pk]
