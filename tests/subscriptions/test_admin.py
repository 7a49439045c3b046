"""The admin shows the app's models, and lets nobody change them there."""

from __future__ import annotations

from django.test import TestCase

from tests.factories import make_promise, make_subscription, make_user, make_want

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
