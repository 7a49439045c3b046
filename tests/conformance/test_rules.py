"""Each rule holds; and where the simulator breaks it, its check fails.

A check that nothing can make fail would say nothing about the simulator.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from simulator.courier import Courier
from simulator.helix import reading
from simulator.outbox import Outbox
from simulator.subscriptions import Asked, Refused, Subscriptions
from simulator.testing import Simulator
from tests.conformance import rules
from tests.simulator.callbacks import Callback

Rule = Callable[[Simulator, Callback], None]
Break = Callable[[pytest.MonkeyPatch], None]

headers, put, create = Courier._headers, Outbox._put, Subscriptions.create
SIGNATURE, ID = "Twitch-Eventsub-Message-Signature", "Twitch-Eventsub-Message-Id"


def sign_for_another_secret(patch: pytest.MonkeyPatch) -> None:
    """The signature is of the right form and wrong."""

    def wrong(self: Courier, message: sqlite3.Row, subscription: sqlite3.Row) -> dict[str, str]:
        other = dict(zip(subscription.keys(), subscription, strict=True)) | {"secret": "another"}
        return headers(self, message, other)  # type: ignore[arg-type]  # read by its keys only

    patch.setattr(Courier, "_headers", wrong)


def sign_without_the_timestamp(patch: pytest.MonkeyPatch) -> None:
    """The timestamp told is not the one signed."""

    def wrong(self: Courier, message: sqlite3.Row, subscription: sqlite3.Row) -> dict[str, str]:
        right = headers(self, message, subscription)
        return right | {"Twitch-Eventsub-Message-Timestamp": "2026-01-01T00:00:00.000000000Z"}

    patch.setattr(Courier, "_headers", wrong)


def renew_the_id(patch: pytest.MonkeyPatch) -> None:
    """Each try has an id of its own."""

    def wrong(self: Courier, message: sqlite3.Row, subscription: sqlite3.Row) -> dict[str, str]:
        right = headers(self, message, subscription)
        return right | {ID: f"{right[ID]}-{message['attempt']}"}

    patch.setattr(Courier, "_headers", wrong)


def hold_back_the_first(patch: pytest.MonkeyPatch) -> None:
    """The earlier a message, the longer it takes."""
    delays = iter([0.4, 0.3, 0.2, 0.1])

    def wrong(self: Outbox, *args: Any, **options: Any) -> str:
        if args[1] == "notification":
            options["delay"] = next(delays, 0.0)
        return put(self, *args, **options)

    patch.setattr(Outbox, "_put", wrong)


def skip_some(patch: pytest.MonkeyPatch) -> None:
    """A page begins some way behind where the last one ended."""

    def wrong(begin: int, end: int, *, more: bool) -> dict[str, str]:
        return {"cursor": reading.Cursor(begin, max(0, end - 60)).text()} if more else {}

    patch.setattr(reading, "pagination", wrong)


def show_one_twice(patch: pytest.MonkeyPatch) -> None:
    """A page begins where the last one's last item is."""

    def wrong(begin: int, end: int, *, more: bool) -> dict[str, str]:
        return {"cursor": reading.Cursor(begin, end + 1).text()} if more else {}

    patch.setattr(reading, "pagination", wrong)


def make_it_twice(patch: pytest.MonkeyPatch) -> None:
    """The second one is another subscription."""
    patch.setattr("simulator.subscriptions.LIVE_STATUSES", ("no such", "status"))


def keep_the_id_secret(patch: pytest.MonkeyPatch) -> None:
    """The 409 names no id."""

    def wrong(self: Subscriptions, asked: Asked) -> sqlite3.Row:
        try:
            return create(self, asked)
        except Refused as refused:
            raise Refused(refused.status, refused.message) from None

    patch.setattr(Subscriptions, "create", wrong)


CASES: list[tuple[Rule, Break]] = [
    (rules.signature, sign_for_another_secret),
    (rules.signature, sign_without_the_timestamp),
    (rules.repeat, renew_the_id),
    (rules.order, hold_back_the_first),
    (rules.paging, skip_some),
    (rules.paging, show_one_twice),
    (rules.conflict, make_it_twice),
    (rules.conflict, keep_the_id_secret),
]


@pytest.mark.parametrize(
    "expect_rule",
    [rules.signature, rules.repeat, rules.order, rules.paging, rules.conflict],
    ids=lambda rule: rule.__name__,
)
def test_the_rule_holds(simulator: Simulator, callback: Callback, expect_rule: Rule) -> None:
    expect_rule(simulator, callback)


@pytest.mark.parametrize(("rule", "broken"), CASES, ids=lambda one: one.__name__)
def test_breaking_the_rule_is_noticed(
    simulator: Simulator,
    callback: Callback,
    monkeypatch: pytest.MonkeyPatch,
    rule: Rule,
    broken: Break,
) -> None:
    broken(monkeypatch)
    with pytest.raises((AssertionError, KeyError)):
        rule(simulator, callback)
