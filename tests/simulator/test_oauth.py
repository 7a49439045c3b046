"""OAuth as in TWITCH.md section 1, and the consent page."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator.testing import Simulator, running

SCOPES = "user:read:email user:read:follows"
CAST = [
    "ada_streams", "bob_watches", "carla_plays", "dan_plays", "eve_no_mail", "hana_games",
    "emoji_emil", "tag_tina", "rami_rtl", "grace_mods", "frank_follows", "zoe_quiet",
    "max_long_name_of_25_chars",
]  # fmt: skip


def wish(simulator: Simulator, **changes: str) -> dict[str, str]:
    """The parameters with which an application sends a person to Twitch."""
    asked = {
        "client_id": simulator.client_id,
        "redirect_uri": "http://localhost:8000/accounts/twitch/login/callback/",
        "response_type": "code",
        "scope": SCOPES,
        "state": "c3ab8aa6",
    }
    return {**asked, **changes}


def page(simulator: Simulator, **changes: str) -> httpx.Response:
    """The consent page for a wish."""
    params = wish(simulator, **changes)
    return simulator.http.get(f"{simulator.url}/oauth2/authorize", params=params)


def decide(simulator: Simulator, **form: str) -> httpx.Response:
    """What comes of pressing a button of the page."""
    data = {**wish(simulator), **form}
    return simulator.http.post(f"{simulator.url}/oauth2/authorize", data=data)


def ask_token(simulator: Simulator, **form: str) -> httpx.Response:
    """The token endpoint's answer to the application."""
    client = {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
    return simulator.http.post(f"{simulator.url}/oauth2/token", data={**client, **form})


def validate(simulator: Simulator, access: str, kind: str = "OAuth") -> httpx.Response:
    """What the validate endpoint says of a token."""
    headers = {"Authorization": f"{kind} {access}"}
    return simulator.http.get(f"{simulator.url}/oauth2/validate", headers=headers)


def code_of(answer: httpx.Response) -> str:
    """The code in a redirect."""
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


class TestConsentPage:
    def test_offers_each_of_the_cast_and_a_way_to_deny(self, shared: Simulator) -> None:
        text = page(shared).text
        assert re.findall(r"<button[^>]*>([^<]*)</button>", text) == [
            *(f"Authorize as {login}" for login in CAST),
            "Deny",
        ]

    def test_puts_the_scopes_into_plain_words(self, shared: Simulator) -> None:
        text = page(shared).text
        assert "see your e-mail address" in text
        assert "see which channels you follow" in text

    def test_says_in_words_who_the_operator_is(self, shared: Simulator) -> None:
        text = re.sub(r"<[^>]+>", "", page(shared).text)
        assert "ada_streams is this StreamWatch's operator" in text

    def test_shows_html_in_descriptions_as_text(self, shared: Simulator) -> None:
        text = page(shared).text
        assert "<script" not in text
        assert "&lt;script&gt;alert" in text

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "somebody-else"},
            {"redirect_uri": "https://evil.example/"},
            {"redirect_uri": "http://localhost:8000/accounts/twitch/login/callback"},
            {"response_type": "token"},
        ],
    )
    def test_refuses_what_it_must_not_send_back(
        self, shared: Simulator, changes: dict[str, str]
    ) -> None:
        for answer in (page(shared, **changes), decide(shared, login="ada_streams", **changes)):
            assert answer.status_code == 400
            assert "location" not in answer.headers

    def test_knows_the_operator_also_by_a_new_login(self) -> None:
        with running() as simulator:
            simulator.control.event("user.update", "ada_streams", login="ada_renamed")
            text = re.sub(r"<[^>]+>", "", page(simulator).text)
        assert "ada_renamed is this StreamWatch's operator" in text


class TestDecision:
    def test_consent_leads_back_with_code_scope_and_state(self, shared: Simulator) -> None:
        answer = decide(shared, login="ada_streams")
        assert answer.status_code == 302
        address, _, query = answer.headers["location"].partition("?")
        assert address == "http://localhost:8000/accounts/twitch/login/callback/"
        assert re.fullmatch(
            r"code=[a-z0-9]{30}&scope=user%3Aread%3Aemail\+user%3Aread%3Afollows&state=c3ab8aa6",
            query,
        )

    def test_denial_leads_back_with_twitchs_own_words(self, shared: Simulator) -> None:
        answer = decide(shared, deny="1")
        assert answer.status_code == 302
        assert answer.headers["location"] == (
            "http://localhost:8000/accounts/twitch/login/callback/?error=access_denied"
            "&error_description=The+user+denied+you+access&state=c3ab8aa6"
        )

    @pytest.mark.parametrize("login", ["", "nobody_at_all"])
    def test_nobody_cannot_consent(self, shared: Simulator, login: str) -> None:
        answer = decide(shared, login=login)
        assert answer.status_code == 400

    def test_somebody_banned_cannot_consent(self, simulator: Simulator) -> None:
        simulator.control.event("user.removed", "dan_plays")
        assert "Authorize as dan_plays" not in page(simulator).text
        assert decide(simulator, login="dan_plays").status_code == 400


