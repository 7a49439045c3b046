"""Who was logged out with the Grant reads how to mend it."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from accounts.ended_sessions import COOKIE, SENTENCES
from accounts.granting import Consent, keep_grant
from accounts.models import Grant, User
from accounts.refreshing import GrantEnded, GrantTokens
from accounts.revoking import end_grant, note_revoked
from accounts.twitch import oauth
from tests.accounts.dance import Dancer, local_twitch
from tests.accounts.grants import ADA, grant_of
from tests.factories import make_user

MARK = "data-how-to-mend"
CONSENT = Consent(access_token="a", refresh_token="r", scopes=[], expires_at=None)


class EndedSessionTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        keep_grant(user=self.user, consent=CONSENT)
        self.client.force_login(self.user)

    def end(self, ending: Grant.Ending = Grant.Ending.REFUSED) -> None:
        assert end_grant(user_id=self.user.pk, ending=ending)

    def test_the_next_page_says_it(self) -> None:
        self.end()
        page = self.client.get("/home/", follow=True)
        self.assertContains(page, "Twitch no longer lets StreamWatch see your account")
        self.assertContains(page, "Log in with Twitch")

    def test_each_ending_has_a_sentence_of_its_own(self) -> None:
        assert set(SENTENCES) == set(Grant.Ending.values) - {""}
        assert len(set(SENTENCES.values())) == len(SENTENCES)

    def test_it_says_so_on_whatever_page_comes_first_and_until_the_login(self) -> None:
        self.end(Grant.Ending.REVOKED)
        self.client.get("/activity/rows/")
        for url in ("/", "/accounts/login/", "/consent/"):
            self.assertContains(self.client.get(url), "You disconnected StreamWatch at Twitch")

    def test_a_request_that_found_the_session_gone_does_not_take_it_away(self) -> None:
        self.end()
        before = self.client.cookies["sessionid"].value
        self.client.get("/activity/rows/")
        # A second one of the same moment still brings the old session.
        self.client.cookies["sessionid"] = before
        self.client.get("/activity/rows/")
        self.assertContains(self.client.get("/"), MARK)

    def test_goes_with_the_login(self) -> None:
        self.end()
        self.client.get("/home/")
        keep_grant(user=self.user, consent=CONSENT)
        self.user.refresh_from_db()
        self.client.force_login(self.user)
        self.assertNotContains(self.client.get("/home/"), MARK)
        self.client.post("/accounts/logout/")
        self.assertNotContains(self.client.get("/"), MARK)

    def test_nothing_is_said_of_a_session_that_ended_otherwise(self) -> None:
        User.objects.update(session_epoch=7)
        self.assertNotContains(self.client.get("/home/", follow=True), MARK)

    def test_a_cookie_of_somebodys_making_says_nothing(self) -> None:
        visitor = Dancer()
        visitor.cookies[COOKIE] = "<script>alert(1)</script>"
        self.assertNotContains(visitor.get("/"), MARK)

    def test_an_address_that_is_refused_early_is_answered_all_the_same(self) -> None:
        self.end()
        self.client.get("/home/")
        assert self.client.get("/home/?q=%00").status_code == 400

    def test_the_cookie_is_for_this_site_alone(self) -> None:
        self.end()
        cookie = self.client.get("/home/").cookies[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie.value == "refused"

    def test_costs_nobody_else_a_query(self) -> None:
        with self.assertNumQueries(3):  # session, user, grant
            self.client.get("/settings/")
        with self.assertNumQueries(1):  # allauth looks for its application
            Dancer().get("/")


class WholeWayTests(TestCase):
    """From the login to the refusal to the login, against the simulator."""

    def test_a_viewer_whom_twitch_refuses_mends_it_by_logging_in(self) -> None:
        with local_twitch() as simulator:
            browser = Dancer()
            browser.log_in_as("ada_streams")
            user = User.objects.get(twitch_id=ADA)
            simulator.control.event("user.authorization.revoke", "ada_streams")
            tokens = GrantTokens(user_id=user.pk, oauth=oauth())
            with self.assertRaises(GrantEnded):
                tokens.renew(tokens.current())
            page = browser.get("/home/", follow=True)
            self.assertContains(page, "Twitch no longer lets StreamWatch see your account")
            browser.log_in_as("ada_streams", "?next=/home/")
            self.assertNotContains(browser.get("/home/"), MARK)
            assert grant_of(user).state == Grant.State.ACTIVE

    def test_the_page_is_the_same_when_twitch_told_us(self) -> None:
        with local_twitch():
            browser = Dancer()
            browser.log_in_as("ada_streams")
            assert note_revoked(twitch_id=ADA, at=timezone.now() + timedelta(seconds=1))
            page = browser.get("/home/", follow=True)
            self.assertContains(page, "You disconnected StreamWatch at Twitch")
