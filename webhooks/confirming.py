"""After a challenge was answered: reading Twitch's list until it says enabled.

Twitch does not tell that a subscription was enabled, so its list is read again 1, 2, 5 and 15 s
after the answer; what is still pending then is the sweep's. Challenges for the same streamer are
one reading.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from heapq import heappop, heappush
from threading import Condition, Thread

from django.db import close_old_connections, connection

from accounts.twitch import helix
from streamwatch.twitch.errors import TwitchError
from subscriptions.models import APPLICATION
from subscriptions.reconciling import confirm

logger = logging.getLogger(__name__)

# After the challenge.
SECONDS = (1.0, 2.0, 5.0, 15.0)
STOP_SECONDS = 5.0
# More would be read by the sweep long before they are read here.
MOST_SUBJECTS = 10_000
SUBJECT_FIELDS = (
    *("broadcaster_user_id", "to_broadcaster_user_id", "from_broadcaster_user_id", "user_id"),
)


def subject_of(condition: Mapping[str, str]) -> str:
    """Whom a condition is about: a Twitch id, or the application; "" where it names none."""
    if condition.get("client_id"):
        return APPLICATION
    return next((condition[name] for name in SUBJECT_FIELDS if condition.get(name)), "")


class Confirmer:
    """Reads Twitch's list in a thread of its own, one subject after another."""

    def __init__(self) -> None:
        self._changed = Condition()
        # Times of time.monotonic(): when to read, the challenge it is for, whom it is about.
        self._due: list[tuple[float, float, str]] = []
        # The challenge whose readings count; those of earlier ones are passed over.
        self._challenged_at: dict[str, float] = {}
        self._thread: Thread | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Begin; nothing happens when it has begun."""
        if self._thread is None:
            self._is_stopping = False
            self._thread = Thread(target=self._run, name="confirmer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the reading in hand (at most 5 s); the sweep has the rest."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with self._changed:
                self._is_stopping = True
                self._due.clear()
                self._challenged_at.clear()
                self._changed.notify()
            thread.join(STOP_SECONDS)

    def note(self, subject_id: str) -> None:
        """A challenge for `subject_id` is being answered; from any thread."""
        now = time.monotonic()
        with self._changed:
            earlier = self._challenged_at.get(subject_id)
            # The first reading for the earlier one is still to come, and sees this one too.
            is_coming = earlier is not None and now < earlier + SECONDS[0]
            if subject_id and not is_coming and len(self._challenged_at) < MOST_SUBJECTS:
                self._challenged_at[subject_id] = now
                for seconds in SECONDS:
                    heappush(self._due, (now + seconds, now, subject_id))
                self._changed.notify()

    def _run(self) -> None:
        while reading := self._next():
            subject_id, challenged_at = reading
            if _is_confirmed(subject_id):
                self._end(subject_id, challenged_at)
        connection.close()

    def _next(self) -> tuple[str, float] | None:
        """Wait for the next reading that is due; None when told to stop."""
        with self._changed:
            while not self._is_stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                due_at, challenged_at, subject_id = heappop(self._due)
                if self._challenged_at.get(subject_id) != challenged_at:
                    continue
                if due_at == challenged_at + SECONDS[-1]:
                    del self._challenged_at[subject_id]
                return subject_id, challenged_at
        return None

    def _end(self, subject_id: str, challenged_at: float) -> None:
        with self._changed:
            # Another challenge may have come during the reading.
            if self._challenged_at.get(subject_id) == challenged_at:
                del self._challenged_at[subject_id]


def _is_confirmed(subject_id: str) -> bool:
    try:
        return confirm(subject_id=subject_id, twitch=helix())
    except TwitchError as error:
        logger.warning("Twitch's list was not read for %s: %s", subject_id, error)
    except Exception:
        # The next reading, or the sweep, will find out.
        logger.exception("confirming %s failed", subject_id)
        connection.close()
    finally:
        close_old_connections()
    return False
