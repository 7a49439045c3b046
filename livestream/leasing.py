"""Leases: wants of topics that hold as long as a connection does, and a little longer.

The owner is a connection, known by a number that it drew. Whoever serves it renews all of its
connections' leases together; what a killed process held runs out, and the sweep forgets it.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from livestream.allowing import allowed_scopes
from livestream.models import Key
from livestream.topics import BAD_AUTH, SERVER, Need, Refusal, Topic, missing, needs
from streamwatch.twitch.eventsub import Status, condition_key
from subscriptions import troubles
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.reconciling import reconcile_soon

T = TypeVar("T")

LIFETIME: Final = timedelta(minutes=2)
# A page that is loaded again, or a program that connects again, finds its promises standing.
LINGER: Final = timedelta(seconds=30)
# Of the same refusal: nobody has the id, say.
ENOUGH_FAILURES: Final = 2
FINAL: Final = (
    "Twitch refused",
    troubles.NO_MORE_ALIKE,
    troubles.NO_BUDGET,
    troubles.ENDINGS[Status.USER_REMOVED],
    troubles.ENDINGS[Status.VERSION_REMOVED],
)
# Connections renewed with one statement.
CHUNK: Final = 200

NO_ADDRESS: Final = "Twitch cannot reach StreamWatch here; ask the operator about PUBLIC_URL."
NO_PLACE: Final = "Twitch's budget for StreamWatch is used up. Try again later."


def draw_connection() -> int:
    """A number for a connection that no other has, in any process."""
    return secrets.randbits(62)


def key_of(need: Need) -> Key:
    """By which a promise, its wants and its messages are known."""
    return need.type, condition_key(need.condition)


def permit(topics: Iterable[Topic], *, user: User) -> list[tuple[Need, ...]]:
    """What each of them needs, if `user` may listen on all over a webhook (1 query).

    Raises:
        Refusal: one is somebody else's, or the viewer has not allowed at Twitch what it takes.
    """
    scopes = allowed_scopes(user)
    return [_permitted(topic, user.twitch_id, scopes) for topic in topics]


def _permitted(topic: Topic, viewer_id: str, scopes: Collection[str]) -> tuple[Need, ...]:
    found = needs(topic, viewer_id=viewer_id)
    lacking = missing(topic, viewer_id=viewer_id, scopes=scopes, over_webhook=True)
    if lacking:
        raise Refusal(BAD_AUTH, f"You have to allow it at Twitch first: {', '.join(lacking)}.")
    return found


def lease(topics: Iterable[Topic], *, user: User, connection: int) -> list[tuple[Need, ...]]:
    """Have Twitch tell what these topics need, for 2 min; for each topic its needs.

    All or none. About six queries; a worker asks Twitch for what it has not promised yet.

    Raises:
        Refusal: one of them is not for this viewer, or Twitch's budget has no place for it.
    """
    if not settings.CAN_RECEIVE_WEBHOOKS:
        raise Refusal(SERVER, NO_ADDRESS)
    found = permit(topics, user=user)
    wanted = {key_of(need): need for each in found for need in each}
    if not wanted:
        return found
    rows = _rows(wanted.values())
    if any(not row.has_place for key, row in rows.items() if key in wanted):
        raise Refusal(SERVER, NO_PLACE)
    _write(connection, wanted.values())
    asleep = [key for key in wanted if key not in rows or not rows[key].is_enabled]
    if asleep:
        reconcile_soon(subject_ids={_subject(wanted[key]) for key in asleep})
    return found


def renew(held: Mapping[int, Collection[Need]]) -> dict[int, set[Key]]:
    """Have the leases of these connections hold for 2 min more (2 queries for 200 of them).

    Those that ran out meanwhile, while the database was away, are written anew. What is leased
    beside what is held is left to the connection, which may have changed since it was asked.
    """
    surplus: defaultdict[int, set[Key]] = defaultdict(set)
    for some in _chunks([one for one in held if held[one]]):
        leases = EventSubWant.objects.leased().filter(owner_id__in=some)
        leases.update(until=timezone.now() + LIFETIME)
        there = set(leases.values_list("owner_id", "type", "condition_key"))
        wanted = {(one, *key_of(need)): need for one in some for need in held[one]}
        _add([(lease[0], need) for lease, need in wanted.items() if lease not in there])
        for connection, *key in there - wanted.keys():
            surplus[connection].add((key[0], key[1]))
    return surplus


def release(*, connection: int, keys: Collection[Key]) -> None:
    """End these leases of a connection that goes on (2 queries)."""
    mine = EventSubWant.objects.leased().filter(owner_id=connection)
    pks = [pk for pk, *key in mine.values_list("pk", "type", "condition_key") if (*key,) in keys]
    if pks:
        mine.filter(pk__in=pks).delete()


def let_go(*, connections: Sequence[int]) -> None:
    """End the leases of connections that have gone, in 30 s (1 query for 200 of them)."""
    for some in _chunks(connections):
        leases = EventSubWant.objects.leased().filter(owner_id__in=some)
        leases.update(until=timezone.now() + LINGER)


def refused(needs: Iterable[Need]) -> set[Key]:
    """Those of which nothing comes: Twitch will not promise them, or its budget has no place."""
    now = timezone.now()
    return {key for key, row in _rows(needs).items() if _is_refused(row, now)}


def _is_refused(row: EventSubSubscription, now: datetime) -> bool:
    if not row.has_place:
        # It is polled at best, which tells no topic.
        return True
    # Before it was asked again, the trouble is that of another time.
    if row.is_enabled or row.due_at is None or row.due_at <= now:
        return False
    is_final = row.failures >= ENOUGH_FAILURES and row.trouble.startswith(FINAL)
    return is_final or troubles.is_refusal(row.trouble)


def _rows(needs: Iterable[Need]) -> dict[Key, EventSubSubscription]:
    wanted = {key_of(need): _subject(need) for need in needs}
    found: dict[Key, EventSubSubscription] = {}
    for subjects in _chunks(sorted(set(wanted.values()))):
        for row in EventSubSubscription.objects.of_streamers(subjects):
            if (row.type, row.condition_key) in wanted:
                found[row.type, row.condition_key] = row
    return found


def _chunks(all_of_them: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_of_them), CHUNK):
        yield all_of_them[start : start + CHUNK]


def _write(connection: int, wanted: Collection[Need]) -> None:
    """Two statements: those that are there hold longer, the others are added."""
    until = timezone.now() + LIFETIME
    EventSubWant.objects.leased().filter(owner_id=connection).update(until=until)
    _add([(connection, need) for need in wanted])


def _add(leases: Collection[tuple[int, Need]]) -> None:
    until = timezone.now() + LIFETIME
    EventSubWant.objects.bulk_create(
        [
            EventSubWant(
                type=need.type,
                condition=dict(need.condition),
                condition_key=condition_key(need.condition),
                subject_id=_subject(need),
                owner_kind=EventSubWant.OwnerKind.TOPIC,
                owner_id=connection,
                until=until,
            )
            for connection, need in leases
        ],
        ignore_conflicts=True,
    )


def _subject(need: Need) -> str:
    """The Twitch id it is about: the channel's where it names two."""
    named = need.condition
    return named.get("broadcaster_user_id") or next(iter(named.values()))
