"""Reading from Twitch what it may not have told: rings of requests over all watched streamers.

A ring makes at most ten requests at once, about 100 streamers each where Twitch's list takes so
many and about one where it does not, and writes down how far it came. Whatever is read goes
through record(), which knows what has been told already (polling_answers.py).
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

from activity import polling_follows, rings
from activity.follow_readings import FollowerTotal
from activity.models import Ring
from activity.polling_answers import write
from streamwatch.crashing import crash_point
from streamwatch.twitch.errors import LimitReached, TokenRefused, TwitchError, TwitchRefused
from streamwatch.twitch.helix import Helix
from subscriptions.models import Streamer

logger = logging.getLogger(__name__)

IDS_A_REQUEST = 100
IN_FLIGHT = 10
# No group is begun later than this; the next run goes on.
RUN = timedelta(seconds=4)

Batch = Sequence[Streamer]
Ask = Callable[[Helix, Sequence[str]], Sequence[Any]]
ASK: dict[str, Ask] = {
    rings.STREAMS: lambda twitch, ids: twitch.live_streams(ids),
    rings.CHANNELS: lambda twitch, ids: twitch.channels(ids),
    rings.PROFILES: lambda twitch, ids: twitch.profiles(twitch_ids=ids),
    rings.FOLLOWERS: lambda twitch, ids: [
        FollowerTotal(one, total)
        for one in ids
        if (total := twitch.follower_total(one)) is not None
    ],
}


def poll(*, twitch: Helix) -> int:
    """Let the rings that are due go on as far as the points allow; how many requests that took,
    further pages and refreshed tokens not counted.

    Rings take turns, a group of at most ten requests each, for about 4 s. A group costs 4 to 8
    queries besides those of record(), the first and last of a round one or two more each. To be
    called by one process at a time (a lease); two at once are harmless, and whoever comes
    second stops. No transaction is open while Twitch is asked. Nothing of Twitch's is raised.
    """
    all_rings = rings.all_rings()
    run = _Run(twitch, rings.Pace(all_rings))
    try:
        is_going = True
        while is_going:
            # Whoever spent longest ago goes first, so that few points are shared fairly too.
            steps = [run.step(ring) for ring in sorted(all_rings, key=_last_spent)]
            is_going = any(steps)
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
        if ring.due_at > now or time.monotonic() > self._ends_at:
            return False
        places = self._places(ring, now)
        if not places:
            return False
        if not ring.cursor:
            rings.begin(ring, now)
            if ring.name == rings.FOLLOWED:
                polling_follows.forget()
        a_request = 1 if ring.name in rings.ONE_BY_ONE else IDS_A_REQUEST
        streamers = rings.watched_after(ring.name, ring.cursor, places * a_request)
        batches = [
            streamers[start : start + a_request] for start in range(0, len(streamers), a_request)
        ]
        done = self._read(ring, batches)
        if done < len(batches):
            return False
        if len(streamers) < places * a_request:
            rings.finish(ring, timezone.now(), self._pace)
            return False
        return True

    def _places(self, ring: Ring, now: datetime) -> int:
        """How many requests may go out now for the ring; 0 when none may."""
        if ring.name in rings.OWN_POINTS:
            return IN_FLIGHT
        if self._is_paused:
            return 0
        return self._pace.group(ring, now, self._twitch.rate_limit, IN_FLIGHT)

    def _read(self, ring: Ring, batches: Sequence[Batch]) -> int:
        """Ask about all batches at once; how many, from the first on, have been recorded."""
        if not batches:
            return 0
        asked_at = timezone.now()
        answers = self._answers(ring, batches, asked_at)
        self.requests += len(answers)
        done, trouble = _good_part(ring, answers)
        if done:
            answered = [
                (batch, answer)
                for batch, answer in zip(batches[:done], answers, strict=False)
                if not isinstance(answer, TwitchError)
            ]
            read = [streamer for batch, _ in answered for streamer in batch]
            found = [item for _, answer in answered for item in answer]
            write(ring, read, found, asked_at)
            crash_point("between-batches")
            if ring.failures and trouble is None:
                logger.info("ring %s goes on after %s failures", ring.name, ring.failures)
            failures = ring.failures if trouble and not answered else 0
            rings.advance(ring, batches[done - 1][-1].pk, self._pace, failures=failures)
        if trouble is not None:
            self._wait(ring, trouble)
        return done

    def _answers(self, ring: Ring, batches: Sequence[Batch], asked_at: datetime) -> list[Any]:
        if ring.name in rings.OWN_POINTS:
            streamers = [streamer for batch in batches for streamer in batch]
            return list(polling_follows.ask(self._twitch, streamers, asked_at))
        answers = self._asked(ASK[ring.name], batches)
        self._pace.spend(len(answers), asked_at, self._twitch.rate_limit)
        return answers

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


def _good_part(ring: Ring, answers: Sequence[Any]) -> tuple[int, TwitchError | None]:
    """How many answers from the first on can be used, and what is wrong with the next one.

    What concerns single streamers, and would be the same the next time, is passed over until the
    next round: a refusal, and where each streamer is asked about alone also no usable answer,
    unless nobody got one. After some failures in a row even that, so that a ring goes round.
    """
    passed_over: list[TwitchError] = []
    for number, answer in enumerate(answers):
        if isinstance(answer, TokenRefused | LimitReached):
            return number, answer
        if isinstance(answer, TwitchRefused) or (
            isinstance(answer, TwitchError) and ring.name in rings.ONE_BY_ONE
        ):
            passed_over.append(answer)
        elif isinstance(answer, TwitchError):
            return number, answer
    away = [error for error in passed_over if not isinstance(error, TwitchRefused)]
    if away and len(away) == len(answers):
        return len(answers) if ring.failures >= len(rings.BACK_OFF) else 0, away[0]
    if passed_over:
        logger.warning(
            "ring %s: %d of %d readings are passed over: %s",
            ring.name, len(passed_over), len(answers), passed_over[0],
        )  # fmt: skip
    return len(answers), None
