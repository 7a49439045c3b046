"""What the admin shows of viewers, and what it never shows."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AppToken, Grant, OperatorBinding
from subscriptions.models import Subscription
from tests.factories import make_subscription, make_user

GRANTS = "/admin/accounts/grant/"
LISTS = ["user", "grant", "operatorbinding", "apptoken"]


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db")
class AdminTests(TestCase):
    def setUp(self) -> None:
        self.operator = make_user(is_staff=True, is_superuser=True, login="ada_streams")
        now = timezone.now()
        self.grant = Grant.objects.create(
            user=self.operator, access_token="secret-access", refresh_token="secret-refresh"
        )
        self.app_token = AppToken.objects.create(
            client_id="c", token="secret-app", expires_at=now + timedelta(days=1), renewed_at=now
        )
        OperatorBinding.objects.create(login="ada_streams", twitch_id="1", source="setting")
        self.client.force_login(self.operator)

    def test_the_page_that_deletes_a_viewer_shows_no_token(self) -> None:
        page = self.client.get(f"/admin/accounts/user/{self.operator.pk}/delete/")
        self.assertNotContains(page, "secret-")

    def pages(self) -> list[str]:
        lists = [f"/admin/accounts/{name}/" for name in LISTS]
        return [
            *lists,
            f"/admin/accounts/user/{self.operator.pk}/change/",
            f"/admin/accounts/grant/{self.grant.pk}/change/",
            f"/admin/accounts/apptoken/{self.app_token.pk}/change/",
        ]

    def test_no_page_shows_a_token(self) -> None:
        for url in self.pages():
            page = self.client.get(url)
            self.assertNotContains(page, "secret-")
            self.assertNotContains(page, "gAAAA")

    def test_pages_are_shown_when_the_key_of_a_token_is_gone(self) -> None:
        with override_settings(
            FIELD_ENCRYPTION_KEYS=["MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="]
        ):
            for url in self.pages():
                assert self.client.get(url).status_code == 200, url

    def test_viewers_are_found_by_login_and_twitch_id(self) -> None:
        bob = make_user(login="bob_watches", twitch_id="700000002")
        for words in ("bob_wat", "700000002"):
            page = self.client.get("/admin/accounts/user/", {"q": words})
            self.assertContains(page, bob.login)
            self.assertNotContains(page, f"/admin/accounts/user/{self.operator.pk}/")

    def test_a_viewer_can_be_switched_off_and_nothing_else_changed(self) -> None:
        bob = make_user(login="bob_watches")
        form = {"is_superuser": "on", "is_staff": "on", "twitch_id": "1", "password": "x"}
        url = f"/admin/accounts/user/{bob.pk}/change/"
        assert self.client.post(url, form).status_code == 302
        twitch_id, password = bob.twitch_id, bob.password
        bob.refresh_from_db()
        assert (bob.is_active, bob.is_staff, bob.is_superuser) == (False, False, False)
        assert (bob.twitch_id, bob.password) == (twitch_id, password)

    def test_nothing_is_added_by_hand(self) -> None:
        for name in LISTS:
            assert self.client.get(f"/admin/accounts/{name}/add/").status_code == 403

    def test_a_viewer_can_be_deleted(self) -> None:
        bob = make_user()
        Grant.objects.create(user=bob)
        url = f"/admin/accounts/user/{bob.pk}/delete/"
        assert self.client.post(url, {"post": "yes"}).status_code == 302
        assert not Grant.objects.filter(user_id=bob.pk).exists()

    def test_a_viewer_is_deleted_with_all_that_is_the_viewers(self) -> None:
        bob = make_user()
        subscription = make_subscription(user=bob)
        url = f"/admin/accounts/user/{bob.pk}/delete/"
        self.assertNotContains(self.client.get(url), "permission to delete")
        assert self.client.post(url, {"post": "yes"}).status_code == 302
        assert not Subscription.objects.filter(pk=subscription.pk).exists()

    def test_a_grant_is_not_deleted_alone_but_a_binding_is(self) -> None:
        assert self.client.get(f"{GRANTS}{self.grant.pk}/delete/").status_code == 403
        binding = OperatorBinding.objects.get()
        url = f"/admin/accounts/operatorbinding/{binding.pk}/delete/"
        assert self.client.post(url, {"post": "yes"}).status_code == 302

    def test_pages_of_grants_do_not_even_read_tokens(self) -> None:
        for url in (GRANTS, f"{GRANTS}{self.grant.pk}/change/"):
            with CaptureQueriesContext(connection) as queries:
                assert self.client.get(url).status_code == 200
            read = [query["sql"] for query in queries if "accounts_grant" in query["sql"]]
            assert read != []
            assert not any("_token" in sql for sql in read)

    def test_a_grant_says_in_words_what_it_allows_and_how_it_ended(self) -> None:
        Grant.objects.update(
            scopes=["user:read:email", "odd:scope"], state="dead", ending="withdrawn"
        )
        for url in (GRANTS, f"{GRANTS}{self.grant.pk}/change/"):
            page = self.client.get(url)
            self.assertContains(page, "odd:scope; see your e-mail address")
            self.assertContains(page, "withdrawn in the settings")
        found = self.client.get(GRANTS, {"state__exact": "active"})
        self.assertNotContains(found, f"{GRANTS}{self.grant.pk}/")

    def test_what_is_always_empty_is_not_listed(self) -> None:
        page = self.client.get("/admin/")
        for words in ("socialaccount", "emailaddress", "/auth/group/"):
            self.assertNotContains(page, words)

    def test_outsiders_see_nothing(self) -> None:
        self.client.force_login(make_user())
        visitor = self.client_class()
        for url in self.pages():
            for client in (self.client, visitor):
                assert client.get(url).status_code == 302, url

    def test_lists_cost_the_same_for_many(self) -> None:
        for _ in range(30):
            Grant.objects.create(user=make_user())
        for name, queries in {"user": 4, "grant": 4}.items():
            with self.assertNumQueries(queries):  # session, user, count, rows
                self.client.get(f"/admin/accounts/{name}/")
