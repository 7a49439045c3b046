"""How often streamers are looked at, which an upper app does and this one tells people."""

from __future__ import annotations

from collections.abc import Callable

from subscriptions import troubles

_periods: list[Callable[[], int]] = []


def register(period_seconds: Callable[[], int]) -> None:
    """Whoever polls streamers says how many seconds a round really takes."""
    _periods[:] = [period_seconds]


def without_address() -> str:
    """Why a row is in trouble where Twitch has no address to send to (1 query where polled)."""
    if not _periods or not (seconds := _periods[0]()):
        return troubles.NO_ADDRESS
    return f"Checked by polling every {seconds} s; {troubles.NO_ADDRESS} to tell us at once"
