"""How StreamWatch is doing, for the operator: numbers, and a plain sentence for each that is wrong.

Each app gives its own numbers by a `for_overview()`; here they get their words. Together they
are 16 queries, whose docstrings say what each reads: some 2 s with 500,000 promises and 80,000
messages an hour on a small, busy MariaDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Grant
from activity.models import Activity
from activity.ring_states import RingState, ring_states
from activity.templatetags.activity_words import grouped, lasted
from streamwatch.models import Lease
from subscriptions.models import Budget, EventSubSubscription, EventSubWant
from webhooks.models import MOST_COUNTED, InboxMessage, InboxNumbers

# Sweeps run every few seconds, and try again what failed after half a minute.
UNPROCESSED_TOO_LONG: Final = timedelta(minutes=1)
UNANNOUNCED_TOO_LONG: Final = timedelta(minutes=1)
BUDGET_TOO_OLD: Final = timedelta(minutes=10)
VALIDATION_TOO_LATE: Final = timedelta(minutes=15)
# A worker may be busy for a while; a task that was not seen for three turns and this is missing.
TASK_PATIENCE: Final = timedelta(minutes=2)
NO_WORKER: Final = "Are a worker and beat running, and do they reach the broker?"
REPAIR: Final = "Repair does it now."
RECONCILE: Final = "Reconcile now asks Twitch at once."


@dataclass(frozen=True, slots=True)
class Line:
    """One number; `trouble` says what is wrong and what to do, `link` leads to the rows."""

    name: str
    value: str
    trouble: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines that belong together."""

    title: str
    lines: Sequence[Line]

    @property
    def is_well(self) -> bool:
        return not any(line.trouble for line in self.lines)


def panels() -> list[Panel]:
    """The whole screen (16 queries)."""
    now = timezone.now()
    return [
        Panel("Messages from Twitch", [*_messages(now), _announcing(now)]),
        Panel("Promises of Twitch", [*_promises(now)]),
        Panel("Polling", [*_polling(now)]),
        Panel("Consents", [*_grants(now)]),
        Panel("Periodic work", [*_tasks(now)]),
    ]


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query


def _messages(now: datetime) -> Iterator[Line]:
    inbox = InboxMessage.objects.for_overview(now)
    rows = "webhooks_inboxmessage"
    yield Line("In the last minute", grouped(inbox.last_minute), link=_list(rows))
    a_minute = inbox.last_hour / 60
    yield Line("In the last hour", f"{grouped(inbox.last_hour)} ({a_minute:.1f} a minute)")
    yield _unprocessed(inbox, now)
    yield Line(
        "Given up in the last hour",
        _counted(inbox.given_up),
        "They failed six times. Read their problem, mend the cause, then process them again."
        if inbox.given_up
        else "",
        _list(rows, "?processing=given_up"),
    )


def _unprocessed(inbox: InboxNumbers, now: datetime) -> Line:
    trouble = value = ""
    if inbox.oldest is not None:
        age = now - inbox.oldest
        value = f"{_counted(inbox.unprocessed)}, the oldest waits for {_long(age)}"
        if age > UNPROCESSED_TOO_LONG:
            trouble = f"Messages should be processed within seconds. {NO_WORKER} {REPAIR}"
    link = _list("webhooks_inboxmessage", "?processing=unprocessed")
    return Line("Unprocessed", value or "none", trouble, link)


def _announcing(now: datetime) -> Line:
    oldest = Activity.objects.for_overview()
    if oldest is None:
        return Line("Oldest unannounced activity", "none")
    is_late = now - oldest > UNANNOUNCED_TOO_LONG
    trouble = "It should have been announced within seconds; the log says which part failed."
    return Line(
        "Oldest unannounced activity",
        _long(now - oldest),
        f"{trouble} {REPAIR}" if is_late else "",
        _list("activity_activity"),
    )


def _promises(now: datetime) -> Iterator[Line]:
    numbers = EventSubSubscription.objects.for_overview(now)
    missing = EventSubWant.objects.for_overview(now)
    rows = "subscriptions_eventsubsubscription"
    yield _budget(now)
    yield Line(
        "Without a place in the budget",
        grouped(numbers.without_place),
        "They are polled, which is slower. Streamers who allow StreamWatch anything cost nothing:"
        " send them the link to the consent page."
        if numbers.without_place
        else "",
        _list(rows, "?state=polled"),
    )
    enabled = f"{grouped(numbers.enabled)} of {grouped(numbers.total)}"
    yield Line("Enabled", enabled, _no_address(), _list(rows))
    for name, count, trouble, query in (
        ("Wanted, not asked for", missing, f"They are asked for within seconds. {NO_WORKER}", ""),
        ("Promised, not wanted", numbers.unwanted, "Twitch is told within seconds.", "unwanted"),
        ("Pending for long", numbers.pending, _unreachable(), "pending"),
        ("In trouble", numbers.in_trouble, "Each says why, and is tried again.", "trouble"),
    ):
        link = _list(rows, f"?state={query}") if query else _list("subscriptions_eventsubwant")
        yield Line(name, grouped(count), f"{trouble} {RECONCILE}" if count else "", link)


