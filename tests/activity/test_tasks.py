"""The periodic tasks: each does its work, and one at a time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.test import TestCase
from django.utils import timezone

from activity import tasks
from activity.models import Activity
from streamwatch.models import Lease
from tests.factories import make_activity

LONG_AGO = timedelta(days=200)


class TaskTests(TestCase):
    def setUp(self) -> None:
        make_activity(occurred_at=timezone.now() - LONG_AGO, announced_at=None)

    def test_sweep_announces_and_gives_the_lease_back(self) -> None:
        tasks.sweep()
        assert Activity.objects.get().announced_at is not None
        assert Lease.objects.take("activity.sweep", lifetime=timedelta(seconds=1))

    def test_sweep_leaves_the_work_to_whoever_is_at_it(self) -> None:
        Lease.objects.take("activity.sweep", lifetime=timedelta(seconds=60))
        tasks.sweep()
        assert Activity.objects.get().announced_at is None

    def test_prune_deletes_and_gives_the_lease_back(self) -> None:
        tasks.prune()
        assert not Activity.objects.exists()
        assert Lease.objects.take("activity.prune", lifetime=timedelta(seconds=1))

    def test_prune_leaves_the_work_to_whoever_is_at_it(self) -> None:
        Lease.objects.take("activity.prune", lifetime=timedelta(seconds=60))
        tasks.prune()
        assert Activity.objects.exists()

    def test_all_are_in_the_schedule(self) -> None:
        scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
        assert {f"activity.tasks.{name}" for name in ("sweep", "prune", "poll")} <= scheduled
