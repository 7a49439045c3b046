"""Words for times, durations and numbers in templates; static/js/times.js says the same words."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils import timezone

register = template.Library()

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY
# From here on a date says more than a count of days.
DATES_AFTER = 7 * DAY
# About a day ago, as a daily look is never on the second.
YESTERDAY = (20 * HOUR, 30 * HOUR)


def _seconds_since(moment: datetime) -> int:
    """Whole seconds from `moment` to now; never negative, for clocks differ a little."""
    return max(0, int((timezone.now() - moment).total_seconds()))


def _count(number: int, word: str) -> str:
    """`1 day`, `2 days`: the number with its word in the plural where it needs one."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


@register.filter
def iso(moment: datetime | None) -> str:
    """UTC with milliseconds and `Z`, always the same length, so that it sorts as text."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def exact(moment: datetime | None) -> str:
    """The moment in full for a tooltip; the page's JavaScript puts it into the reader's zone."""
    if moment is None:
        return ""
    return f"{moment.astimezone(UTC):%a} {day(moment)}, {moment.astimezone(UTC):%H:%M:%S} UTC"


@register.filter
def day(moment: datetime | None) -> str:
    """`3 Mar 2024`, in UTC."""
    if moment is None:
        return ""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y}"


@register.filter
def ago(moment: datetime | None) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 days ago`, and a date from the 7th day on."""
    if moment is None:
        return ""
    seconds = _seconds_since(moment)
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min ago"
    if seconds < DAY:
        return f"{seconds // HOUR} h ago"
    if seconds < DATES_AFTER:
        return f"{_count(seconds // DAY, 'day')} ago"
    return day(moment)


@register.filter
def lasted(seconds: int | None) -> str:
    """A length in its two largest units: `45 s`, `12 min`, `2 h 5 min`, `1 day 3 h`."""
    if seconds is None:
        return ""
    seconds = max(0, int(seconds))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return _pair(f"{seconds // HOUR} h", seconds % HOUR // MINUTE, "min")
    return _pair(_count(seconds // DAY, "day"), seconds % DAY // HOUR, "h")


def _pair(large: str, small: int, unit: str) -> str:
    """`2 h 5 min`, but `2 h` when the smaller part is nought."""
    return f"{large} {small} {unit}" if small else large


@register.filter
def uptime(started_at: datetime | None) -> str:
    """How long since `started_at` as a clock, `2:05:13`; the page lets it tick."""
    if started_at is None:
        return ""
    minutes, seconds = divmod(_seconds_since(started_at), MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


@register.filter
def age(born_at: datetime | None) -> str:
    """The age of a channel in one unit: `today`, `12 days`, `7 months`, `6 years`."""
    if born_at is None:
        return ""
    seconds = _seconds_since(born_at)
    if seconds < DAY:
        return "today"
    if seconds < 60 * DAY:
        return _count(seconds // DAY, "day")
    if seconds < 2 * YEAR:
        return _count(seconds // (30 * DAY), "month")
    return _count(seconds // YEAR, "year")


@register.filter
def since(began: str, until: datetime) -> str:
    """From `began` (ISO 8601) to `until`: `since yesterday` for about a day, which stays true as
    long as it stands beside the day of `until`; `within 5 h`; `since 21 Nov 2026`, in UTC."""
    began_at = datetime.fromisoformat(began)
    seconds = (until - began_at).total_seconds()
    if seconds < YESTERDAY[0]:
        return f"within {lasted(int(seconds))}"
    return "since yesterday" if seconds <= YESTERDAY[1] else f"since {day(began_at)}"


@register.filter
def followers_gained(number: int) -> str:
    """`+312 followers`, `+1 follower`, `12 followers fewer`."""
    words = "follower" if abs(number) == 1 else "followers"
    return f"+{number:,} {words}" if number > 0 else f"{-number:,} {words} fewer"


@register.filter
def grouped(number: int | None) -> str:
    """A number with separators: `12,345`."""
    return "" if number is None else f"{int(number):,}"