def _no_address() -> str:
    if settings.CAN_RECEIVE_WEBHOOKS:
        return ""
    return "Twitch sends to a public https address only: set PUBLIC_URL. Until then all is polled."


def _unreachable() -> str:
    return f"Twitch's challenge did not reach {settings.EVENTSUB_CALLBACK}."


def _budget(now: datetime) -> Line:
    budget = Budget.objects.first()
    if budget is None:
        trouble = f"It is read every minute. {NO_WORKER}" if settings.CAN_RECEIVE_WEBHOOKS else ""
        return Line("Budget used", "not known yet", trouble)
    used = 100 * budget.total_cost / max(1, budget.max_total_cost)
    cost, most = grouped(budget.total_cost), grouped(budget.max_total_cost)
    age = now - budget.as_of
    trouble = ""
    if age > BUDGET_TOO_OLD:
        trouble = f"Twitch said so {_long(age)} ago; it should be read every minute. {NO_WORKER}"
    return Line("Budget used", f"{cost} of {most} ({used:.0f} %)", trouble)


def _polling(now: datetime) -> Iterator[Line]:
    rings = ring_states(now)
    if not settings.POLL_POINTS_SHARE:
        trouble = "POLL_POINTS_SHARE is 0: what Twitch does not push is not heard of."
        yield Line("Polling", "switched off", trouble)
    elif not rings:
        yield Line("Polling", "not begun yet", f"It begins within seconds. {NO_WORKER}")
    for ring in rings:
        real = "no round is over yet" if ring.real_seconds is None else _seconds(ring.real_seconds)
        value = f"every {_seconds(ring.wanted_seconds)}; really: {real}"
        yield Line(f"Ring “{ring.name}”", value, _ring_trouble(ring), _list("activity_ring"))


def _ring_trouble(ring: RingState) -> str:
    if ring.is_stale:
        since = lasted(int(ring.stale_seconds))
        return f"It has been due for {since}, and nobody goes on. {NO_WORKER}"
    if ring.failures:
        return (
            f"Twitch gave no usable answer {ring.failures} times in a row; it is tried again by"
            " itself. The log names the error."
        )
    if ring.is_slow:
        return (
            f"It takes longer than wanted: more is watched than {settings.POLL_POINTS_SHARE} % of"
            " Twitch's points allow (POLL_POINTS_SHARE)."
        )
    return ""


def _grants(now: datetime) -> Iterator[Line]:
    numbers = Grant.objects.for_overview(before=now - VALIDATION_TOO_LATE)
    rows = "accounts_grant"
    yield Line("Active", grouped(numbers.active), link=_list(rows, "?state__exact=active"))
    # A dead one is mended by its viewer's next login: no trouble of the operator's.
    yield Line("Dead", grouped(numbers.dead), link=_list(rows, "?state__exact=dead"))
    late = f"Twitch demands it every hour. {NO_WORKER}"
    yield Line("Validation overdue", grouped(numbers.overdue), late if numbers.overdue else "")


def _tasks(now: datetime) -> Iterator[Line]:
    """Beat's tasks by their leases: each takes one, named after it."""
    every = {
        str(entry["task"]).replace(".tasks.", "."): float(entry["schedule"])  # type: ignore[arg-type]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }
    held = Lease.objects.for_overview(every.keys())
    for name, seconds in sorted(every.items()):
        yield _task(name, seconds, held.get(name), now)


def _task(name: str, seconds: float, until: datetime | None, now: datetime) -> Line:
    patience = timedelta(seconds=3 * seconds) + TASK_PATIENCE
    link = _list("streamwatch_lease")
    if until is None:
        # Beat counts from its own start; what runs seldom may not have had its turn.
        is_missing = seconds <= TASK_PATIENCE.total_seconds()
        trouble = f"It should run every {_seconds(seconds)}. {NO_WORKER}" if is_missing else ""
        return Line(name, "not seen yet", trouble, link)
    value = f"every {_seconds(seconds)}; "
    if until > now:
        return Line(name, f"{value}running, or just ended", link=link)
    trouble = f"It was not seen for {_long(now - until)}. {NO_WORKER}"
    is_stale = now - until > patience
    return Line(name, f"{value}{_long(now - until)} ago", trouble if is_stale else "", link)


def _counted(count: int) -> str:
    return grouped(count) + (" or more" if count >= MOST_COUNTED else "")


def _seconds(seconds: float) -> str:
    return lasted(round(seconds))


def _long(length: timedelta) -> str:
    return lasted(int(length.total_seconds()))
