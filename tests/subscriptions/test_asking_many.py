"""Asking for many new promises, over HTTP with the simulator."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from django.test import TestCase
from django.utils import timezone

from accounts.twitch import helix
from streamwatch.twitch.errors import LimitReached, TwitchError, TwitchRefused, TwitchUnavailable
from streamwatch.twitch.helix import Helix, RateLimit
from streamwatch.twitch.payloads import Promise
from subscriptions import asking
from subscriptions.asking import ask_new
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import write_promise
from subscriptions.spending import spend
from tests.subscriptions.crowd import watch
from tests.subscriptions.twitch_here import listed, twitch_here

MOST = 50
AT_ONCE = 8


def ask() -> int:
    return ask_new(twitch=helix(), at_once=AT_ONCE, stop_at=time.monotonic() + 60)


class AskNewTests(TestCase):
    """60 streamers and room for going live of 49."""

    def setUp(self) -> None:
        self.simulator, _ = self.enterContext(
            twitch_here(max_total_cost=MOST, points_a_minute=100_000)
        )
        people = self.simulator.control.people()
        self.ids = sorted(one["id"] for one in people if not one["can_log_in"])
        watch(dict.fromkeys(self.ids, 1))
        spend(twitch=helix())
        self.asked: Counter[str] = Counter()
        real = Helix._once

        def once(this: Helix, method: str, path: str, *args: Any, **options: Any) -> dict[str, Any]:
            self.asked[method] += 1
            return real(this, method, path, *args, **options)

        self.enterContext(patch.object(Helix, "_once", once))

    def placed(self) -> list[EventSubSubscription]:
        return list(EventSubSubscription.objects.filter(has_place=True))

    def answers(self, error: TwitchError) -> Any:
        return patch.object(Helix, "make_promise", side_effect=error)

    def test_a_request_each(self) -> None:
        assert ask() == MOST - 1
        assert self.asked == {"POST": MOST - 1}
        promises = {one.twitch_id for one in helix().promises()}
        assert promises == {row.twitch_id for row in self.placed()}
        assert ask() == 0

    def test_few_queries_each(self) -> None:
        ask()
        EventSubSubscription.objects.filter(has_place=True).update(
            twitch_id="", status="", checked_at=None, due_at=timezone.now()
        )
        answer = Promise("id", "enabled", "stream.online", "1", {}, "", 1)
        # Rows; for each of two groups wants and token; one for each row.
        with (
            patch.object(Helix, "make_promise", return_value=answer),
            self.assertNumQueries(1 + 2 * 2 + MOST - 1),
        ):
            ask()

    def test_what_was_promised_to_a_worker_that_was_killed_is_adopted(self) -> None:
        crash = patch.object(asking, "crash_point", side_effect=KeyboardInterrupt)
        with crash, pytest.raises(KeyboardInterrupt):
            ask()
        assert not any(row.twitch_id for row in self.placed())
        ask()
        promises = {one.twitch_id for one in helix().promises()}
        assert len(promises) == MOST - 1
        assert promises == {row.twitch_id for row in self.placed()}

    def test_twitch_away_changes_nothing(self) -> None:
        for error in (TwitchUnavailable("away"), LimitReached(429, "Request limit exceeded", 0)):
            with self.subTest(error=error), self.answers(error) as asked:
                assert ask() == 0
                assert asked.call_count == asking.GROUP
                assert {(row.twitch_id, row.failures) for row in self.placed()} == {("", 0)}
        assert ask() == MOST - 1

    def test_a_refusal_is_trouble_of_that_one(self) -> None:
        with self.answers(TwitchRefused(403, "subscription missing proper authorization")):
            assert ask() == 0
        assert {row.trouble != "" for row in self.placed()} == {True}

    def test_what_cannot_be_written_down_is_put_off(self) -> None:
        real = write_promise
        bad = self.placed()[0]

        def write(row: EventSubSubscription, promise: Promise) -> None:
            if row.pk == bad.pk:
                raise ValueError("broken")
            real(row, promise)

        with patch.object(asking, "write_promise", write):
            assert ask() == MOST - 2
        bad.refresh_from_db()
        assert bad.due_at is not None
        assert bad.due_at > timezone.now()

    def test_what_nobody_wants_any_more_is_not_asked_for(self) -> None:
        row = self.placed()[0]
        EventSubWant.objects.filter(subject_id=row.subject_id).delete()
        assert ask() == MOST - 2
        assert listed(row.subject_id) == []

    def test_ends_in_time_and_leaves_a_quarter_of_the_points(self) -> None:
        assert ask_new(twitch=helix(), at_once=AT_ONCE, stop_at=time.monotonic()) == 0
        seen = RateLimit(800, 150, 0, time.time())
        with patch.dict(helix()._limits, {"": seen}):
            assert ask() == 0
        assert not self.asked
