"""The settings: what was allowed, and taking it back at Twitch."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.contrib.messages import get_messages
from django.test import TestCase, override_settings

from accounts.models import FOLLOWERS, Grant, User
from simulator.testing import Simulator
from tests.accounts.dance import Dancer, local_twitch
from tests.accounts.grants import ADA, assert_ended, grant_of
from tests.factories import make_user

WITHDRAW = "/settings/consent/"


def told(answer: Any) -> str:
    """What the next page will say."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


class PageTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        self.client.force_login(self.user)

    def test_says_in_plain_words_what_was_allowed(self) -> None:
        Grant.objects.create(user=self.user, scopes=["user:read:follows", FOLLOWERS, "new:one"])
        page = self.client.get("/settings/")
        self.assertContains(page, "see which channels you follow")
        self.assertContains(page, "see who follows your channel")
        self.assertContains(page, "<li>new:one</li>", html=True)
        self.assertContains(page, WITHDRAW)
        self.assertNotContains(page, "Let StreamWatch see who follows you")

    def test_offers_what_is_not_allowed_yet(self) -> None:
        Grant.objects.create(user=self.user, scopes=["user:read:follows"])
        self.assertContains(self.client.get("/settings/"), "Let StreamWatch see who follows you")

    def test_a_dead_one_or_none_cannot_be_withdrawn(self) -> None:
        self.assertNotContains(self.client.get("/settings/"), WITHDRAW)
        Grant.objects.create(user=self.user, state=Grant.State.DEAD, scopes=[FOLLOWERS])
        page = self.client.get("/settings/")
        self.assertContains(page, "Ended")
        self.assertNotContains(page, WITHDRAW)

    def test_has_the_link_to_send(self) -> None:
        self.assertContains(self.client.get("/settings/"), "http://localhost:8000/consent/")

    def test_is_in_the_menu(self) -> None:
        self.assertContains(self.client.get("/home/"), 'href="/settings/"')

    def test_shows_no_token_and_needs_no_key(self) -> None:
        Grant.objects.create(user=self.user, access_token="hush-a", refresh_token="hush-r")
        self.assertNotContains(self.client.get("/settings/"), "hush")
        with override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
            assert self.client.get("/settings/").status_code == 200

    def test_a_visitor_is_led_to_the_login(self) -> None:
        for url in ("/settings/", WITHDRAW):
            self.assertRedirects(
                Dancer().get(url), f"/accounts/login/?next={url}", fetch_redirect_response=False
            )

    def test_another_viewer_sees_nothing_of_it(self) -> None:
        Grant.objects.create(user=self.user, scopes=[FOLLOWERS])
        self.client.force_login(make_user())
        self.assertNotContains(self.client.get("/settings/"), "see who follows your channel")


class WithdrawTests(TestCase):
    simulator: Simulator

    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.browser = Dancer()
        self.browser.log_in_as("ada_streams")
        self.user = User.objects.get(twitch_id=ADA)
        self.token = grant_of(self.user).access_token

    def works(self, token: str) -> bool:
        return self.simulator.helix("GET", "/users", token=token).status_code == 200

    def test_asks_once_more(self) -> None:
        self.assertContains(self.browser.get(WITHDRAW), "Are you sure?")
        assert self.works(self.token)

    def test_ends_it_here_and_at_twitch(self) -> None:
        other_browser = Dancer()
        other_browser.force_login(self.user)
        answer = self.browser.post(WITHDRAW)
        assert answer["Location"] == "/"
        assert_ended(self.user, Grant.Ending.WITHDRAWN)
        assert not self.works(self.token)
        assert "Your tokens are deleted" in told(answer)
        assert self.browser.viewer() is None
        assert other_browser.get("/home/").status_code == 302
        page = other_browser.get("/accounts/login/")
        self.assertContains(page, "You withdrew what you had allowed")

    def test_twitch_knows_of_no_consent_any_more(self) -> None:
        self.browser.post(WITHDRAW)
        assert not self.simulator.inside(
            lambda twitch: twitch.store.value("SELECT count(*) FROM grants WHERE user_id = ?", ADA)
        )

    def test_one_that_ran_out_is_forgotten_at_twitch_too(self) -> None:
        self.simulator.control.fault("expire_tokens")
        self.browser.post(WITHDRAW)
        assert not self.simulator.inside(lambda twitch: twitch.tokens.has_any(ADA))

    def test_one_that_twitch_has_forgotten_already_is_no_trouble(self) -> None:
        self.simulator.control.event("user.authorization.revoke", "ada_streams")
        assert "Your tokens are deleted." in told(self.browser.post(WITHDRAW))
        assert_ended(self.user, Grant.Ending.WITHDRAWN)

    def test_ends_here_while_twitch_is_away_and_says_what_is_left_to_do(self) -> None:
        self.simulator.control.fault("oauth_down", path="/oauth2/revoke")
        with self.assertLogs("accounts.withdrawing", "WARNING") as log:
            answer = self.browser.post(WITHDRAW)
        assert "Twitch could not be told" in told(answer)
        assert_ended(self.user, Grant.Ending.WITHDRAWN)
        assert self.browser.viewer() is None
        assert self.token not in "".join(log.output)

    def test_one_whose_key_is_gone_ends_too(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
            answer = self.browser.post(WITHDRAW)
        assert "Twitch could not be told" in told(answer)
        assert_ended(self.user, Grant.Ending.WITHDRAWN)

    def test_a_login_allows_it_anew_and_takes_the_sentence_away(self) -> None:
        self.browser.post(WITHDRAW)
        self.browser.log_in_as("ada_streams")
        page = self.browser.get("/home/")
        assert page.status_code == 200
        self.assertNotContains(page, "data-how-to-mend")
        assert grant_of(self.user).state == Grant.State.ACTIVE

    def test_the_button_needs_the_token_of_its_form(self) -> None:
        strict = Dancer(enforce_csrf_checks=True)
        strict.force_login(self.user)
        assert strict.post(WITHDRAW).status_code == 403
        assert self.works(self.token)
