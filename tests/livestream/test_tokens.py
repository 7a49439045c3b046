"""`/settings/tokens/`: shown once, known by a hash, revoked by its viewer alone."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import TestCase
from django.utils import timezone

from livestream import tokens
from livestream.models import AccessToken
from livestream.tokens import TooManyTokens, make_token, revoke_token, token_of
from tests.factories import make_user

URL = "/settings/tokens/"


class PageTests(TestCase):
    def setUp(self) -> None:
        self.viewer, self.outsider = make_user(), make_user()
        self.client.force_login(self.viewer)

    def make(self, **data: str) -> str:
        page = self.client.post(URL, {"name": "alerts", "days": "30", **data})
        assert page.status_code == 200
        return str(page.context["text"])

    def test_a_visitor_logs_in_first(self) -> None:
        self.client.logout()
        assert self.client.get(URL)["Location"] == f"/accounts/login/?next={URL}"

    def test_is_shown_once(self) -> None:
        text = self.make()
        assert text.startswith("swt_")
        page = self.client.get(URL)
        self.assertNotContains(page, text)
        self.assertContains(page, text[:10])
        self.assertContains(page, "never used")

    def test_the_database_does_not_hold_it(self) -> None:
        text = self.make()
        row = AccessToken.objects.values().get()
        assert text not in map(str, row.values())
        assert row["prefix"] == text[:10]

    def test_says_where_programs_connect_to(self) -> None:
        self.assertContains(self.client.get(URL), "://localhost:8000/pubsub")
        self.assertContains(self.client.get("/settings/"), URL)

    def test_wrong_input_is_said_beside_its_field(self) -> None:
        for data, words in (
            ({"name": ""}, "Give it a name"),
            ({"name": "  "}, "Give it a name"),
            ({"name": "x" * 101}, "at most 100 letters"),
            ({"days": "7"}, "Choose one of these"),
        ):
            page = self.client.post(URL, {"name": "alerts", "days": "30", **data})
            self.assertContains(page, words, status_code=422)
        assert not AccessToken.objects.exists()

    def test_a_name_is_only_text(self) -> None:
        self.make(name="<script>alert(1)</script>")
        self.assertNotContains(self.client.get(URL), "<script>alert")

    def test_only_the_own_ones_are_shown_and_revoked(self) -> None:
        theirs, _ = make_token(user=self.outsider, name="of another", days=None)
        self.assertNotContains(self.client.get(URL), "of another")
        assert self.client.post(f"{URL}{theirs.pk}/revoke/").status_code == 404
        assert AccessToken.objects.get().revoked_at is None

    def test_a_revoked_one_works_no_more(self) -> None:
        text = self.make()
        assert token_of(text) is not None
        pk = AccessToken.objects.get().pk
        for _ in range(2):
            answer = self.client.post(f"{URL}{pk}/revoke/")
            assert answer["Location"] == URL
        assert token_of(text) is None
        self.assertContains(self.client.get(URL), "is revoked")

    def test_costs_few_queries_however_many_there_are(self) -> None:
        for number in range(30):
            make_token(user=self.viewer, name=f"n{number}", days=None)
        with self.assertNumQueries(3):  # session, viewer, tokens
            self.client.get(URL)


class TokenTests(TestCase):
    def setUp(self) -> None:
        self.viewer = make_user()
        self.token, self.text = make_token(user=self.viewer, name="alerts", days=30)

    def test_is_found_as_old_programs_send_it(self) -> None:
        for text in (self.text, f"oauth:{self.text}", f"OAuth {self.text}", f"Bearer {self.text} "):
            found = token_of(text)
            assert found is not None
            assert found.user == self.viewer

    def test_nothing_else_is(self) -> None:
        for text in ("", "swt_", self.text[:-1], self.text.upper(), "x" * 10_000, "swt_\ud800"):
            assert token_of(text) is None

    def test_runs_out(self) -> None:
        AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert token_of(self.text) is None

    def test_of_a_viewer_who_is_switched_off_does_not_work(self) -> None:
        self.viewer.is_active = False
        self.viewer.save()
        assert token_of(self.text) is None

    def test_its_use_is_noted_but_not_each_time(self) -> None:
        token_of(self.text)
        first = AccessToken.objects.get().used_at
        token_of(self.text)
        assert first is not None
        assert AccessToken.objects.get().used_at == first

    def test_revoking_anothers_does_nothing(self) -> None:
        assert not revoke_token(user=make_user(), pk=self.token.pk)
        assert token_of(self.text) is not None

    def test_a_viewer_has_only_so_many(self) -> None:
        with patch.object(tokens, "MOST", 2):
            make_token(user=self.viewer, name="second", days=None)
            with pytest.raises(TooManyTokens):
                make_token(user=self.viewer, name="third", days=None)
            revoke_token(user=self.viewer, pk=self.token.pk)
            make_token(user=self.viewer, name="third", days=None)
        assert AccessToken.objects.count() == 3
