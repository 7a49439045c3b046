"""All wants against all of Twitch's list, in one pass: what would be done, and doing it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions.agreeing import agree, end_stray
from subscriptions.deciding import Deed, Step, decide, strays
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import Key, Listed, row_key
from subscriptions.spending import chosen_places

logger = logging.getLogger(__name__)

# Requests to Twitch at the same time.
AT_ONCE = 10
WORDS = {Deed.BURY: "recreate", Deed.KEEP: "leave"}
CHANGING = (Deed.CREATE, Deed.ADOPT, Deed.RECREATE, Deed.BURY, Deed.KEEP)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for every row, and what Twitch promises that nobody knows of."""

    steps: Sequence[Step]
    strays: Sequence[tuple[Key, Sequence[Promise]]]

    def lines(self) -> Iterator[tuple[str, str]]:
        """A word (create, delete, adopt, recreate, leave) and what it is about and why."""
        for step in self.steps:
            about = f"{step.row.type} {step.row.condition_key}"
            if step.deed in (Deed.DELETE, Deed.POLL):
                word = "delete" if step.ends or step.deed == Deed.DELETE else "leave"
                yield word, f"{about}: {step.why}"
                continue
            yield WORDS.get(step.deed, step.deed.value), f"{about}: {step.why}"
            for promise in step.ends:
                yield "delete", f"{about}: {promise.twitch_id} ({promise.status}) is not needed"
        for (type_, key), promises in self.strays:
            for promise in promises:
                yield "delete", f"{type_} {key}: nobody knows why {promise.twitch_id} was promised"

    def subjects(self) -> Iterator[list[str]]:
        """The Twitch ids to reconcile: first those that leave room, then those that need it."""
        leaving = {step.row.subject_id: None for step in self.steps if step.ends}
        leaving |= {step.row.subject_id: None for step in self.steps if step.deed == Deed.DELETE}
        yield list(leaving)
        asking = {step.row.subject_id: None for step in self.steps if step.deed in CHANGING}
        yield [subject_id for subject_id in asking if subject_id not in leaving]


def plan(*, twitch: Helix) -> Plan:
    """Compare everything; writes nothing (5 queries; one call to Twitch a hundred promises).

    Raises:
        TwitchError: Twitch's list could not be read.
    """
    now = timezone.now()
    chosen = chosen_places(twitch.total_cost())
    rows = {row_key(row): row for row in EventSubSubscription.objects.order_by("pk")}
    listed = Listed(twitch.promises())
    for key, (subject_id, has_place) in chosen.items():
        if key not in rows:
            rows[key] = EventSubSubscription(
                type=key[0], condition_key=key[1], subject_id=subject_id, due_at=now
            )
        rows[key].has_place = has_place
    steps = [
        decide(row, is_wanted=key in chosen, listed=listed, now=now) for key, row in rows.items()
    ]
    wants = EventSubWant.objects.values_list("type", "condition_key")
    known = {*rows, *wants.distinct()}
    return Plan(steps, [*strays(listed, known)])


def carry_out(plan: Plan, *, twitch: Helix) -> Counter[str]:
    """Do what is planned, at most 10 requests at once; how many Twitch ids were done and not.

    Each is compared once more for itself, under the lease that every worker takes: so it can be
    killed and begun again, and run twice at once. Counts `done`, `busy` (another worker does it)
    and `failed`.
    """
    counts: Counter[str] = Counter()
    for key, promises in plan.strays:
        end_stray(key, promises, twitch=twitch)
    for subjects in plan.subjects():
        counts.update(_each(subjects, twitch))
    return counts


def _each(subjects: Sequence[str], twitch: Helix) -> Iterator[str]:
    if connection.vendor == "sqlite":
        # It has one writer: several would wait for each other.
        yield from (_one(subject_id, twitch) for subject_id in subjects)
        return
    threads = ThreadPoolExecutor(AT_ONCE, "reconcile")
    try:
        yield from threads.map(lambda subject_id: _in_thread(subject_id, twitch), subjects)
    finally:
        threads.shutdown(cancel_futures=True)


def _in_thread(subject_id: str, twitch: Helix) -> str:
    try:
        return _one(subject_id, twitch)
    finally:
        connection.close()


def _one(subject_id: str, twitch: Helix) -> str:
    try:
        return "done" if agree(subject_id=subject_id, twitch=twitch) else "busy"
    except Exception:
        # One that cannot be done must not keep all others from it.
        logger.exception("reconciling %s failed", subject_id)
        return "failed"
