"""Who is an operator, and what others see at /admin/."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.models import OperatorBinding, User
from accounts.operators import follow_bindings
from tests.accounts.dance import Dancer, local_twitch
from tests.factories import make_user

ADA_IS_OPERATOR = override_settings(OPERATOR_TWITCH_LOGINS=["ada_streams"])


def is_operator(user: User) -> bool:
    """What the database says."""
    user.refresh_from_db()
    assert user.is_staff == user.is_superuser
    return user.is_staff


@ADA_IS_OPERATOR
class BindingTests(TestCase):
    def test_the_first_with_the_login_is_bound_and_an_operator(self) -> None:
        ada = make_user(login="ada_streams", twitch_id="1")
        follow_bindings(ada)
        assert is_operator(ada)
        binding = OperatorBinding.objects.get()
        assert (binding.login, binding.twitch_id, binding.source) == ("ada_streams", "1", "setting")

    def test_others_are_none_and_bind_nothing(self) -> None:
        bob = make_user(login="bob_watches")
        follow_bindings(bob)
        assert not is_operator(bob)
        assert not OperatorBinding.objects.exists()

    def test_who_took_over_the_login_is_none(self) -> None:
        follow_bindings(make_user(login="ada_streams", twitch_id="1"))
        thief = make_user(login="ada_streams", twitch_id="2")
        with self.assertLogs("accounts.operators", "WARNING") as log:
            follow_bindings(thief)
        assert not is_operator(thief)
        assert "manage.py make_operator ada_streams" in log.output[0]

    def test_who_gave_up_the_login_stays_one(self) -> None:
        ada = make_user(login="ada_streams", twitch_id="1")
        follow_bindings(ada)
        ada.login = "ada_new"
        ada.save()
        follow_bindings(ada)
        assert is_operator(ada)

    def test_who_left_the_setting_is_none_at_the_next_login(self) -> None:
        ada = make_user(login="ada_streams", twitch_id="1")
        follow_bindings(ada)
        with override_settings(OPERATOR_TWITCH_LOGINS=["somebody_else"]):
            follow_bindings(ada)
        assert not is_operator(ada)

    def test_who_was_made_one_by_command_stays_one(self) -> None:
        bob = make_user(login="bob_watches")
        call_command("make_operator", "bob_watches", stdout=StringIO())
        follow_bindings(bob)
        assert is_operator(bob)

    def test_rights_from_elsewhere_end_at_the_next_login(self) -> None:
        bob = make_user(login="bob_watches", is_staff=True, is_superuser=True)
        follow_bindings(bob)
        assert not is_operator(bob)


class MakeOperatorTests(TestCase):
    def run_command(self, login: str) -> str:
        out = StringIO()
        call_command("make_operator", login, stdout=out)
        return out.getvalue()

    def test_makes_one_and_says_so_and_is_harmless_twice(self) -> None:
        bob = make_user(login="bob_watches", twitch_id="2")
        assert self.run_command("bob_watches") == "bob_watches (Twitch id 2) is an operator now.\n"
        assert is_operator(bob)
        binding = OperatorBinding.objects.get()
        assert (binding.twitch_id, binding.source) == ("2", "command")
        again = self.run_command("bob_watches")
        assert again == "bob_watches (Twitch id 2) was an operator already.\n"
        assert OperatorBinding.objects.count() == 1

    def test_the_login_may_be_written_as_people_write_it(self) -> None:
        bob = make_user(login="bob_watches")
        self.run_command(" @Bob_Watches")
        assert is_operator(bob)

    def test_an_unknown_login_is_refused_with_one_sentence(self) -> None:
        with pytest.raises(CommandError, match="Nobody with the login 'nobody' has logged in"):
            self.run_command("nobody")
        assert not OperatorBinding.objects.exists()

    def test_of_two_with_one_login_the_latest_is_meant(self) -> None:
        now = timezone.now()
        latest = make_user(login="bob_watches", last_login=now)
        make_user(login="bob_watches", last_login=None)
        self.run_command("bob_watches")
        assert is_operator(latest)

    def test_binds_anew_a_login_that_somebody_else_has_now(self) -> None:
        OperatorBinding.objects.create(login="bob_watches", twitch_id="1", source="setting")
        bob = make_user(login="bob_watches", twitch_id="2")
        self.run_command("bob_watches")
        assert is_operator(bob)
        assert OperatorBinding.objects.get().twitch_id == "2"


@ADA_IS_OPERATOR
class AdminDoorTests(TestCase):
    def test_a_visitor_is_led_to_the_login_and_back(self) -> None:
        self.assertRedirects(
            self.client.get("/admin/"), "/admin/login/?next=/admin/", target_status_code=302
        )
        answer = self.client.get("/admin/login/?next=/admin/")
        self.assertRedirects(answer, "/accounts/login/?next=%2Fadmin%2F")
        page = self.client.get(answer["Location"])
        self.assertContains(page, "/accounts/twitch/login/?next=%2Fadmin%2F")

    def test_a_viewer_who_is_none_reads_that_it_is_not_theirs(self) -> None:
        self.client.force_login(make_user())
        for url in ("/admin/login/?next=/admin/", "/admin/login/"):
            self.assertContains(self.client.get(url), "not yours to see", status_code=403)
        assert self.client.get("/admin/", follow=True).status_code == 403

    def test_an_operator_comes_in_and_out(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        assert self.client.get("/admin/").status_code == 200
        self.assertRedirects(
            self.client.get("/admin/login/"), "/admin/", fetch_redirect_response=False
        )
        assert self.client.post("/admin/logout/").status_code < 400
        assert self.client.get("/admin/").status_code == 302

    def test_no_password_opens_it(self) -> None:
        user = make_user(is_staff=True, is_superuser=True)
        data = {"username": user.twitch_id, "password": ""}
        assert self.client.post("/admin/login/", data).status_code == 302
        assert "_auth_user_id" not in self.client.session

    def test_there_is_no_password_to_change(self) -> None:
        ada = make_user(is_staff=True, is_superuser=True)
        self.client.force_login(ada)
        self.assertNotContains(self.client.get("/admin/"), "password_change")
        new = {"old_password": "", "new_password1": "Tr0ub4dor&3", "new_password2": "Tr0ub4dor&3"}
        assert self.client.post("/admin/password_change/", new).status_code == 200
        ada.refresh_from_db()
        assert not ada.has_usable_password()

    def test_the_whole_way_of_the_first_viewer_who_is_the_operator(self) -> None:
        browser = Dancer()
        with local_twitch():
            answer = browser.log_in_as("ada_streams", "?next=/admin/")
        assert answer["Location"] == "/admin/"
        assert browser.get("/admin/").status_code == 200
        self.assertContains(browser.get("/home/"), "Operator")

    def test_a_login_taken_over_does_not_open_it(self) -> None:
        with local_twitch() as simulator:
            Dancer().log_in_as("ada_streams")
            simulator.control.event("user.update", "ada_streams", login="ada_gone")
            simulator.control.event("user.update", "zoe_quiet", login="ada_streams")
            thief = Dancer()
            thief.log_in_as("ada_streams")
            ada = Dancer()
            ada.log_in_as("ada_gone")
        assert thief.get("/admin/", follow=True).status_code == 403
        self.assertNotContains(thief.get("/home/"), "Operator")
        assert ada.get("/admin/").status_code == 200
