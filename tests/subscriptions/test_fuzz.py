"""Whatever is sent: a clear answer, and never an error of ours. Twitch is away here (503)."""

from __future__ import annotations

import time
from urllib.parse import quote

import httpx
from django.test import Client, TestCase
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as ExamplesTestCase

from accounts.twitch import helix
from subscriptions.models import Subscription
from tests.factories import make_subscription, make_user
from tests.subscriptions.twitch_here import AJAX, twitch_here

ANYTHING = st.text(max_size=120) | st.from_regex(r"[a-z0-9_]{1,26}", fullmatch=True)
EXPECTED = {400, 404, 503}
BROWSER = Client()
few = settings(max_examples=25, deadline=None)


def in_address(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


class FuzzTests(ExamplesTestCase):
    def setup_example(self) -> None:
        """Each example has a transaction of its own; a browser of its own takes 0.1 s to load."""
        super().setup_example()  # type: ignore[no-untyped-call]  # of Django
        self.client = BROWSER
        self.client.force_login(make_user())

    @few
    @given(ANYTHING)
    def test_any_search_is_answered(self, q: str) -> None:
        answer = self.client.get(f"/streamers/search/?q={in_address(q)}", headers=AJAX)
        assert answer.status_code in {200, 400, 422, 503}, (q, answer.status_code)

    @few
    @given(ANYTHING)
    def test_any_name_is_answered(self, login: str) -> None:
        url = f"/streamers/{in_address(login)}/verify/"
        assert self.client.get(url).status_code in EXPECTED
        assert self.client.post(url, {"twitch_id": "1"}).status_code in EXPECTED

    @few
    @given(ANYTHING)
    def test_any_account_is_answered(self, twitch_id: str) -> None:
        answer = self.client.post("/streamers/ada/verify/", {"twitch_id": twitch_id})
        assert answer.status_code == 503
        assert not Subscription.objects.exists()

    @few
    @given(st.integers(), ANYTHING)
    def test_any_id_is_answered(self, pk: int, other: str) -> None:
        theirs = make_subscription()
        for one in (str(pk), other, str(theirs.pk)):
            for answer in (
                self.client.get(f"/streamers/{in_address(one)}/unsubscribe/"),
                self.client.post(f"/streamers/{in_address(one)}/unsubscribe/"),
            ):
                assert answer.status_code in {400, 404}, (one, answer.status_code)
        assert Subscription.objects.filter(pk=theirs.pk).exists()


class SlowTwitchTests(TestCase):
    def test_a_page_gives_up_on_a_twitch_that_does_not_answer(self) -> None:
        simulator, _ = self.enterContext(twitch_here(slow_seconds=1.0))
        self.client.force_login(make_user())
        helix()._http.timeout = httpx.Timeout(0.1)
        simulator.control.fault("helix_slow", count=9)
        for url in ("/streamers/search/?q=ada", "/streamers/ada_streams/verify/"):
            began = time.monotonic()
            answer = self.client.get(url, headers=AJAX)
            self.assertContains(answer, "Twitch gives no answer", status_code=503)
            assert time.monotonic() - began < 0.9
