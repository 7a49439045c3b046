"""A database from before Grants had a time to be validated at, or knew that they had ended."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.apps import apps
from django.test import TestCase
from django.utils import timezone

from accounts.models import FOLLOWED, FOLLOWERS, Grant
from tests.factories import make_user


class FillGrantsTests(TestCase):
    def setUp(self) -> None:
        self.since = timezone.now() - timedelta(days=3)
        for _ in range(120):
            Grant.objects.create(user=make_user())
        self.dead = Grant.objects.create(user=make_user(), state=Grant.State.DEAD)
        Grant.objects.update(updated_at=self.since)

    def fill(self) -> None:
        migration = import_module("accounts.migrations.0009_fill_grants")
        migration.fill(apps, None)

    def test_live_ones_are_due_within_the_hour_and_spread_over_it(self) -> None:
        self.fill()
        due = sorted(grant.due_at for grant in Grant.objects.active() if grant.due_at)
        assert len(due) == 120
        assert len(set(due)) == 60
        assert timezone.now() - timedelta(minutes=1) < due[0]
        assert due[-1] <= timezone.now() + timedelta(hours=1)
        self.dead.refresh_from_db()
        assert self.dead.due_at is None

    def test_they_are_there_since_they_were_last_written(self) -> None:
        self.fill()
        assert set(Grant.objects.values_list("granted_at", flat=True)) == {self.since}

    def test_twice_is_the_same_as_once(self) -> None:
        self.fill()
        before = list(Grant.objects.order_by("pk").values_list("due_at", "granted_at"))
        self.fill()
        assert list(Grant.objects.order_by("pk").values_list("due_at", "granted_at")) == before


class FillShowedFollowersTests(TestCase):
    def test_those_that_show_followers_and_dead_ones_that_did(self) -> None:
        showed = {
            Grant.objects.create(user=make_user(), scopes=[FOLLOWED, FOLLOWERS], state=state).pk
            for state in Grant.State
        }
        Grant.objects.create(user=make_user(), scopes=[FOLLOWED])
        migration = import_module("accounts.migrations.0012_fill_showed_followers")
        for _ in range(2):
            migration.fill(apps, None)
            found = Grant.objects.filter(showed_followers=True).values_list("pk", flat=True)
            assert set(found) == showed
