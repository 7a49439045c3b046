"""Reading from Twitch what it may not have told: rings of requests over all watched streamers.

A ring asks 100 streamers a request, at most ten requests at once, and writes down how far it
came. Whatever is read goes through record(), which knows what has been told already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from activity import rings
from activity.drafts import Draft
from activity.models import Ring
from activity.readings import Moment, read_channels, read_profiles, read_streams
from activity.recording import record
from activity.viewers import note_viewers
from streamwatch.crashing import crash_point
from streamwatch.twitch.errors import LimitReached, TokenRefused, TwitchError, TwitchRefused
from streamwatch.twitch.helix import Helix
from subscriptions.models import Streamer

logger = logging.getLogger(__name__)

IDS_A_REQUEST = 100
IN_FLIGHT = 10
# Drafts in one transaction: what it locks, pushes wait for.
RECORDED_AT_ONCE = 100
# No group is begun later than this; the next run goes on.
RUN = timedelta(seconds=4)

Batch = Sequence[Streamer]
Ask = Callable[[Helix, Sequence[str]], Sequence[Any]]
ASK: dict[str, Ask] = {
    rings.STREAMS: lambda twitch, ids: twitch.live_streams(ids),
    rings.CHANNELS: lambda twitch, ids: twitch.channels(ids),
    rings.PROFILES: lambda twitch, ids: twitch.profiles(twitch_ids=ids),
}


def poll(*, twitch: Helix) -> int:
    """Let the rings that are due go on as far as the points allow; how many requests that took.

    Rings take turns, a group of at most ten requests each, for about 4 s. A group costs 4 to 6
    queries besides those of record(), the first and last of a round one more each. To be
    called by one process at a time (a lease); two at once are harmless, and whoever comes
    second stops. No transaction is open while Twitch is asked. Nothing of Twitch's is raised.
    """
    all_rings = rings.all_rings()
    run = _Run(twitch, rings.Pace(all_rings))
    try:
        # Whoever spent longest ago goes first, so that few points are shared fairly too.
        while any(run.step(ring) for ring in sorted(all_rings, key=_last_spent)):
            pass
    except rings.RingMoved as moved:
        logger.info("ring %s is being moved by another worker", moved)
    return run.requests


class _Run:
    """One run: its end, and what it may spend."""

    def __init__(self, twitch: Helix, pace: rings.Pace) -> None:
        self.requests = 0
        self._twitch = twitch
        self._pace = pace
        self._ends_at = time.monotonic() + RUN.total_seconds()
        self._is_paused = False

    def step(self, ring: Ring) -> bool:
        """Read one group; False when the ring must not go on now."""
        now = timezone.now()
        if self._is_paused or ring.due_at > now or time.monotonic() > self._ends_at:
            return False
        seen = self._twitch.rate_limit
        # Not less than a whole group: points that come one by one would cost a query each.
        allowed = min(IN_FLIGHT, self._pace.at_most(seen))
        if self._pace.allowed(now, seen) < allowed:
            return False
        if not ring.cursor:
            rings.begin(ring, now)
        streamers = rings.watched_after(ring.cursor, allowed * IDS_A_REQUEST)
        batches = [
            streamers[start : start + IDS_A_REQUEST]
            for start in range(0, len(streamers), IDS_A_REQUEST)
        ]
        done = self._read(ring, batches)
        if done < len(batches):
            return False
        if len(streamers) < allowed * IDS_A_REQUEST:
            rings.finish(ring, timezone.now(), self._pace)
            return False
        return True

    def _read(self, ring: Ring, batches: Sequence[Batch]) -> int:
        """Ask about all batches at once; how many, from the first on, have been recorded."""
        if not batches:
            return 0
        asked_at = timezone.now()
        answers = self._asked(ASK[ring.name], batches)
        self.requests += len(answers)
        self._pace.spend(len(answers), asked_at, self._twitch.rate_limit)
        done, trouble = _good_part(ring.name, answers)
        if done:
            answered = [
                (batch, answer)
                for batch, answer in zip(batches[:done], answers, strict=False)
                if not isinstance(answer, TwitchError)
            ]
            read = [streamer for batch, _ in answered for streamer in batch]
            found = [item for _, answer in answered for item in answer]
            _write(ring, read, found, asked_at)
            crash_point("between-batches")
            if ring.failures and trouble is None:
                logger.info("ring %s goes on after %s failures", ring.name, ring.failures)
            rings.advance(ring, batches[done - 1][-1].pk, self._pace)
        if trouble is not None:
            self._wait(ring, trouble)
        return done

    def _asked(self, ask: Ask, batches: Sequence[Batch]) -> list[Any]:
        """The answer, or Twitch's error, for each batch.

        The first one is asked alone where there are several: that renews a dead token once,
        and the threads that ask the others need no database.
        """
        ids = [[streamer.twitch_id for streamer in batch] for batch in batches]
        first = _answer(ask, self._twitch, ids[0])
        if len(ids) == 1 or isinstance(first, TwitchError):
            return [first]
        try:
            held = self._twitch.hold()
        except TwitchError:  # The token ends just now: the next group begins with a new one.
            return [first]
        with ThreadPoolExecutor(IN_FLIGHT) as threads:
            return [first, *threads.map(partial(_answer, ask, held), ids[1:])]

    def _wait(self, ring: Ring, trouble: TwitchError) -> None:
        now = timezone.now()
        is_first = not ring.failures
        if isinstance(trouble, LimitReached):
            self._is_paused = True
            until = rings.pause(ring, trouble.reset_at, now, self._pace)
            what = f"Twitch's points are used up; polling waits until {until:%H:%M:%S}"
        else:
            rings.back_off(ring, now, self._pace)
            what = "polling waits for Twitch"
        # One line for a row of failures, however long.
        logger.log(
            logging.WARNING if is_first else logging.DEBUG, "ring %s: %s: %s",
            ring.name, what, trouble,
        )  # fmt: skip


def _last_spent(ring: Ring) -> datetime:
    return ring.spent_until


def _answer(ask: Ask, twitch: Helix, ids: Sequence[str]) -> Sequence[Any] | TwitchError:
    try:
        return ask(twitch, ids)
    except TwitchError as error:
        return error


def _good_part(name: str, answers: Sequence[Any]) -> tuple[int, TwitchError | None]:
    """How many answers from the first on can be used, and what is wrong with the next one.

    A refusal that would be the same the next time is passed over until the next round.
    """
    for number, answer in enumerate(answers):
        if isinstance(answer, TokenRefused | LimitReached):
            return number, answer
        if isinstance(answer, TwitchRefused):
            logger.warning("ring %s: Twitch refused a reading: %s", name, answer)
        elif isinstance(answer, TwitchError):
            return number, answer
    return len(answers), None


def _write(ring: Ring, read: Batch, found: Sequence[Any], asked_at: datetime) -> None:
    match ring.name:
        case rings.STREAMS:
            moment = Moment(asked_at, ring.round_began_at or asked_at)
            streams = read_streams(read, found, moment)
            _record(streams.drafts)
            streams.write_absences()
            note_viewers([streamer.pk for streamer in read], found)
        case rings.CHANNELS:
            _record(read_channels(read, found, asked_at))
        case rings.PROFILES:
            _record(read_profiles(read, found, asked_at))


def _record(drafts: Sequence[Draft]) -> None:
    for start in range(0, len(drafts), RECORDED_AT_ONCE):
        record(drafts[start : start + RECORDED_AT_ONCE])
