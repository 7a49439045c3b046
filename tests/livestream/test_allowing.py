"""`/livestream/allow/`: scopes are added at Twitch, never lost, and one goes on where one was."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import TestCase

from accounts.models import FOLLOWERS, Grant
from accounts.scopes import WORDS
from livestream.allowing import ASKABLE, allow_url
from livestream.catalogue import KINDS
from tests.accounts.dance import Dancer, local_twitch

PLAIN = ["user:read:email", "user:read:follows"]
BACK = "/livestream/?topic=whispers.1"
# A link on a page of ours.
OURS = {"Sec-Fetch-Site": "same-origin"}


class AllowCase(TestCase):
    def setUp(self) -> None:
        self.enterContext(local_twitch())
        self.browser = Dancer()
        self.browser.log_in_as("ada_streams")

    def wish(self, *scopes: str, back: str = BACK) -> dict[str, str]:
        """What the browser is sent to Twitch with."""
        return self.asked(self.browser.get(allow_url(scopes, next=back), headers=OURS))

    def asked(self, answer: Any) -> dict[str, str]:
        assert answer["Location"].startswith(settings.TWITCH_AUTH_URL + "/authorize?")
        found = parse_qs(urlsplit(answer["Location"]).query)
        return {name: values[0] for name, values in found.items()}

    def granted(self) -> list[str]:
        return sorted(Grant.objects.get().scopes)

    def test_adds_the_scope_and_goes_on_where_it_was(self) -> None:
        answer = self.browser.get(self.browser.consent(self.wish("bits:read"), "ada_streams"))
        assert answer["Location"] == BACK
        assert self.granted() == sorted([*PLAIN, "bits:read"])

    def test_nothing_allowed_before_is_lost(self) -> None:
        for scope in ("bits:read", "user:read:whispers"):
            self.browser.get(self.browser.consent(self.wish(scope), "ada_streams"))
        assert self.granted() == sorted([*PLAIN, "bits:read", "user:read:whispers"])

    def test_what_another_tab_added_meanwhile_is_not_lost(self) -> None:
        first, second = self.wish("bits:read"), self.wish("user:read:whispers")
        self.browser.get(self.browser.consent(first, "ada_streams"))
        both = self.asked(self.browser.get(self.browser.consent(second, "ada_streams")))
        answer = self.browser.get(self.browser.consent(both, "ada_streams"))
        assert answer["Location"] == BACK
        assert self.granted() == sorted([*PLAIN, "bits:read", "user:read:whispers"])

    def test_a_no_goes_on_where_it_was_and_says_so(self) -> None:
        answer = self.browser.get(self.browser.consent(self.wish("bits:read")))
        assert answer["Location"] == BACK
        assert self.granted() == PLAIN
        self.assertContains(self.browser.get("/home/"), "nothing more was allowed")

    def test_what_is_allowed_already_is_not_asked_for(self) -> None:
        answer = self.browser.get(allow_url(PLAIN, next=BACK))
        assert answer["Location"] == BACK

    def test_only_what_topics_need_can_be_asked_for(self) -> None:
        scopes = self.wish("bits:read", "channel:manage:broadcast", "x")["scope"].split()
        assert sorted(scopes) == sorted([*PLAIN, "bits:read"])
        answer = self.browser.get(allow_url(["channel:manage:broadcast"], next=BACK))
        assert answer["Location"] == BACK

    def test_leads_to_no_other_site(self) -> None:
        for back in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "", "\x01"):
            answer = self.browser.get(allow_url([], next=back))
            assert answer["Location"] == "/home/"

    def test_a_word_is_no_address(self) -> None:
        for back in ("foo", "watch", "settings", "./", "?a"):
            answer = self.browser.get(allow_url([], next=back))
            assert (answer.status_code, answer["Location"]) == (302, "/home/")

    def test_of_scopes_that_do_the_same_the_narrowest(self) -> None:
        foreign = ("channel:manage:ads", "user:manage:whispers", "moderator:manage:banned_users")
        asked = self.wish("bits:read", *foreign)["scope"].split()
        assert sorted(asked) == sorted([*PLAIN, "bits:read"])
        assert {one for kind in KINDS for one in kind.scopes} <= ASKABLE

    def test_all_that_can_be_asked_for_has_words(self) -> None:
        assert WORDS.keys() >= ASKABLE

    def test_a_link_elsewhere_leads_to_a_page_that_says_what_is_asked(self) -> None:
        url = allow_url(["user:read:whispers"], next=BACK)
        for site in ("cross-site", "same-site", "none", ""):
            page = self.browser.get(url, headers={"Sec-Fetch-Site": site} if site else {})
            self.assertContains(page, "read whispers to you")
            self.assertNotContains(page, "Others see it too")
        asked = self.asked(self.browser.post(url))["scope"].split()
        assert sorted(asked) == sorted([*PLAIN, "user:read:whispers"])

    def test_nonsense_is_no_error(self) -> None:
        answer = self.browser.get("/livestream/allow/", {"scopes": "x" * 5000, "next": "y" * 5000})
        assert answer["Location"] == "/home/"
        assert self.browser.get("/livestream/allow/")["Location"] == "/home/"

    def test_what_others_will_see_is_said_before(self) -> None:
        url = allow_url([FOLLOWERS], next=BACK)
        self.assertContains(self.browser.get(url), "Others see it too")
        self.assertContains(self.browser.get(url, headers=OURS), "Others see it too")
        wish = self.asked(self.browser.post(url))
        back = self.browser.get(self.browser.consent(wish, "ada_streams"))
        assert back["Location"] == BACK
        assert self.granted() == sorted([*PLAIN, FOLLOWERS])

    def test_a_visitor_logs_in_first(self) -> None:
        answer = Dancer().get(allow_url(["bits:read"], next=BACK))
        assert answer["Location"].startswith("/accounts/login/?next=/livestream/allow/")
