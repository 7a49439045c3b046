"""Whose session it is, asked in front of Django."""

from __future__ import annotations

from django.test import TestCase, override_settings

from accounts.models import User
from accounts.sessions import viewer_of_session
from tests.factories import make_user


class ViewerOfSessionTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        self.client.force_login(self.user)
        self.key = self.client.cookies["sessionid"].value

    def test_is_the_one_who_logged_in(self) -> None:
        assert viewer_of_session(self.key) == self.user

    @override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db")
    def test_costs_two_queries(self) -> None:
        with self.assertNumQueries(2):  # session, user
            viewer_of_session(self.key)

    def test_is_nobody_after_the_logout(self) -> None:
        self.client.post("/accounts/logout/")
        assert viewer_of_session(self.key) is None

    def test_is_nobody_when_the_epoch_was_raised(self) -> None:
        User.objects.update(session_epoch=1)
        assert viewer_of_session(self.key) is None
        assert self.client.get("/home/").status_code == 302

    def test_is_nobody_when_the_viewer_was_switched_off_or_deleted(self) -> None:
        User.objects.update(is_active=False)
        assert viewer_of_session(self.key) is None
        User.objects.all().delete()
        assert viewer_of_session(self.key) is None

    def test_is_nobody_for_a_visitors_session(self) -> None:
        visitor = self.client_class()
        visitor.post("/accounts/twitch/login/")
        assert viewer_of_session(visitor.cookies["sessionid"].value) is None

    def test_is_nobody_for_anything_that_is_no_key(self) -> None:
        for key in ["", "short", "x" * 32, "X" * 32, "ä" * 32, "0" * 5000, "a\x00" * 16, "😀" * 16]:
            assert viewer_of_session(key) is None

    def test_is_nobody_for_a_way_in_that_is_closed(self) -> None:
        with override_settings(AUTHENTICATION_BACKENDS=["another.Backend"]):
            assert viewer_of_session(self.key) is None

    def test_holds_while_the_old_key_still_reads(self) -> None:
        with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[_key()]):
            assert viewer_of_session(self.key) == self.user
        with override_settings(SECRET_KEY="newer", SECRET_KEY_FALLBACKS=[]):
            assert viewer_of_session(self.key) is None


def _key() -> str:
    from django.conf import settings

    return settings.SECRET_KEY
