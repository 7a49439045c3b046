"""The login at Twitch as it should go, over real HTTP to the simulator."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.test import TestCase, override_settings

from accounts.granting import Consent
from accounts.logging_in import log_in
from accounts.models import Grant, User
from simulator.testing import Simulator
from streamwatch.twitch.payloads import Profile
from tests.accounts.dance import HOST, LOGIN, Dancer, local_twitch
from tests.factories import make_user

CONSENT = Consent(access_token="a", refresh_token="r", scopes=[], expires_at=None)


class DanceTests(TestCase):
    simulator: Simulator

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.simulator = cls.enterClassContext(local_twitch())

    def setUp(self) -> None:
        self.browser = Dancer()

    def test_a_visitor_logs_in_and_comes_home(self) -> None:
        answer = self.browser.log_in_as("ada_streams")
        assert (answer.status_code, answer["Location"]) == (302, "/home/")
        user = self.browser.viewer()
        assert user is not None
        assert user.twitch_id == "700000001"
        assert (user.login, user.display_name) == ("ada_streams", "Ada_Streams")
        assert user.email == "ada@example.com"
        assert user.picture_url.startswith("http")
        assert user.last_login is not None
        assert not user.has_usable_password()

    def test_asks_twitch_for_the_two_scopes_and_nothing_else(self) -> None:
        wish = self.browser.set_out()
        assert set(wish["scope"].split()) == {"user:read:email", "user:read:follows"}
        assert wish["redirect_uri"] == f"http://{HOST}/accounts/twitch/login/callback/"
        assert set(wish) == {"client_id", "redirect_uri", "response_type", "scope", "state"}

    def test_a_crafted_link_cannot_ask_twitch_for_more(self) -> None:
        query = "?scope=channel:manage:broadcast&auth_params=response_type%3Dtoken"
        wish = self.browser.set_out(query)
        assert set(wish["scope"].split()) == {"user:read:email", "user:read:follows"}
        assert wish["response_type"] == "code"

    def test_keeps_the_grant_with_the_scopes_that_twitch_gave(self) -> None:
        self.browser.log_in_as("ada_streams")
        grant = Grant.objects.get()
        assert grant.scopes == ["user:read:email", "user:read:follows"]
        assert grant.state == Grant.State.ACTIVE
        token = grant.access_token
        assert self.simulator.helix("GET", "/users", token=token).status_code == 200
        assert grant.refresh_token
        assert grant.expires_at is not None

    def test_allauth_keeps_no_rows_of_its_own(self) -> None:
        from allauth.account.models import EmailAddress
        from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken

        self.browser.log_in_as("ada_streams")
        assert not any(m.objects.exists() for m in (EmailAddress, SocialAccount, SocialApp))
        assert not SocialToken.objects.exists()

    def test_no_token_is_in_the_session_or_on_a_page(self) -> None:
        self.browser.log_in_as("ada_streams")
        grant = Grant.objects.get()
        kept = repr(dict(self.browser.session)) + self.browser.get("/home/").content.decode()
        assert grant.access_token not in kept
        assert grant.refresh_token not in kept

    def test_two_accounts_with_one_address_are_two_viewers(self) -> None:
        self.browser.log_in_as("carla_plays")
        answer = Dancer().log_in_as("dan_plays")
        assert answer["Location"] == "/home/"
        carla, dan = User.objects.order_by("twitch_id")
        assert (carla.login, dan.login) == ("carla_plays", "dan_plays")
        assert carla.email == dan.email == "shared@example.com"

    def test_somebody_without_an_address_is_let_in_without_a_form(self) -> None:
        answer = self.browser.log_in_as("eve_no_mail")
        assert answer["Location"] == "/home/"
        assert User.objects.get().email == ""

    def test_names_in_any_script_are_kept(self) -> None:
        for login, name in [("hana_games", "はなゲームス"), ("rami_rtl", "رامي_يلعب")]:
            self.browser.log_in_as(login)
            user = self.browser.viewer()
            assert user is not None
            assert user.display_name == name

    def test_another_login_in_the_same_browser_takes_its_place(self) -> None:
        self.browser.log_in_as("ada_streams")
        self.browser.log_in_as("bob_watches")
        user = self.browser.viewer()
        assert user is not None
        assert user.login == "bob_watches"
        assert User.objects.count() == 2

    def test_connecting_a_second_account_is_a_login_too(self) -> None:
        self.browser.log_in_as("ada_streams")
        self.browser.log_in_as("bob_watches", "?process=connect")
        user = self.browser.viewer()
        assert user is not None
        assert user.login == "bob_watches"

    def test_logging_in_again_keeps_the_viewer_logged_in(self) -> None:
        self.browser.log_in_as("ada_streams")
        self.browser.log_in_as("ada_streams")
        assert self.browser.get("/home/").status_code == 200

    def test_the_session_gets_a_new_key(self) -> None:
        wish = self.browser.set_out()
        before = self.browser.cookies["sessionid"].value
        self.browser.get(self.browser.consent(wish, "ada_streams"))
        after = self.browser.cookies["sessionid"].value
        assert before != after
        self.browser.cookies["sessionid"] = before
        assert self.browser.viewer() is None

    def test_somebody_switched_off_reads_that_and_is_not_let_in(self) -> None:
        make_user(twitch_id="700000001", is_active=False)
        answer = self.browser.log_in_as("ada_streams")
        assert answer["Location"] == "/accounts/inactive/"
        page = self.browser.get("/accounts/inactive/")
        self.assertContains(page, "This account is switched off")
        assert self.browser.viewer() is None
        assert not Grant.objects.exists()

    def test_leads_on_to_where_the_visitor_wanted(self) -> None:
        answer = self.browser.log_in_as("ada_streams", "?next=/home/%3Fpage%3D2")
        assert answer["Location"] == "/home/?page=2"

    def test_leads_nowhere_else_than_this_site(self) -> None:
        for target in [
            "https://evil.example/",
            "//evil.example/",
            "http://localhost:9/",
            "http://127.0.0.1/",
            "///evil.example",
            "/%5Cevil.example",
            "javascript:alert(1)",
            "http:/home",
            "%0d%0aSet-Cookie:a=b",
        ]:
            answer = self.browser.log_in_as("ada_streams", f"?next={target}")
            assert answer["Location"] in ("/home/", "%0D%0ASet-Cookie:a=b"), target

    def test_the_button_needs_the_token_of_its_form(self) -> None:
        assert Dancer(enforce_csrf_checks=True).post(LOGIN).status_code == 403

    def test_a_state_of_another_browser_does_not_log_in(self) -> None:
        mallory = Dancer()
        back = mallory.consent(mallory.set_out(), "zoe_quiet")
        answer = self.browser.get(back)
        assert answer.status_code == 400
        assert self.browser.viewer() is None

    def test_costs_one_request_for_the_token_and_one_for_the_profile(self) -> None:
        back = self.browser.consent(self.browser.set_out(), "ada_streams")
        with patch("requests.Session.send", autospec=True, side_effect=_really_send) as send:
            self.browser.get(back)
        paths = [call.args[1].path_url for call in send.call_args_list]
        assert paths == ["/oauth2/token", "/helix/users"]

    def test_says_hello_on_the_next_page(self) -> None:
        answer = self.browser.log_in_as("tag_tina")
        assert [str(message) for message in _messages(answer)] == ["Logged in as Tag_Tina."]


class RenamedTests(TestCase):
    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.browser = Dancer()

    def test_somebody_renamed_is_the_same_viewer_with_the_new_name(self) -> None:
        self.browser.log_in_as("bob_watches")
        self.simulator.control.event("user.update", "bob_watches", login="bobby", name="Bobby")
        Dancer().log_in_as("bobby")
        user = User.objects.get()
        assert (user.login, user.display_name) == ("bobby", "Bobby")

    def test_who_has_taken_over_a_login_is_another_viewer(self) -> None:
        self.browser.log_in_as("bob_watches")
        self.simulator.control.event("user.update", "bob_watches", login="bobby")
        self.simulator.control.event("user.update", "zoe_quiet", login="bob_watches")
        Dancer().log_in_as("bob_watches")
        old, new = User.objects.order_by("twitch_id")
        assert (old.twitch_id, new.twitch_id) == ("700000002", "700000012")
        assert new.login == "bob_watches"


class WithoutTwitchTests(TestCase):
    def test_who_is_logged_in_is_led_home_from_the_login_page(self) -> None:
        self.client.force_login(make_user())
        self.assertRedirects(
            self.client.get("/accounts/login/"), "/home/", fetch_redirect_response=False
        )

    def test_the_login_page_has_the_button_and_keeps_next(self) -> None:
        page = self.client.get("/accounts/login/?next=/home/")
        self.assertContains(page, "Log in with Twitch")
        self.assertContains(page, 'action="/accounts/twitch/login/?next=%2Fhome%2F"')

    def test_a_page_for_viewers_leads_a_visitor_to_the_login(self) -> None:
        self.assertRedirects(self.client.get("/home/"), "/accounts/login/?next=/home/")

    def test_a_link_to_the_login_asks_first(self) -> None:
        self.assertContains(self.client.get(LOGIN), "Log in with Twitch")


class LogInTests(TestCase):
    def log_in(self, **fields: Any) -> User:
        data = {"id": "42", "login": "ann", "display_name": "Ann", "email": "", **fields}
        return log_in(profile=Profile.parse(data), consent=CONSENT)

    def test_cuts_what_is_too_long_for_its_column(self) -> None:
        user = self.log_in(login="a" * 300, display_name="😀" * 300)
        user.refresh_from_db()
        assert user.login == "a" * 100
        assert user.display_name == "😀" * 100

    def test_keeps_no_address_that_is_none(self) -> None:
        long = "a" * 300 + "@example.com"
        for email in ["nonsense", long, "@", "a@b.example\n", "\ud800"]:
            assert self.log_in(email=email).email == ""
        assert self.log_in(email="x\x00@exam\ud800ple.com").email == "x@example.com"

    def test_keeps_no_picture_that_is_no_web_address(self) -> None:
        for url in ["javascript:alert(1)", "https://x.example/" + 500 * "a", "http://[x", "ü"]:
            assert self.log_in(profile_image_url=url).picture_url == ""

    def test_half_a_character_is_dropped(self) -> None:
        user = self.log_in(display_name="A\ud800nn", login="an\udc00n")
        user.refresh_from_db()
        assert (user.login, user.display_name) == ("ann", "Ann")

    def test_who_has_no_display_name_is_shown_by_login(self) -> None:
        assert self.log_in(display_name="").display_name == "ann"

    def test_leaves_what_is_the_viewers_own(self) -> None:
        user = self.log_in()
        User.objects.filter(pk=user.pk).update(time_zone="Europe/Berlin", session_epoch=3)
        again = self.log_in(login="anna")
        again.refresh_from_db()
        assert (again.time_zone, again.session_epoch) == ("Europe/Berlin", 3)
        assert again.pk == user.pk

    def test_costs_the_same_for_everybody(self) -> None:
        self.log_in()
        # savepoint 2, user, lock, write, binding, savepoint 2, lock, grant, write
        with self.assertNumQueries(11):
            self.log_in()

    @override_settings(OPERATOR_TWITCH_LOGINS=["ann"])
    def test_the_first_viewer_can_be_the_operator(self) -> None:
        assert self.log_in().is_staff

    def test_a_token_is_not_in_the_words_of_a_consent(self) -> None:
        secret = Consent(access_token="hush", refresh_token="hush", scopes=[], expires_at=None)
        assert "hush" not in repr(secret)


def _messages(answer: Any) -> list[Any]:
    from django.contrib.messages import get_messages

    return list(get_messages(answer.wsgi_request))


def _really_send(session: Any, request: Any, **options: Any) -> Any:
    return session.get_adapter(request.url).send(
        request,
        timeout=options["timeout"],
        stream=False,
        verify=False,
        cert=None,
        proxies={},
    )


def test_the_login_address_is_the_one_of_the_design() -> None:
    assert settings.LOGIN_URL == "account_login"
    assert LOGIN == "/accounts/twitch/login/"
