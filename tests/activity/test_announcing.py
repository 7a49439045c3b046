"""Receivers hear of each Activity until each of them has heard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import TestCase
from django.utils import timezone

from activity.announcing import announce, sweep
from activity.models import Activity
from activity.signals import activities_recorded
from tests.factories import make_activity


class AnnouncingTests(TestCase):
    def setUp(self) -> None:
        self.heard: list[list[int]] = []
        self.connect(lambda ids: self.heard.append(ids))

    def connect(self, hear: Callable[[list[int]], object]) -> None:
        def receiver(*, ids: list[int], **_others: Any) -> None:
            hear(ids)

        activities_recorded.connect(receiver, weak=False)
        self.addCleanup(activities_recorded.disconnect, receiver)

    def make(self, *, seconds_ago: float) -> int:
        moment = timezone.now() - timedelta(seconds=seconds_ago)
        return make_activity(announced_at=None, recorded_at=moment, changed_at=moment).pk

    def unannounced(self) -> list[int]:
        return list(Activity.objects.filter(announced_at=None).values_list("pk", flat=True))

    def test_announced_once_all_have_heard(self) -> None:
        ids = [self.make(seconds_ago=1), self.make(seconds_ago=1)]
        with self.assertNumQueries(1):  # announced_at
            assert announce(ids)
        assert self.heard == [ids]
        assert self.unannounced() == []

    def test_receiver_that_fails_is_logged_and_keeps_nobody_from_hearing(self) -> None:
        self.connect(_fail)
        self.connect(lambda ids: self.heard.append(ids))
        pk = self.make(seconds_ago=1)
        with self.assertLogs("activity.announcing", "ERROR") as logs:
            assert not announce([pk])
        assert self.heard == [[pk], [pk]]
        assert self.unannounced() == [pk]
        assert "no room" in logs.output[0]

    def test_amended_while_being_announced_stays_unannounced(self) -> None:
        pk = self.make(seconds_ago=1)
        later = timezone.now() + timedelta(seconds=1)
        self.connect(lambda _ids: Activity.objects.update(changed_at=later))
        announce([pk])
        assert self.unannounced() == [pk]

    def test_sweep_announces_what_is_overdue_oldest_first(self) -> None:
        newer, older, fresh = (self.make(seconds_ago=age) for age in (6, 60, 2))
        make_activity()
        with self.assertNumQueries(2):  # what is overdue, announced_at
            assert sweep() == 2
        assert self.heard == [[older, newer]]
        assert self.unannounced() == [fresh]

    def test_sweep_with_nothing_to_do(self) -> None:
        with self.assertNumQueries(1):  # what is overdue
            assert sweep() == 0
        assert self.heard == []

    def test_one_that_no_receiver_can_take_holds_up_no_other(self) -> None:
        bad, good = self.make(seconds_ago=60), self.make(seconds_ago=30)
        self.connect(lambda ids: _fail(ids) if bad in ids else None)
        with self.assertLogs("activity.announcing", "ERROR"):
            assert sweep() == 1
        assert self.unannounced() == [bad]
        assert [good] in self.heard


def _fail(_ids: object) -> None:
    raise RuntimeError("no room")
