from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

from django.conf import settings
from django.test import TestCase
from django.utils import timezone

from activity.models import Activity
from streamwatch.celery import app
from streamwatch.models import Lease
from tests.factories import make_message, make_streamer
from tests.webhooks.sending import online_body
from webhooks import pruning, sweeping, tasks
from webhooks.models import InboxMessage


class SweepTests(TestCase):
    def test_takes_up_what_a_killed_process_left(self) -> None:
        make_streamer(twitch_id="1337", login="cool_user")
        ago = timezone.now() - timedelta(seconds=40)
        make_message(body=online_body(), claim="killed", claimed_at=ago, received_at=ago)
        tasks.sweep()
        tasks.sweep()
        assert Activity.objects.filter(kind="online").count() == 1
        assert InboxMessage.objects.get().processed_at is not None

    def test_goes_on_until_nothing_is_left(self) -> None:
        ago = timezone.now() - timedelta(seconds=40)
        for _ in range(5):
            make_message(body=online_body(), received_at=ago)
        with patch.object(sweeping, "ROWS", 2):
            assert sweeping.sweep() == 5

    def test_stops_in_time(self) -> None:
        make_message(body=online_body(), received_at=timezone.now() - timedelta(seconds=40))
        with patch.object(sweeping, "SECONDS", 0):
            assert sweeping.sweep() == 0


class LeaseTests(TestCase):
    def test_two_at_once_are_harmless(self) -> None:
        for name, task, module in (
            ("webhooks.sweep", tasks.sweep, sweeping),
            ("webhooks.prune", tasks.prune, pruning),
        ):
            verb = name.rpartition(".")[2]
            with patch.object(module, verb) as work:
                token = Lease.objects.take(name, lifetime=timedelta(minutes=1))
                task()
                work.assert_not_called()
                Lease.objects.give_back(name, token)
                task()
                work.assert_called_once()

    def test_the_lease_is_given_back_also_after_an_error(self) -> None:
        with (
            patch.object(sweeping, "sweep", side_effect=ZeroDivisionError),
            self.assertRaises(ZeroDivisionError),
        ):
            tasks.sweep()
        assert Lease.objects.take("webhooks.sweep", lifetime=timedelta(minutes=1))


class ScheduleTests(TestCase):
    def test_beat_names_tasks_that_exist(self) -> None:
        app.loader.import_default_modules()
        named = {str(entry["task"]) for entry in settings.CELERY_BEAT_SCHEDULE.values()}
        ours = {name for name in named if name.startswith("webhooks.")}
        assert ours == {"webhooks.tasks.sweep", "webhooks.tasks.prune"}
        assert ours <= set(app.tasks)
