"""Grants: what is kept at a login, and how it lies in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.granting import Consent, Lacking, keep_grant
from accounts.models import Grant
from tests.accounts.dance import Dancer, local_twitch
from tests.factories import make_user

NARROW = ["user:read:email", "user:read:follows"]
WIDE = [*NARROW, "user:read:whispers"]


def consent(token: str, scopes: list[str], *, refresh: str = "r", hours: int = 4) -> Consent:
    expires_at = timezone.now() + timedelta(hours=hours)
    return Consent(access_token=token, refresh_token=refresh, scopes=scopes, expires_at=expires_at)


class KeepGrantTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()

    def token(self) -> str:
        return Grant.objects.get(user=self.user).access_token

    def test_the_first_is_kept(self) -> None:
        assert keep_grant(user=self.user, consent=consent("one", NARROW))
        assert self.token() == "one"

    def test_one_as_wide_takes_its_place(self) -> None:
        keep_grant(user=self.user, consent=consent("one", NARROW))
        assert keep_grant(user=self.user, consent=consent("two", NARROW[::-1]))
        assert self.token() == "two"

    def test_a_wider_one_takes_its_place(self) -> None:
        keep_grant(user=self.user, consent=consent("one", NARROW))
        assert keep_grant(user=self.user, consent=consent("two", WIDE))
        grant = Grant.objects.get(user=self.user)
        assert (grant.access_token, grant.scopes) == ("two", sorted(WIDE))

    def test_a_narrower_one_leaves_a_live_one_alone(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE))
        assert not keep_grant(user=self.user, consent=consent("two", NARROW))
        grant = Grant.objects.get(user=self.user)
        assert (grant.access_token, grant.scopes) == ("one", sorted(WIDE))

    def test_a_narrower_one_takes_the_place_of_a_dead_one(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE))
        Grant.objects.update(state=Grant.State.DEAD)
        assert keep_grant(user=self.user, consent=consent("two", NARROW))
        assert Grant.objects.get(user=self.user).state == Grant.State.ACTIVE

    def test_one_that_ran_out_lives_while_it_can_be_refreshed(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE, hours=-1))
        assert not keep_grant(user=self.user, consent=consent("two", NARROW))

    def test_one_that_ran_out_and_cannot_be_refreshed_is_dead(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE, hours=-1, refresh=""))
        assert keep_grant(user=self.user, consent=consent("two", NARROW))

    def test_what_was_asked_now_counts_when_neither_is_wider(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE))
        assert keep_grant(user=self.user, consent=consent("two", ["channel:read:ads"]))

    def test_or_all_of_both_is_asked_for_while_that_can_be(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE))
        with pytest.raises(Lacking) as lacking:
            keep_grant(user=self.user, consent=consent("two", ["channel:read:ads"]), is_last=False)
        assert lacking.value.scopes == sorted([*WIDE, "channel:read:ads"])
        assert self.token() == "one"

    def test_one_whose_key_is_gone_is_replaced(self) -> None:
        keep_grant(user=self.user, consent=consent("one", WIDE))
        with override_settings(FIELD_ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
            assert keep_grant(user=self.user, consent=consent("two", NARROW))
            assert self.token() == "two"

    def test_another_viewers_grant_is_another_row(self) -> None:
        other = make_user()
        keep_grant(user=self.user, consent=consent("one", NARROW))
        keep_grant(user=other, consent=consent("two", NARROW))
        assert self.token() == "one"


class AtRestTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        keep_grant(user=self.user, consent=consent("access-in-clear", NARROW, refresh="refresh"))

    def column(self, name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {name} FROM accounts_grant")  # noqa: S608
            return str(cursor.fetchone()[0])

    def test_no_column_holds_a_token_in_clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM accounts_grant")
            row = repr(cursor.fetchone())
        assert "access-in-clear" not in row
        assert "refresh" not in row.replace("user:read", "")
        assert self.column("access_token").startswith("gAAAA")

    def test_a_new_first_key_reads_the_old_and_writes_with_the_new(self) -> None:
        old_keys, new_key = settings.FIELD_ENCRYPTION_KEYS, Fernet.generate_key().decode()
        with override_settings(FIELD_ENCRYPTION_KEYS=[new_key, *old_keys]):
            assert Grant.objects.get().access_token == "access-in-clear"
            keep_grant(user=self.user, consent=consent("newer", NARROW))
        with override_settings(FIELD_ENCRYPTION_KEYS=[new_key]):
            assert Grant.objects.get().access_token == "newer"


class DanceTests(TestCase):
    def setUp(self) -> None:
        self.enterContext(local_twitch())
        self.browser = Dancer()

    def test_a_login_does_not_narrow_what_was_allowed(self) -> None:
        with override_settings(LOGIN_SCOPES=WIDE):
            self.browser.log_in_as("ada_streams")
        wide = Grant.objects.get()
        assert wide.scopes == sorted(WIDE)
        self.browser.log_in_as("ada_streams")
        again = Grant.objects.get()
        assert again.access_token == wide.access_token
        assert again.scopes == sorted(WIDE)

    def test_a_login_brings_a_dead_grant_back_to_life(self) -> None:
        self.browser.log_in_as("ada_streams")
        before = Grant.objects.get()
        Grant.objects.update(state=Grant.State.DEAD)
        self.browser.log_in_as("ada_streams")
        after = Grant.objects.get()
        assert after.state == Grant.State.ACTIVE
        assert after.access_token != before.access_token