class TestToken:
    def test_code_gives_user_tokens_with_scope_as_an_array(self, shared: Simulator) -> None:
        code = code_of(decide(shared, login="ada_streams"))
        answer = ask_token(
            shared, grant_type="authorization_code", code=code, redirect_uri=shared.redirect_uri
        )
        assert answer.headers["content-type"] == "application/json"
        body = answer.json()
        assert set(body) == {
            "access_token", "expires_in", "refresh_token", "scope", "token_type",
        }  # fmt: skip
        assert body["scope"] == ["user:read:email", "user:read:follows"]
        assert body["token_type"] == "bearer"
        assert 13_000 < body["expires_in"] < 15_000

    def test_code_is_good_once(self, shared: Simulator) -> None:
        form = {
            "grant_type": "authorization_code",
            "code": code_of(decide(shared, login="ada_streams")),
            "redirect_uri": shared.redirect_uri,
        }
        assert ask_token(shared, **form).status_code == 200
        again = ask_token(shared, **form)
        assert again.json() == {"status": 400, "message": "Invalid authorization code"}

    def test_code_is_good_for_its_redirect_uri_only(self, shared: Simulator) -> None:
        code = code_of(decide(shared, login="ada_streams"))
        answer = ask_token(
            shared, grant_type="authorization_code", code=code, redirect_uri="http://localhost/"
        )
        assert answer.status_code == 400

    def test_code_expires(self, simulator: Simulator) -> None:
        code = code_of(decide(simulator, login="ada_streams"))
        simulator.advance(3600)
        answer = ask_token(
            simulator,
            grant_type="authorization_code",
            code=code,
            redirect_uri=simulator.redirect_uri,
        )
        assert answer.status_code == 400

    def test_application_gets_a_token_without_refresh_and_scope(self, shared: Simulator) -> None:
        body = ask_token(shared, grant_type="client_credentials").json()
        assert set(body) == {"access_token", "expires_in", "token_type"}
        assert body["expires_in"] > 4_000_000

    def test_refresh_rotates_the_refresh_token(self, shared: Simulator) -> None:
        first = shared.log_in("ada_streams", "user:read:email")
        second = ask_token(
            shared, grant_type="refresh_token", refresh_token=first["refresh_token"]
        ).json()
        assert set(second) == set(first)
        assert second["scope"] == ["user:read:email"]
        assert second["refresh_token"] != first["refresh_token"]
        used = ask_token(shared, grant_type="refresh_token", refresh_token=first["refresh_token"])
        assert used.status_code == 400
        assert used.json() == {"status": 400, "message": "Invalid refresh token"}

    def test_refresh_works_after_the_access_token_has_expired(self, simulator: Simulator) -> None:
        first = simulator.log_in("ada_streams")
        simulator.advance(20_000)
        assert validate(simulator, first["access_token"]).status_code == 401
        second = ask_token(
            simulator, grant_type="refresh_token", refresh_token=first["refresh_token"]
        )
        assert validate(simulator, second.json()["access_token"]).status_code == 200

    @pytest.mark.parametrize(
        ("form", "status"),
        [
            ({"client_id": "somebody-else", "grant_type": "client_credentials"}, 400),
            ({"client_secret": "wrong", "grant_type": "client_credentials"}, 403),
            ({"client_secret": "", "grant_type": "client_credentials"}, 400),
            ({}, 400),
            ({"grant_type": "password"}, 400),
            ({"grant_type": "refresh_token"}, 400),
            ({"grant_type": "authorization_code", "code": "x"}, 400),
        ],
    )
    def test_refusals_have_status_and_message_and_no_error(
        self, shared: Simulator, form: dict[str, str], status: int
    ) -> None:
        answer = ask_token(shared, **form)
        assert answer.status_code == status
        assert set(answer.json()) == {"status", "message"}
        assert answer.json()["status"] == status

    def test_http_basic_is_not_known(self, shared: Simulator) -> None:
        pair = f"{shared.client_id}:{shared.client_secret}".encode()
        answer = shared.http.post(
            f"{shared.url}/oauth2/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"},
        )
        assert answer.status_code == 400


class TestValidate:
    @pytest.mark.parametrize("kind", ["OAuth", "Bearer"])
    def test_user_token(self, shared: Simulator, kind: str) -> None:
        access = shared.log_in("ada_streams", "user:read:email")["access_token"]
        body = validate(shared, access, kind).json()
        assert set(body) == {"client_id", "login", "scopes", "user_id", "expires_in"}
        assert body["client_id"] == shared.client_id
        assert (body["login"], body["user_id"]) == ("ada_streams", "700000001")
        assert body["scopes"] == ["user:read:email"]
        assert 0 < body["expires_in"] <= 14_124

    def test_app_token_has_no_login_and_no_user(self, shared: Simulator) -> None:
        body = validate(shared, shared.app_token()).json()
        assert "login" not in body
        assert "user_id" not in body

    def test_invalid_token(self, shared: Simulator) -> None:
        answer = validate(shared, "no-token")
        assert answer.status_code == 401
        assert answer.json() == {"status": 401, "message": "invalid access token"}


class TestRevoke:
    def revoke(self, simulator: Simulator, **form: str) -> httpx.Response:
        data = {"client_id": simulator.client_id, **form}
        return simulator.http.post(f"{simulator.url}/oauth2/revoke", data=data)

    def test_ends_the_token_and_says_nothing(self, shared: Simulator) -> None:
        access = shared.log_in("ada_streams")["access_token"]
        answer = self.revoke(shared, token=access)
        assert (answer.status_code, answer.content) == (200, b"")
        assert validate(shared, access).status_code == 401

    def test_refuses_unknown_tokens_and_clients(self, shared: Simulator) -> None:
        access = shared.app_token()
        assert self.revoke(shared, token="no-token").status_code == 400
        assert self.revoke(shared, token=access, client_id="other").status_code == 400
        assert validate(shared, access).status_code == 200
