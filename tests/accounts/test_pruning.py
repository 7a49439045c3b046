"""Sessions that ran out."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.test import TestCase
from django.utils import timezone

from accounts.pruning import prune_sessions


class PruneSessionsTests(TestCase):
    def test_deletes_what_ran_out_and_nothing_else(self) -> None:
        now = timezone.now()
        for key, hours in [("old", -1), ("older", -900), ("new", 1)]:
            Session.objects.create(session_key=key, expire_date=now + timedelta(hours=hours))
        assert prune_sessions() == 2
        assert Session.objects.get().session_key == "new"
        assert prune_sessions() == 0
