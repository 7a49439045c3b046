"""Tasks are published by streamwatch.queue alone, and waiting is a row, not an eta."""

from __future__ import annotations

import ast

import pytest

from tests.house.reading import app_python, assert_nothing, calls, findings, last_name

QUEUE = "streamwatch/queue.py"
PUBLISHING = {"delay", "apply_async", "send_task", "signature", "s", "si"}
LONGEST_WAIT_SECONDS = 60


def published(text: str) -> list[str]:
    """Calls that hand a task to the broker; only attributes, for a function `s()` is none."""
    return [
        f"{call.lineno}: {last_name(call.func)}"
        for call in calls(text)
        if isinstance(call.func, ast.Attribute) and call.func.attr in PUBLISHING
    ]


def long_waits(text: str) -> list[str]:
    """An eta, a countdown that is no number, or one of more than a minute."""
    found = []
    for call in calls(text):
        for word in call.keywords:
            is_wait = word.arg == "countdown" or (
                word.arg == "seconds" and last_name(call.func) == "enqueue"
            )
            if word.arg == "eta" or (is_wait and too_long(word.value, exact=word.arg != "seconds")):
                found.append(f"{call.lineno}: {word.arg}={ast.unparse(word.value)}")
    return found


def too_long(value: ast.expr, *, exact: bool) -> bool:
    """Numbers over a minute; where `exact`, also what is not a plain number."""
    try:
        number = ast.literal_eval(value)
    except ValueError:
        return exact
    return not isinstance(number, int | float) or number > LONGEST_WAIT_SECONDS


def test_only_the_queue_publishes() -> None:
    assert_nothing(findings(app_python(but=[QUEUE]), published))


def test_nothing_waits_at_the_broker() -> None:
    assert_nothing(findings(app_python(but=[QUEUE]), long_waits))


@pytest.mark.parametrize(
    "bad",
    [
        "reconcile.delay(3)",
        "tasks.sweep.apply_async((3,), retry=False)",
        "app.send_task('activity.tasks.sweep')",
        "chain(sweep.si())",
    ],
)
def test_publishing_is_found(bad: str) -> None:
    assert len(published(bad)) == 1
    assert published("enqueue(tasks.sweep, 3)") == []


@pytest.mark.parametrize(
    "bad",
    [
        "enqueue(sweep, 3, seconds=61)",
        "f(countdown=3600)",
        "f(countdown=delay)",
        "f(countdown=None)",
        "f(eta=now)",
    ],
)
def test_a_long_wait_is_found(bad: str) -> None:
    assert len(long_waits(bad)) == 1


@pytest.mark.parametrize(
    "good", ["enqueue(sweep, 3, seconds=60)", "enqueue(sweep, seconds=delay)", "f(countdown=5)"]
)
def test_a_short_wait_is_let_be(good: str) -> None:
    assert long_waits(good) == []
