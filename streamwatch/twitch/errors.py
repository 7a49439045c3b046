"""What can go wrong between Twitch and us; one class per thing a caller treats differently."""

from __future__ import annotations


class TwitchError(Exception):
    """Anything Twitch would not or could not do."""


class TwitchUnavailable(TwitchError):
    """No usable answer: time-out, network, 5xx, or a body that is not what was promised."""


class TwitchRefused(TwitchError):
    """Twitch understood and said no (4xx). Trying the same again will not help."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class TokenRefused(TwitchRefused):
    """401: the token is dead or not for this client."""


class LimitReached(TwitchRefused):
    """429: `reset_at` (Unix seconds) when points ran out, None for EventSub's own limits."""

    def __init__(self, status: int, message: str, reset_at: int | None) -> None:
        super().__init__(status, message)
        self.reset_at = reset_at


class AlreadySubscribed(TwitchRefused):
    """409: an EventSub subscription with this type and condition exists; `twitch_id` names it."""

    def __init__(self, status: int, message: str, twitch_id: str) -> None:
        super().__init__(status, message)
        self.twitch_id = twitch_id


class BadMessage(TwitchError):
    """A webhook body that is not a Message of Twitch's. `str()` says why, for the log."""
