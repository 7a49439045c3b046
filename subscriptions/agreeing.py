"""Making Twitch's list of promises and ours agree for one Twitch id.

Ours is what EventSubWant says; EventSubSubscription is where we are on the way. Each step can be
done again, by several workers at once too: Twitch answers 409 for what it has promised already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from streamwatch.crashing import crash_point
from streamwatch.models import Lease
from streamwatch.outages import patiently
from streamwatch.twitch.errors import (
    AlreadySubscribed,
    LimitReached,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)
from streamwatch.twitch.eventsub import VERSIONS, Status
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions import troubles
from subscriptions.consenting import is_by_moderator
from subscriptions.deciding import Deed, Step, as_promise, decide, is_due, strays
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import (
    ALIVE,
    LOOK_AGAIN,
    Key,
    Listed,
    callback,
    read_list,
    row_key,
    write,
    write_failure,
    write_polled,
    write_promise,
    write_replacement,
)

logger = logging.getLogger(__name__)

LEASE = "subscriptions.reconcile:"
# Shorter than the worst case: two at once do no harm, a worker that was killed delays the next.
LEASE_LIFETIME = timedelta(seconds=15)
ROUNDS = 3
LONGEST_RESET = timedelta(minutes=2)
NO_ADDRESS_AGAIN = timedelta(minutes=1)


def agree(*, subject_id: str, twitch: Helix) -> bool:
    """Make Twitch's list and ours agree for one Twitch id; False while another worker does it.

    One call to Twitch unless all is new, one more for each promise to make or to end (each at
    most 5 s a phase); no transaction is open meanwhile. What fails is written down with a time
    for another try; nothing of Twitch's is raised.
    """
    token = Lease.objects.take(LEASE + subject_id, lifetime=LEASE_LIFETIME)
    if not token:
        return False
    try:
        for _ in range(ROUNDS):
            this_round = _Round(subject_id, twitch)
            this_round.run()
            # What was wanted meanwhile found the lease taken.
            if _wanted(subject_id).keys() == this_round.wanted.keys():
                break
    finally:
        Lease.objects.give_back(LEASE + subject_id, token)
    return True


def _wanted(subject_id: str) -> dict[Key, dict[str, str]]:
    wants = EventSubWant.objects.current(timezone.now()).filter(subject_id=subject_id)
    found = wants.values_list("type", "condition_key", "condition").order_by("pk")
    return {(type_, key): condition for type_, key, condition in found}


class _Round:
    def __init__(self, subject_id: str, twitch: Helix) -> None:
        self.subject_id = subject_id
        self.twitch = twitch
        self.wanted = _wanted(subject_id)
        # Twitch takes no more calls until then.
        self.not_before: datetime | None = None
        # Its list was not read, and it gave no answer: other questions would only wait in vain.
        self.is_unread = self.is_away = False

    def run(self) -> None:
        rows = self._rows()
        if not settings.CAN_RECEIVE_WEBHOOKS:
            rows = self._without_address(rows)
        if not rows:
            return
        try:
            listed = self._listed(rows)
        except TwitchError as error:
            self._unread(rows, error)
            return
        for row in rows:
            is_wanted = row_key(row) in self.wanted
            self._carry_out(decide(row, is_wanted=is_wanted, listed=listed, now=timezone.now()))
        self._end_strays(listed, {row_key(row) for row in rows})

    def _listed(self, rows: Iterable[EventSubSubscription]) -> Listed:
        """What Twitch lists; not read for what was never asked for: 409 tells what is promised."""
        self.is_unread = all(map(self._is_new, rows))
        return Listed(()) if self.is_unread else read_list(self.subject_id, self.twitch)

    def _is_new(self, row: EventSubSubscription) -> bool:
        was_asked = row.twitch_id or row.status or row.trouble or row.checked_at
        return row_key(row) in self.wanted and not was_asked

    def _rows(self) -> list[EventSubSubscription]:
        """A row for each wanted promise, from before Twitch is asked; and those not wanted."""
        rows = EventSubSubscription.objects.filter(subject_id=self.subject_id).order_by("pk")
        found = list(rows)
        now = timezone.now()
        missing = [
            EventSubSubscription(
                type=type_,
                condition_key=key,
                subject_id=self.subject_id,
                due_at=now,
                changed_at=now,
            )
            for type_, key in self.wanted.keys() - {row_key(row) for row in found}
        ]
        if not missing:
            return found
        # Several workers' at once wait for each other where rows of before were deleted.
        patiently(lambda: EventSubSubscription.objects.bulk_create(missing, ignore_conflicts=True))
        return list(rows.all())  # read anew

    def _without_address(self, rows: list[EventSubSubscription]) -> list[EventSubSubscription]:
        """Nothing is asked for; what is left to do is to end what nobody wants."""
        for row in rows:
            if row_key(row) in self.wanted:
                due_at = timezone.now() + NO_ADDRESS_AGAIN
                write(row, trouble=troubles.NO_ADDRESS, due_at=due_at)
        return [row for row in rows if row_key(row) not in self.wanted]

    def _unread(self, rows: list[EventSubSubscription], error: TwitchError) -> None:
        logger.warning("list of promises for %s not read: %s", self.subject_id, error)
        at = _reset(error)
        for row in rows:
            if row.is_enabled or at:
                # It goes on sending; or there is nothing wrong but our haste.
                write(row, due_at=at or timezone.now() + timedelta(minutes=1))
            elif row.status == Status.PENDING or row.due_at is None or row.due_at <= timezone.now():
                write_failure(row, troubles.of_error(error))

    def _carry_out(self, step: Step) -> None:
        are_gone = self._end_all(step.ends)
        match step.deed:
            case Deed.DELETE:
                self._forget(step.row, are_gone)
            case Deed.POLL:
                self._give_up_place(step.row, are_gone)
            case Deed.CREATE | Deed.RECREATE:
                self._ask(step.row, standing=step.promise)
            case _ if step.promise:
                self._note(step, step.promise, are_gone)

    def _note(self, step: Step, promise: Promise, are_gone: bool) -> None:
        """Nothing is asked: write down what has become of a promise."""
        row = step.row
        match step.deed:
            case Deed.BURY:
                # Its id is kept until Twitch was told to delete it.
                twitch_id = "" if are_gone else row.twitch_id
                write_failure(row, step.why, status=promise.status[:64], twitch_id=twitch_id)
            case Deed.KEEP if promise.status in ALIVE:
                write_replacement(row, promise.twitch_id)
            case Deed.KEEP:
                write_failure(row, step.why, replacement_id="")
            case Deed.ADOPT if row.twitch_id and not are_gone:
                # Its id must not be forgotten before Twitch has ended it.
                write(row, due_at=timezone.now() + LOOK_AGAIN)
            case _:
                write_promise(row, promise)

    def _forget(self, row: EventSubSubscription, are_gone: bool) -> None:
        """Nobody wants it: the row goes once Twitch has been told."""
        if are_gone:
            # Not when another worker has had it promised anew meanwhile.
            EventSubSubscription.objects.filter(pk=row.pk, twitch_id=row.twitch_id).delete()
        elif self.not_before:
            write(row, due_at=self.not_before)
        else:
            write_failure(row, troubles.NO_ANSWER)

    def _give_up_place(self, row: EventSubSubscription, are_gone: bool) -> None:
        """The budget has no place for it: it is polled, which is no trouble."""
        if not are_gone:
            write(row, due_at=timezone.now() + LOOK_AGAIN)
        elif row.twitch_id or row.status or row.trouble or is_due(row, timezone.now()):
            write_polled(row)

    def _ask(self, row: EventSubSubscription, *, standing: Promise | None) -> None:
        if self.not_before:
            write(row, due_at=self.not_before)
            return
        if self.is_away:
            write_failure(row, troubles.NO_ANSWER)
            return
        try:
            promise = self.twitch.make_promise(
                type_name=row.type,
                version=VERSIONS.get(row.type, "1"),
                condition=self.wanted[row_key(row)],
                callback=callback(),
                secret=settings.TWITCH_EVENTSUB_SECRETS[0],
            )
        except AlreadySubscribed as error:
            self._adopt(row, error.twitch_id, standing)
        except TwitchError as error:
            self._refused(row, error, standing)
        else:
            crash_point("in-task")
            self._made(row, promise, standing)

    def _made(self, row: EventSubSubscription, promise: Promise, standing: Promise | None) -> None:
        if standing:
            write_replacement(row, promise.twitch_id)
        else:
            write_promise(row, promise)

    def _adopt(self, row: EventSubSubscription, twitch_id: str, standing: Promise | None) -> None:
        """Twitch has promised it already: take that promise over."""
        try:
            listed = read_list(self.subject_id, self.twitch)
        except TwitchError as error:
            self._refused(row, error, standing)
            return
        promise = listed.alive(row_key(row))
        if promise:
            self._made(row, promise, standing)
        elif standing and twitch_id == standing.twitch_id:
            # Twitch does not tell the two addresses apart: the former has to go first.
            if self._end_all([standing]):
                write(row, twitch_id="", status="", due_at=timezone.now())
        elif not twitch_id or twitch_id in listed.by_id:
            self._failed(row, troubles.ELSEWHERE, standing)
        else:
            # The list is some seconds behind the answer.
            self._made(row, as_promise(row, twitch_id, Status.PENDING), standing)

    def _refused(
        self, row: EventSubSubscription, error: TwitchError, standing: Promise | None
    ) -> None:
        logger.warning("%s not promised: %s", row, error)
        self.not_before = _reset(error)
        self.is_away = self.is_unread and isinstance(error, TwitchUnavailable)
        trouble = troubles.of_error(error)
        if trouble == troubles.NO_CONSENT and is_by_moderator(row):
            trouble = troubles.NO_MODERATOR
        if self.not_before:
            write(row, due_at=self.not_before)
        elif trouble == troubles.NO_BUDGET and not standing:
            write_polled(row)
        elif trouble == troubles.NO_BUDGET:
            # The former promise goes on sending: that is no trouble.
            self._failed(row, "", standing)
        else:
            self._failed(row, trouble, standing)

    def _failed(self, row: EventSubSubscription, trouble: str, standing: Promise | None) -> None:
        if standing:
            write_failure(row, trouble)
        else:
            write_failure(row, trouble, twitch_id="", status="")

    def _end_all(self, promises: Iterable[Promise]) -> bool:
        """Whether Twitch has deleted them, now or before. One that fails stops no other, unless
        Twitch takes no more calls."""
        return [self._end(promise) for promise in promises].count(False) == 0

    def _end(self, promise: Promise) -> bool:
        if self.not_before:
            return False
        error = _end(promise, self.twitch)
        self.not_before = _reset(error) if error else None
        return error is None

    def _end_strays(self, listed: Listed, known: set[Key]) -> None:
        for key, promises in strays(listed, known):
            end_stray(key, promises, twitch=self.twitch)


def end_stray(key: Key, promises: Iterable[Promise], *, twitch: Helix) -> None:
    """End what is promised to our address though neither want nor row knows of it (2 queries)."""
    this = {"type": key[0], "condition_key": key[1]}
    if (
        EventSubSubscription.objects.filter(**this).exists()
        or EventSubWant.objects.filter(**this).exists()
    ):
        return
    logger.warning("%s %s was promised, but nobody knows why: ended", *key)
    for promise in promises:
        _end(promise, twitch)


def _end(promise: Promise, twitch: Helix) -> TwitchError | None:
    """What keeps Twitch from deleting it; None when it is gone, now or before."""
    try:
        twitch.end_promise(promise.twitch_id)
    except TwitchError as error:
        if isinstance(error, TwitchRefused) and error.status == 404:
            return None
        logger.warning("promise %s not ended: %s", promise.twitch_id, error)
        return error
    return None


def _reset(error: TwitchError) -> datetime | None:
    """When Twitch takes calls again, if it is only their number that it minds."""
    if not isinstance(error, LimitReached) or error.reset_at is None:
        return None
    now = timezone.now()
    soonest, latest = now + timedelta(seconds=1), now + LONGEST_RESET
    # Twitch's number may be anything; a date it cannot be is as good as none.
    if not now.timestamp() < error.reset_at < latest.timestamp():
        return soonest if error.reset_at <= now.timestamp() else latest
    return max(soonest, datetime.fromtimestamp(error.reset_at, UTC))
