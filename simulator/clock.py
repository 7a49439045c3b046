"""The time, in the forms Twitch writes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

NANOSECONDS = 1_000_000_000


class Clock:
    """The time of day; tests may move it forward, and begin anew with the true one."""

    def __init__(self) -> None:
        self._ahead_ns = 0

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns() + self._ahead_ns

    def now(self) -> float:
        """Unix time in seconds."""
        return self.now_ns() / NANOSECONDS

    def advance(self, seconds: float) -> None:
        """Be so much further ahead of the true time."""
        self._ahead_ns += int(seconds * NANOSECONDS)

    def begin_anew(self) -> None:
        """Be ahead no more."""
        self._ahead_ns = 0


def rfc3339(unix_seconds: float) -> str:
    """2026-01-31T12:00:00Z, as Helix writes times."""
    return datetime.fromtimestamp(int(unix_seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_nanoseconds(unix_ns: int) -> str:
    """2026-01-31T12:00:00.123456789Z, as EventSub writes times."""
    seconds, fraction = divmod(unix_ns, NANOSECONDS)
    return f"{rfc3339(seconds)[:-1]}.{fraction:09d}Z"
