"""enqueue(): on commit, and a broker that is away is never shown."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest
from django.db import transaction
from django.test import TestCase

from streamwatch.queue import enqueue


class EnqueueTests(TestCase):
    def setUp(self) -> None:
        self.task = MagicMock()
        self.task.name = "app.tasks.work"

    @pytest.fixture(autouse=True)
    def _log(self, caplog: pytest.LogCaptureFixture) -> None:
        self.caplog = caplog

    def test_nothing_is_sent_before_the_commit(self) -> None:
        with self.captureOnCommitCallbacks() as callbacks, transaction.atomic():
            enqueue(self.task, 1)
            assert not self.task.apply_async.called
        assert len(callbacks) == 1

    def test_ids_are_sent_without_retry_after_it(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            enqueue(self.task, 1, "two", seconds=5)
        self.task.apply_async.assert_called_once_with((1, "two"), countdown=5, retry=False)

    def test_a_broker_that_is_away_is_logged_only(self) -> None:
        self.task.apply_async.side_effect = ConnectionError("no broker")
        with self.captureOnCommitCallbacks(execute=True):
            enqueue(self.task, 1)
        assert "broker away: app.tasks.work(1,) is left to the sweep" in self.caplog.text

    def test_nothing_is_sent_when_the_transaction_is_rolled_back(self) -> None:
        def fail() -> None:
            with transaction.atomic():
                enqueue(self.task, 1)
                raise KeyError

        with self.captureOnCommitCallbacks(execute=True), pytest.raises(KeyError):
            fail()
        assert not self.task.apply_async.called
