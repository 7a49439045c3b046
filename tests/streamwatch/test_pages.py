"""Landing page, health, errors in words, headers."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client, TestCase, TransactionTestCase, override_settings

from streamwatch.checks import refuse_wrong_database
from streamwatch.models import Origin
from tests.factories import make_user


class LandingTests(TestCase):
    def test_a_visitor_sees_the_way_in(self) -> None:
        self.assertContains(self.client.get("/"), "Log in with Twitch")

    def test_a_viewer_goes_on_to_home(self) -> None:
        self.client.force_login(make_user())
        self.assertRedirects(self.client.get("/"), "/home/", fetch_redirect_response=False)

    def test_headers_forbid_what_pages_do_not_need(self) -> None:
        headers = self.client.get("/").headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "form-action 'self' http://127.0.0.1:9" in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"


class HealthTests(TestCase):
    def test_a_process_that_answers_lives(self) -> None:
        assert self.client.get("/health/live").status_code == 200

    def test_it_is_ready_with_its_database(self) -> None:
        with self.assertNumQueries(1):  # SELECT 1
            answer = self.client.get("/health/ready")
        assert answer.status_code == 200
        assert answer.json()["database"] == "ok"

    def test_it_is_not_ready_without(self) -> None:
        with patch("streamwatch.health.connection.cursor", side_effect=OperationalError("away")):
            answer = self.client.get("/health/ready")
        assert answer.status_code == 503


class ErrorTests(TestCase):
    def test_an_unknown_address_is_said_in_words(self) -> None:
        answer = self.client.get("/no-such-page/")
        self.assertContains(answer, "There is no such page", status_code=404)

    def test_a_nul_in_the_address_is_no_error_of_ours(self) -> None:
        for address in ("/streamers/%00/verify/", "/streamers/search/?q=%00", "/%00"):
            assert self.client.get(address).status_code == 400

    def test_a_form_without_token_is_refused_in_words(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        answer = strict.post("/accounts/logout/")
        self.assertContains(answer, "The page was too old", status_code=403)

    def test_a_database_that_is_away_is_said(self) -> None:
        quiet = Client(raise_request_exception=False)
        with patch("activity.views.newest_for", side_effect=OperationalError(2002, "away")):
            quiet.force_login(make_user())
            answer = quiet.get("/activity/rows/")
        self.assertContains(answer, "The database does not answer", status_code=503)

    def test_a_fault_of_ours_is_said(self) -> None:
        quiet = Client(raise_request_exception=False)
        with patch("activity.views.newest_for", side_effect=ZeroDivisionError):
            quiet.force_login(make_user())
            answer = quiet.get("/activity/rows/")
        self.assertContains(answer, "Something broke", status_code=500)


class OriginTests(TransactionTestCase):
    # Not a TestCase: the connection is closed after the look.
    def test_the_first_start_notes_whose_data_it_is(self) -> None:
        refuse_wrong_database()
        assert Origin.objects.get().twitch_api_url == settings.TWITCH_API_URL

    def test_the_same_twitch_is_let_in_again(self) -> None:
        refuse_wrong_database()
        refuse_wrong_database()
        assert Origin.objects.count() == 1

    def test_the_local_twitch_may_change_its_port(self) -> None:
        Origin.objects.create(twitch_api_url="http://localhost:8001/helix")
        with override_settings(TWITCH_API_URL="http://localhost:9001/helix"):
            refuse_wrong_database()
        assert Origin.objects.count() == 1

    def test_another_twitchs_data_ends_the_start(self) -> None:
        Origin.objects.create(twitch_api_url="https://api.twitch.tv/helix")
        with pytest.raises(SystemExit, match="holds data of https"):
            refuse_wrong_database()
