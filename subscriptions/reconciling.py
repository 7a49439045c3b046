"""What Twitch promised, as the other apps deal with it: reconcile, confirm, note a revocation."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from django.utils import timezone

from accounts.revoking import validate_soon
from streamwatch.queue import enqueue
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Promise
from subscriptions import agreeing, points, tasks
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import ALIVE, Listed, read_list, write_death, write_promise

logger = logging.getLogger(__name__)

# Of one press of an operator's button.
MOST_AT_ONCE = 100
MOST_HASTENED = 1_000


def reconcile_streamer(*, subject_id: str, twitch: Helix) -> bool:
    """Make Twitch's list and ours agree for one Twitch id; see `agreeing.agree()`."""
    return agreeing.agree(subject_id=subject_id, twitch=twitch)


def reconcile_soon(*, subject_ids: Collection[str]) -> int:
    """Have a worker reconcile these Twitch ids at once; how many they are (1 query).

    All they have becomes due, so that the sweep has what a broker that is away, or a worker that
    has no time, leaves.
    """
    wanted = sorted(set(subject_ids))
    if wanted:
        EventSubSubscription.objects.of_streamers(wanted).update(due_at=timezone.now())
        enqueue(tasks.reconcile_streamers, *wanted)
    return len(wanted)


def reconcile_due() -> int:
    """Have a worker reconcile what is due, 100 Twitch ids at most; how many (4 queries).

    Not asked for yet first, then the longest waiting. By indexes: what nobody wants any more is
    due within 10 min.
    """
    now = timezone.now()
    found: dict[str, None] = {}
    for query in (
        EventSubWant.objects.newest().current(now).without_row().order_by("pk"),
        EventSubSubscription.objects.due(now),
    ):
        subject_ids = query.values_list("subject_id", flat=True)
        found |= dict.fromkeys(subject_ids[: 6 * MOST_AT_ONCE])
    return reconcile_soon(subject_ids=list(found)[:MOST_AT_ONCE])


def hasten() -> int:
    """Make due what is in trouble or pending for long, 1,000 rows at most; how many (2 queries).

    The sweep takes them up, whatever their back-off was. Once they are due there is nothing
    left to do here.
    """
    now = timezone.now()
    held_up = EventSubSubscription.objects.held_up(now).order_by("due_at")
    pks = list(held_up.values_list("pk", flat=True)[:MOST_HASTENED])
    enqueue(tasks.sweep)
    return EventSubSubscription.objects.filter(pk__in=pks).update(due_at=now) if pks else 0


def confirm(*, subject_id: str, twitch: Helix) -> bool:
    """Read Twitch's list for one Twitch id and write down what it says; True when it is final.

    To be called a few times after a challenge was answered. One call to Twitch (at most 5 s a
    phase) when something is pending and points are plenty, none otherwise. Nothing of Twitch's is
    raised.
    """
    rows = list(EventSubSubscription.objects.filter(subject_id=subject_id).order_by("pk"))
    if not any(map(_is_pending, rows)):
        return True
    if not points.are_plenty(twitch.rate_limit):
        return False  # The whole list will tell, at a hundredth of the points.
    try:
        listed = read_list(subject_id, twitch)
    except TwitchError as error:
        logger.warning("list of promises for %s not read: %s", subject_id, error)
        return False
    for row in filter(_has_place, rows):
        _note(row, listed)
    return not any(map(_is_pending, rows))


def _note(row: EventSubSubscription, listed: Listed) -> None:
    """Write down what the list says about one row."""
    alive = listed.alive((row.type, row.condition_key))
    own = listed.by_id.get(row.twitch_id)
    if listed.standing(row):
        if alive and alive.status == Status.ENABLED:
            # The former promise can be ended now.
            enqueue(tasks.reconcile_streamer, row.subject_id)
    elif alive:
        write_promise(row, alive)
    elif own and own.status not in ALIVE and row.status != own.status:
        write_death(row, own)
        enqueue(tasks.reconcile_streamer, row.subject_id)


def note_revocation(*, promise: Promise) -> None:
    """Twitch told us that it ended a promise: write down why, and have it asked for again.

    No call to Twitch. A promise we do not know (any more) is passed over. Where a consent is
    gone, Twitch is asked soon whether the Grant it came from still lives.
    """
    if not promise.twitch_id or promise.status in ("", *ALIVE):
        return
    if promise.status == Status.AUTHORIZATION_REVOKED:
        validate_soon(twitch_id=_who_allowed(promise.condition))
    for row in EventSubSubscription.objects.filter(twitch_id=promise.twitch_id):
        write_death(row, promise)
        enqueue(tasks.reconcile_streamer, row.subject_id)


def _who_allowed(condition: Mapping[str, str]) -> str:
    """Whose consent a promise with this condition rests on."""
    names = ("moderator_user_id", "user_id", "broadcaster_user_id")
    return next((condition[name] for name in names if condition.get(name)), "")


def _has_place(row: EventSubSubscription) -> bool:
    return row.has_place


def _is_pending(row: EventSubSubscription) -> bool:
    # Without a status and without trouble, Twitch is just being asked for it.
    is_asked = row.status == Status.PENDING or (not row.status and not row.trouble)
    return row.has_place and is_asked
