"""The words templates use for times, durations and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from unittest.mock import patch

import pytest

from activity.templatetags import activity_words as words

NOW = datetime(2025, 11, 24, 5, 12, 9, 250_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock_stands_still() -> Iterator[None]:
    with patch("activity.templatetags.activity_words.timezone.now", return_value=NOW):
        yield


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=-40), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), "17 Nov 2025"),
    ],
)
def test_ago_uses_the_largest_fitting_unit_and_then_a_date(before: timedelta, said: str) -> None:
    assert words.ago(NOW - before) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(minutes=40), "within 40 min"),
        (timedelta(hours=19, minutes=59), "within 19 h 59 min"),
        (timedelta(hours=20), "since yesterday"),
        (timedelta(hours=30), "since yesterday"),
        (timedelta(hours=30, seconds=1), "since 22 Nov 2025"),
        (timedelta(days=3), "since 21 Nov 2025"),
    ],
)
def test_since_says_yesterday_for_about_a_day(before: timedelta, said: str) -> None:
    assert words.since((NOW - before).isoformat(), NOW) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (12_345, "+12,345 followers"),
        (1, "+1 follower"),
        (-1, "1 follower fewer"),
        (-1200, "1,200 followers fewer"),
    ],
)
def test_followers_gained_or_fewer(number: int, said: str) -> None:
    assert words.followers_gained(number) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (45, "45 s"),
        (720, "12 min"),
        (7200, "2 h"),
        (7500, "2 h 5 min"),
        (97_200, "1 day 3 h"),
        (172_800, "2 days"),
    ],
)
def test_lasted_names_at_most_two_units(seconds: int, said: str) -> None:
    assert words.lasted(seconds) == said


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(hours=5), "today"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=200), "6 months"),
        (timedelta(days=729), "24 months"),
        (timedelta(days=2400), "6 years"),
    ],
)
def test_age_has_one_unit(before: timedelta, said: str) -> None:
    assert words.age(NOW - before) == said


def test_uptime_is_a_clock_that_does_not_wrap_after_a_day() -> None:
    assert words.uptime(NOW - timedelta(hours=2, minutes=5, seconds=13)) == "2:05:13"
    assert words.uptime(NOW - timedelta(hours=50)) == "50:00:00"


def test_iso_is_utc_whatever_the_zone_and_always_as_long() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert words.iso(elsewhere) == "2025-11-24T05:12:09.250Z"
    assert words.iso(NOW.replace(microsecond=0)) == "2025-11-24T05:12:09.000Z"


def test_exact_names_its_zone() -> None:
    assert words.exact(NOW) == "Mon 24 Nov 2025, 05:12:09 UTC"


def test_grouped_separates_thousands() -> None:
    assert words.grouped(1_234_567) == "1,234,567"


def test_nothing_known_is_said_as_nothing() -> None:
    for word in (words.iso, words.exact, words.day, words.ago, words.uptime, words.age):
        assert word(None) == ""
    assert words.lasted(None) == ""
    assert words.grouped(None) == ""
