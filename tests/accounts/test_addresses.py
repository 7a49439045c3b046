"""Every address that allauth brings along: reachable or not, styled, and never a 5xx."""

from __future__ import annotations

from django.test import TestCase
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import make_user

PREFIX = "accounts/"
# Address: what a visitor is answered with, and a viewer.
ANSWERS = {
    "/accounts/login/": ("page 200", "to /home/"),
    "/accounts/logout/": ("to /", "page 200"),
    "/accounts/inactive/": ("page 200", "page 200"),
    "/accounts/3rdparty/": (
        "to /accounts/login/?next=/accounts/3rdparty/",
        "page 200",
    ),
    "/accounts/3rdparty/login/cancelled/": ("page 200", "page 200"),
    "/accounts/3rdparty/login/error/": ("page 401", "page 401"),
    "/accounts/3rdparty/signup/": ("to /accounts/login/", "to /accounts/login/"),
    "/accounts/social/login/cancelled/": 2 * ("to /accounts/3rdparty/login/cancelled/",),
    "/accounts/social/login/error/": 2 * ("to /accounts/3rdparty/login/error/",),
    "/accounts/social/signup/": 2 * ("to /accounts/3rdparty/signup/",),
    "/accounts/social/connections/": 2 * ("to /accounts/3rdparty/",),
    "/accounts/twitch/login/": ("page 200", "page 200"),
    "/accounts/twitch/login/callback/": ("page 400", "page 400"),
}
NOT_THERE = [
    *("/accounts/", "/accounts/signup/", "/accounts/email/", "/accounts/confirm-email/"),
    *("/accounts/confirm-email/x/", "/accounts/password/change/", "/accounts/password/set/"),
    *("/accounts/password/reset/", "/accounts/reauthenticate/", "/accounts/login/code/"),
    *("/accounts/google/login/", "/accounts/2fa/", "/accounts/sessions/"),
]


def addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[str]:
    """All addresses below `patterns`."""
    found = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += addresses(pattern.url_patterns, path)
        else:
            found.append(f"/{path}")
    return found


class AddressTests(TestCase):
    def seen(self, url: str) -> str:
        answer = self.client.get(url)
        if answer.status_code in (301, 302):
            return f"to {answer['Location']}"
        self.assertContains(answer, 'class="skip-link"', status_code=answer.status_code)
        return f"page {answer.status_code}"

    def test_the_table_has_every_address_that_allauth_brings(self) -> None:
        below = [url for url in addresses(get_resolver().url_patterns) if PREFIX in url[:10]]
        assert sorted(below) == sorted(ANSWERS)

    def test_a_visitor(self) -> None:
        assert {url: self.seen(url) for url in ANSWERS} == {
            url: visitor for url, (visitor, _) in ANSWERS.items()
        }

    def test_a_viewer(self) -> None:
        self.client.force_login(make_user())
        assert {url: self.seen(url) for url in ANSWERS} == {
            url: viewer for url, (_, viewer) in ANSWERS.items()
        }

    def test_no_method_and_no_form_breaks_one(self) -> None:
        form = {"login": "x", "password": "y", "email": "z@example.com", "account": "7"}
        for user in (None, make_user()):
            for url in ANSWERS:
                if user:
                    self.client.force_login(user)
                for method in ("post", "put", "patch", "delete", "head", "options"):
                    answer = getattr(self.client, method)(url, form if method == "post" else None)
                    assert answer.status_code < 500, (url, method)
                ajax = self.client.post(url, form, headers={"x-requested-with": "XMLHttpRequest"})
                assert ajax.status_code < 500, url

    def test_the_others_do_not_exist(self) -> None:
        for url in NOT_THERE:
            assert self.client.get(url).status_code == 404, url


class LogoutTests(TestCase):
    def test_asks_first(self) -> None:
        self.client.force_login(make_user())
        self.assertContains(self.client.get("/accounts/logout/"), "Log out?")
        assert self.client.get("/home/").status_code == 200

    def test_ends_this_session_and_no_other(self) -> None:
        user = make_user()
        other = self.client_class()
        self.client.force_login(user)
        other.force_login(user)
        answer = self.client.post("/accounts/logout/")
        self.assertRedirects(answer, "/")
        self.assertRedirects(self.client.get("/home/"), "/accounts/login/?next=/home/")
        assert other.get("/home/").status_code == 200

    def test_leads_nowhere_else(self) -> None:
        self.client.force_login(make_user())
        answer = self.client.post("/accounts/logout/?next=https://evil.example/")
        assert answer["Location"] == "/"

    def test_needs_the_token_of_its_form(self) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        client.force_login(make_user())
        assert client.post("/accounts/logout/").status_code == 403
        assert client.get("/home/").status_code == 200

    def test_of_a_visitor_is_harmless(self) -> None:
        self.assertRedirects(self.client.post("/accounts/logout/"), "/")
