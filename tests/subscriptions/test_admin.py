"""The admin shows the app's models, and lets nobody change them there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.test import TestCase
from django.utils import timezone

from tests.factories import make_promise, make_streamer, make_subscription, make_user, make_want

MODELS = ("streamer", "subscription", "eventsubwant", "eventsubsubscription")


class AdminTests(TestCase):
    def setUp(self) -> None:
        subscription = make_subscription()
        self.rows = {
            "streamer": subscription.streamer,
            "subscription": subscription,
            "eventsubwant": make_want(subscription=subscription),
            "eventsubsubscription": make_promise(subject_id=subscription.streamer.twitch_id),
        }

    def test_an_operator_sees_lists_and_rows(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        for model, row in self.rows.items():
            with self.subTest(model=model):
                url = f"/admin/subscriptions/{model}/"
                assert self.client.get(url, {"q": "x"}).status_code == 200
                assert self.client.get(url).status_code == 200
                assert self.client.get(f"{url}{row.pk}/change/").status_code == 200

    def test_nobody_adds_changes_or_deletes(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        for model, row in self.rows.items():
            with self.subTest(model=model):
                url = f"/admin/subscriptions/{model}/"
                assert self.client.get(f"{url}add/").status_code == 403
                assert self.client.post(f"{url}{row.pk}/change/", {}).status_code == 403
                assert self.client.post(f"{url}{row.pk}/delete/", {}).status_code == 403

    def test_a_viewer_is_no_operator(self) -> None:
        self.client.force_login(make_user())
        for model in MODELS:
            assert self.client.get(f"/admin/subscriptions/{model}/").status_code in (302, 403)


class PromiseAdminTests(TestCase):
    url = "/admin/subscriptions/eventsubsubscription/"

    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        self.subscription = make_subscription(streamer=make_streamer(login="carla_plays"))
        self.subject = self.subscription.streamer.twitch_id
        make_want(subscription=self.subscription)
        make_want(subscription=make_subscription(), condition_key=self.key, subject_id=self.subject)
        self.promise = make_promise(subject_id=self.subject, cost=1)

    @property
    def key(self) -> str:
        return f"broadcaster_user_id={self.subject}"

    def listed(self, **query: str) -> list[Any]:
        page = self.client.get(self.url, query)
        return list(page.context["cl"].result_list)

    def test_it_shows_whom_it_is_about_and_how_many_want_it(self) -> None:
        for url in (self.url, f"{self.url}{self.promise.pk}/change/"):
            page = self.client.get(url)
            self.assertContains(page, "carla_plays")
        self.assertContains(self.client.get(self.url), '<td class="field-viewers">2</td>')

    def test_it_is_found_by_login_and_both_ids(self) -> None:
        make_promise(subject_id="another")
        for words in ("Carla_Plays", self.subject, self.promise.twitch_id):
            assert self.listed(q=words) == [self.promise], words
        assert self.listed(q="nobody_here") == []

    def test_filters(self) -> None:
        later = timezone.now() + timedelta(minutes=5)
        rows = {
            "trouble": make_promise(subject_id="1", trouble="x", status="", due_at=later),
            "pending": make_promise(
                subject_id="2", status="webhook_callback_verification_pending", due_at=later
            ),
            "polled": make_promise(subject_id="3", has_place=False, status="", due_at=later),
        }
        type(self.promise).objects.filter(pk=self.promise.pk).update(due_at=None)
        for state, row in {**rows, "enabled": self.promise, "due": self.promise}.items():
            assert self.listed(state=state) == [row], state
        unwanted = {row.pk for row in self.listed(state="unwanted")}
        assert unwanted == {row.pk for row in rows.values()}
        assert len(self.listed(type="stream.online")) == 4
        assert self.listed(type="channel.raid") == []

    def test_a_page_costs_the_same_for_many(self) -> None:
        for _ in range(30):
            make_promise(subject_id=make_streamer().twitch_id)
        # Session, user, count, rows; viewers, logins; the last messages (2).
        with self.assertNumQueries(8):
            self.client.get(self.url)

    def test_reconcile_now_is_for_the_streamers_of_the_rows(self) -> None:
        make_promise(subject_id=self.subject, type="stream.offline")
        make_promise(subject_id="another")
        rows = [row.pk for row in self.listed(q="carla_plays")]
        for _ in range(2):
            with (
                mock.patch("streamwatch.queue._publish") as publish,
                self.captureOnCommitCallbacks(execute=True),
            ):
                page = self.client.post(
                    self.url,
                    {"action": "reconcile_now", "_selected_action": rows},
                    follow=True,
                )
            self.assertContains(page, "1 streamer is being reconciled with Twitch.")
            assert [call.args[1] for call in publish.call_args_list] == [(self.subject,)]
        self.promise.refresh_from_db()
        assert self.promise.due_at is not None
        assert self.promise.due_at <= timezone.now()
