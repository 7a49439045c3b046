"""The end of a Grant, when Twitch says so."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from accounts.granting import Consent, keep_grant
from accounts.models import Grant
from accounts.revoking import end_grant, note_revoked
from tests.accounts.grants import assert_ended, grant_of
from tests.factories import make_user

CONSENT = Consent(access_token="a", refresh_token="r", scopes=["x"], expires_at=None)
SECOND = timedelta(seconds=1)


class NoteRevokedTests(TestCase):
    def setUp(self) -> None:
        self.user = make_user()
        keep_grant(user=self.user, consent=CONSENT)

    def note(self, seconds: float = 1) -> bool:
        at = timezone.now() + timedelta(seconds=seconds)
        return note_revoked(twitch_id=self.user.twitch_id, at=at)

    def test_ends_the_grant_and_the_sessions(self) -> None:
        self.client.force_login(self.user)
        assert self.note()
        assert_ended(self.user, Grant.Ending.REVOKED)
        assert self.client.get("/home/").status_code == 302

    def test_the_same_again_changes_nothing(self) -> None:
        assert self.note()
        assert not self.note()
        assert_ended(self.user, Grant.Ending.REVOKED)

    def test_a_consent_given_since_is_asked_about_instead(self) -> None:
        assert not self.note(-60)
        grant = grant_of(self.user)
        assert grant.state == Grant.State.ACTIVE
        assert grant.due_at is not None
        assert grant.due_at <= timezone.now()

    def test_one_from_before_anybody_noted_when_counts_as_older(self) -> None:
        Grant.objects.update(granted_at=None)
        assert self.note()

    def test_somebody_who_never_logged_in_is_nobody(self) -> None:
        assert not note_revoked(twitch_id="nobody", at=timezone.now())

    def test_another_viewer_is_left_alone(self) -> None:
        other = make_user()
        keep_grant(user=other, consent=CONSENT)
        self.note()
        assert grant_of(other).access_token == "a"

    def test_who_has_none_loses_none(self) -> None:
        other = make_user()
        assert not end_grant(user_id=other.pk, ending=Grant.Ending.REVOKED)
        other.refresh_from_db()
        assert other.session_epoch == 0

    def test_a_session_begun_after_the_end_lives(self) -> None:
        self.note()
        keep_grant(user=self.user, consent=CONSENT)
        self.user.refresh_from_db()
        self.client.force_login(self.user)
        assert self.client.get("/home/").status_code == 200
