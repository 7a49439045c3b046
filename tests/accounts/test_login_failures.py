"""Logins that do not work: each ends on a page that says what happened, never with a 5xx that
a visitor could cause."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest.mock import patch

from django.test import TestCase, override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from accounts.models import Grant, User
from simulator.testing import Simulator
from tests.accounts.dance import CALLBACK, Dancer, local_twitch, twitch_at

TOKEN = {"access_token": "token", "refresh_token": "refresh", "expires_in": 14000, "scope": []}
PERSON = {"id": "42", "login": "ann", "display_name": "Ann", "email": None}


class FailureTests(TestCase):
    simulator: Simulator

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.simulator = cls.enterClassContext(local_twitch(slow_seconds=20.0))

    def setUp(self) -> None:
        self.simulator.control.fault("none")
        # Another test's `rate_limited` has taken all points.
        self.simulator.inside(lambda twitch: twitch.buckets.fill())
        self.browser = Dancer()

    def assert_page(self, answer: Any, status: int, words: str) -> None:
        assert answer.status_code == status, answer.status_code
        self.assertContains(answer, words, status_code=status)
        self.assertContains(answer, "Log in with Twitch", status_code=status)
        assert self.browser.viewer() is None
        assert not User.objects.exists()

    def test_who_denies_at_twitch_reads_so(self) -> None:
        answer = self.browser.get(self.browser.consent(self.browser.set_out()))
        assert answer["Location"] == "/accounts/3rdparty/login/cancelled/"
        page = self.browser.get(answer["Location"])
        self.assert_page(page, 200, "You said no at Twitch")

    def test_who_denied_and_tries_again_comes_to_where_they_wanted(self) -> None:
        answer = self.browser.get(self.browser.consent(self.browser.set_out("?next=/home/%3Fa=1")))
        page = self.browser.get(answer["Location"])
        self.assertContains(page, "/accounts/twitch/login/?next=%2Fhome%2F%3Fa%3D1")

    def test_who_fails_and_tries_again_comes_to_where_they_wanted(self) -> None:
        back = self.browser.consent(self.browser.set_out("?next=/home/%3Fa=1"), "ada_streams")
        self.simulator.control.fault("oauth_down")
        page = self.browser.get(back)
        self.assertContains(
            page, "/accounts/twitch/login/?next=%2Fhome%2F%3Fa%3D1", status_code=503
        )
        assert self.browser.log_in_as("ada_streams", "?next=/home/%3Fa=1").status_code == 302

    def test_a_forged_state(self) -> None:
        back = self.browser.consent({**self.browser.set_out(), "state": "forged"}, "ada_streams")
        self.assert_page(self.browser.get(back), 400, "begun too long ago")

    def test_no_state(self) -> None:
        self.assert_page(self.browser.get(CALLBACK + "?code=abc"), 400, "begun too long ago")

    def test_an_expired_state(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        later = time.time() + 601
        with patch("allauth.socialaccount.internal.statekit.time.time", return_value=later):
            self.assert_page(self.browser.get(back), 400, "begun too long ago")

    def test_the_same_answer_twice(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        assert self.browser.get(back).status_code == 302
        answer = self.browser.get(back)
        assert answer.status_code == 400
        self.assertContains(answer, "was used already", status_code=400)
        assert self.browser.get("/home/").status_code == 200

    def test_no_code(self) -> None:
        state = self.browser.set_out()["state"]
        answer = self.browser.get(f"{CALLBACK}?state={state}")
        self.assert_page(answer, 400, "without letting you in")

    def test_another_error_of_twitch(self) -> None:
        state = self.browser.set_out()["state"]
        answer = self.browser.get(
            f"{CALLBACK}?state={state}&error=server_error&error_description=<b>x"
        )
        self.assert_page(answer, 400, "without letting you in")
        self.assertNotContains(answer, "<b>x", status_code=400)

    def test_an_unknown_code(self) -> None:
        state = self.browser.set_out()["state"]
        answer = self.browser.get(f"{CALLBACK}?state={state}&code=unknown")
        self.assert_page(answer, 400, "did not accept this login")

    def test_a_code_for_another_address(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        answer = self.browser.get(back, headers={"host": "127.0.0.1:8000"})
        self.assert_page(answer, 400, "did not accept this login")

    def test_a_grant_revoked_before_the_profile_was_read(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        self.simulator.control.fault("token_refused", path="/helix/users")
        self.assert_page(self.browser.get(back), 400, "did not accept this login")

    def test_twitch_is_down_at_the_token(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        self.simulator.control.fault("oauth_down")
        self.assert_page(self.browser.get(back), 503, "Twitch does not answer")

    def test_twitch_is_down_at_the_profile(self) -> None:
        for fault in ("helix_down", "helix_error", "helix_garbage", "rate_limited"):
            back = self.browser.consent(self.browser.set_out(), "ada_streams")
            self.simulator.control.fault(fault, path="/helix/users")
            self.assert_page(self.browser.get(back), 503, "Twitch does not answer")

    @patch("allauth.socialaccount.app_settings.REQUESTS_TIMEOUT", 0.2)
    def test_twitch_is_slow(self) -> None:
        for fault in ("oauth_slow", "helix_slow"):
            back = self.browser.consent(self.browser.set_out(), "ada_streams")
            self.simulator.control.fault(fault)
            self.assert_page(self.browser.get(back), 503, "Twitch does not answer")

    def test_twitch_is_away(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        with twitch_at("http://127.0.0.1:9/oauth2", self.simulator.api_url):
            self.assert_page(self.browser.get(back), 503, "Twitch does not answer")
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        with twitch_at(self.simulator.auth_url, "http://127.0.0.1:9/helix"):
            self.assert_page(self.browser.get(back), 503, "Twitch does not answer")

    @override_settings(
        SOCIALACCOUNT_PROVIDERS={
            "twitch": {"APPS": [{"client_id": "tests-client-id", "secret": "wrong", "key": ""}]}
        }
    )
    def test_the_operator_has_given_a_wrong_secret(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        with self.assertLogs("accounts.adapters", logging.WARNING) as log:
            self.assert_page(self.browser.get(back), 400, "did not accept this login")
        assert "403: invalid client secret" in log.output[0]

    def test_no_code_token_or_secret_is_logged(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        code = back.partition("code=")[2].partition("&")[0]
        with self.assertLogs(level=logging.DEBUG) as log:
            self.browser.get(back)
            for fault in ("oauth_down", "helix_garbage", "helix_down"):
                again = self.browser.consent(self.browser.set_out(), "ada_streams")
                self.simulator.control.fault(fault)
                self.browser.get(again)
        grant = Grant.objects.get()
        # The server of the simulator, in this process, logs what it is asked; not ours.
        ours = "\n".join(line for line in log.output if "uvicorn" not in line)
        for secret in (grant.access_token, grant.refresh_token, code, "tests-client-secret"):
            assert secret not in ours


# --- What only a proxy or a broken Twitch answers


class Answers:
    """A Twitch that answers the token and the profile as told."""

    def __init__(self, origin: str) -> None:
        self.auth_url, self.api_url = f"{origin}/oauth2", f"{origin}/helix"
        self.token: tuple[int, str, str] = (200, "application/json", json.dumps(TOKEN))
        self.profile = (200, "application/json", json.dumps({"data": [PERSON]}))


@contextmanager
def answering() -> Iterator[Answers]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.reply(*answers.token)

        def do_GET(self) -> None:
            self.reply(*answers.profile)

        def reply(self, status: int, kind: str, body: str) -> None:
            data = body.encode()
            self.send_response(status)
            if kind:
                self.send_header("Content-Type", kind)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing: the tests' output is for the tests."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        answers = Answers(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with twitch_at(answers.auth_url, answers.api_url):
                yield answers
        finally:
            server.shutdown()
            thread.join()


HTML = "<html><body>502 Bad Gateway</body></html>"
ODD_TOKENS = [
    HTML,
    "",
    "[]",
    "7",
    "null",
    '"access_token"',
    "{}",
    '{"access_token": null}',
    '{"access_token": ""}',
    '{"access_token": ["a"]}',
    '{"access_token": "a\\nb"}',
    '{"access_token": "\\ud800"}',
    '{"access_token": "a", "refresh_token": 7}',
    '{"access_token": "a", "expires_in": "soon"}',
    '{"access_token": "a", "expires_in": 1e400}',
    '{"access_token": "a", "expires_in": 99999999999999999999}',
    '{"access_token": "a", "expires_in": -1}',
    "[" * 5000,
]
ODD_PROFILES = [
    HTML,
    "{}",
    "[]",
    '{"data": null}',
    '{"data": []}',
    '{"data": {}}',
    '{"data": [[]]}',
    '{"data": [{"id": 42, "login": "ann"}]}',
    '{"data": [{"id": "", "login": "ann"}]}',
    '{"data": [{"id": "42", "login": ""}]}',
    '{"data": [{"id": "42"}]}',
    json.dumps({"data": [{"id": "4" * 33, "login": "ann"}]}),
    '{"data": [{"id": "4\\u0000", "login": "ann"}]}',
    '{"data": [{"id": "42", "login": "ann", "email": 7}]}',
    '{"data": [{"id": "42", "login": "ann", "display_name": {}}]}',
]


class OddAnswerTests(TestCase):
    def setUp(self) -> None:
        self.answers = self.enterContext(answering())
        self.browser = Dancer()

    def come_back(self) -> Any:
        state = self.browser.set_out()["state"]
        return self.browser.get(f"{CALLBACK}?state={state}&code=code")

    def assert_down(self, what: object) -> None:
        answer = self.come_back()
        assert answer.status_code == 503, what
        self.assertContains(answer, "Twitch does not answer", status_code=503)
        assert not User.objects.exists()

    def test_lets_in_whom_the_right_answers_name(self) -> None:
        assert self.come_back()["Location"] == "/home/"
        assert User.objects.get().login == "ann"

    def test_odd_tokens(self) -> None:
        for body in ODD_TOKENS:
            self.answers.token = (200, "application/json", body)
            self.assert_down(body[:80])

    def test_odd_profiles(self) -> None:
        for body in ODD_PROFILES:
            self.answers.profile = (200, "application/json", body)
            self.assert_down(body[:80])

    def test_odd_statuses(self) -> None:
        for status in (302, 429, 500, 502, 503):
            self.answers.profile = (status, "text/html", HTML)
            self.assert_down(status)

    def test_refusals_in_any_form_are_refusals(self) -> None:
        for status, body in [(400, HTML), (403, "7"), (401, '{"message": {"a": 1}}')]:
            self.answers.token = (status, "text/html", body)
            assert self.come_back().status_code == 400, body

    def test_json_that_calls_itself_something_else_is_read(self) -> None:
        for kind in ("", "text/plain", "application/json; charset=utf-8"):
            self.answers.token = (200, kind, json.dumps(TOKEN))
            assert self.come_back().status_code == 302, kind

    def test_odd_scopes_are_left_out(self) -> None:
        scopes = ["user:read:email", 7, "\ud800", None, "é"]
        self.answers.token = (200, "application/json", json.dumps({**TOKEN, "scope": scopes}))
        assert self.come_back().status_code == 302
        assert Grant.objects.get().scopes == ["user:read:email"]

    def test_an_answer_without_refresh_token_or_end_is_kept(self) -> None:
        self.answers.token = (200, "application/json", '{"access_token": "only"}')
        assert self.come_back().status_code == 302
        grant = Grant.objects.get()
        assert (grant.access_token, grant.refresh_token, grant.expires_at) == ("only", "", None)


class FuzzTests(HypothesisTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        answers = cls.enterClassContext(answering())
        answers.token = (400, "application/json", '{"status": 400, "message": "no"}')

    @hypothesis_settings(max_examples=25, deadline=None)
    @given(
        query=st.dictionaries(
            st.sampled_from(["state", "code", "error", "next", "process", "_redir", "x"]),
            st.text(max_size=60),
        ),
        with_state=st.booleans(),
    )
    def test_whatever_a_client_sends_is_answered_with_less_than_500(
        self, query: dict[str, str], with_state: bool
    ) -> None:
        browser = Dancer()
        if with_state:
            query = {**query, "state": browser.set_out()["state"]}
        data = {name: text.encode("utf-8", "replace") for name, text in query.items()}
        assert browser.get(CALLBACK, data).status_code < 500
        assert browser.post(CALLBACK, data).status_code < 500
