from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from activity.drafts import Draft
from tests.webhooks.messages import online
from webhooks import processing
from webhooks.models import InboxMessage
from webhooks.processing import claim_left_over, process
from webhooks.sweeping import sweep

SECOND = timedelta(seconds=1)


class ClaimTests(TestCase):
    def message(self, **fields: Any) -> InboxMessage:
        long_ago = timezone.now() - 100 * SECOND
        return online("1", "2", **{"received_at": long_ago, **fields})

    def test_takes_what_is_free_and_older_than_five_seconds(self) -> None:
        now = timezone.now()
        free = self.message()
        killed = self.message(claim="killed", claimed_at=now - 31 * SECOND)
        worked_at = self.message(claim="alive", claimed_at=now - 20 * SECOND)
        fresh = self.message(received_at=now - 2 * SECOND)
        done = self.message(processed_at=now)

        claim = claim_left_over(limit=10)
        mine = InboxMessage.objects.filter(claim=claim)
        assert set(mine.values_list("pk", flat=True)) == {free.pk, killed.pk}
        for message in mine:
            assert message.claimed_at is not None
            assert now - SECOND < message.claimed_at <= timezone.now()
        assert worked_at.pk not in mine.values_list("pk", flat=True)
        assert InboxMessage.objects.filter(pk__in=[fresh.pk, done.pk], claim="").count() == 2

    def test_nothing_left_is_no_claim(self) -> None:
        with self.assertNumQueries(1):  # what is left over
            assert claim_left_over(limit=10) == ""

    def test_oldest_first_and_no_more_than_asked(self) -> None:
        now = timezone.now()
        ages = [20, 50, 30, 40]
        pks = [self.message(received_at=now - age * SECOND).pk for age in ages]
        claim = claim_left_over(limit=2)
        claimed_pks = set(InboxMessage.objects.filter(claim=claim).values_list("pk", flat=True))
        assert claimed_pks == {pks[1], pks[3]}

    def test_what_another_claims_meanwhile_is_not_taken(self) -> None:
        self.message()
        real = InboxMessage.objects.left_over

        def another_is_faster(now: Any) -> Any:
            left = real(now)
            pks = list(left.values_list("pk", flat=True))
            InboxMessage.objects.update(claim="faster", claimed_at=timezone.now())
            return _Listed(pks)

        manager = type(InboxMessage.objects)
        with patch.object(manager, "left_over", lambda _self, now: another_is_faster(now)):
            assert claim_left_over(limit=10) == ""
        assert InboxMessage.objects.get().claim == "faster"


class _Listed:
    """What a query had read before another process wrote."""

    def __init__(self, pks: list[int]) -> None:
        self.pks = pks

    def values_list(self, *_names: str, flat: bool) -> list[int]:
        assert flat
        return self.pks


# The tests' SQLite lies in memory, where two threads do not wait for each other.
@pytest.mark.mariadb
class TwoWorkersTests(TransactionTestCase):
    def test_two_that_sweep_at_once_never_hold_the_same_message(self) -> None:
        long_ago = timezone.now() - 60 * SECOND
        for number in range(60):
            online("1", str(number), received_at=long_ago)
        seen: list[str] = []
        together = threading.Barrier(3)

        def record(drafts: Sequence[Draft]) -> None:
            seen.extend(draft.stream_id for draft in drafts if hasattr(draft, "stream_id"))

        def worker() -> None:
            together.wait(10)
            while claim := claim_left_over(limit=7):
                process(claim)
            connection.close()

        threads = [threading.Thread(target=worker) for _ in range(2)]
        with patch.object(processing, "record", record):
            for thread in threads:
                thread.start()
            together.wait(10)
            for thread in threads:
                thread.join(30)
        # One may have ended when the other was just faster.
        with patch.object(processing, "record", record):
            sweep()
        assert sorted(seen, key=int) == [str(number) for number in range(60)]
