"""Spending Twitch's budget: giving places to what is wanted, and taking them away."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import Grant
from streamwatch import live
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.helix import Helix, TotalCost
from subscriptions.budget import Claim, most_for_topics, places, usable
from subscriptions.models import Budget, EventSubSubscription, EventSubWant
from subscriptions.promises import POLLED_AGAIN, Key

logger = logging.getLogger(__name__)

LEASE = "subscriptions.spend"
LEASE_LIFETIME = timedelta(minutes=2)
# Those that lose their place are ended first: the sweep takes the longest waiting.
AHEAD = timedelta(seconds=1)
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Spending:
    """What came of it: how many got a place, how many lost theirs."""

    won: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    has_place: bool
    twitch_id: str
    cost: int


def spend(*, twitch: Helix) -> Spending:
    """Give and take places, in the rows alone; reconciling does the rest.

    One call to Twitch (at most 5 s a phase). When everything has room, 6 queries; else those
    that read every want and every row. Nothing of Twitch's is raised.
    """
    token = Lease.objects.take(LEASE, lifetime=LEASE_LIFETIME)
    if not token:
        return Spending()
    try:
        total = twitch.total_cost()
        Budget.objects.note(
            total_cost=max(0, total.total_cost), max_total_cost=max(0, total.max_total_cost)
        )
        if _has_room_for_all(total):
            return Spending()
        rows = _rows()
        return _write(rows, chosen_places(total))
    except TwitchError as error:
        logger.warning("cost of promises not read: %s", error)
        return Spending()
    finally:
        Lease.objects.give_back(LEASE, token)


def chosen_places(total: TotalCost) -> dict[Key, tuple[str, bool]]:
    """For everything wanted: its subject, and whether it gets a place (3 queries)."""
    rows = _rows()
    claims = _claims(rows)
    budget = usable(
        max_total_cost=total.max_total_cost,
        foreign=max(0, total.total_cost - sum(row.cost for row in rows.values())),
    )
    chosen = places(claims, consenting=_consenting(), budget=budget)
    return {claim.key: (claim.subject_id, claim.key in chosen) for claim in claims}


def _has_room_for_all(total: TotalCost) -> bool:
    rows = EventSubSubscription.objects.all()
    if rows.filter(has_place=False).exists():
        return False
    most = usable(max_total_cost=total.max_total_cost, foreign=0)
    wants = EventSubWant.objects.current(timezone.now())
    leased = wants.leased().values("type", "condition_key").distinct().count()
    if leased > most_for_topics(most):
        return False
    return max(total.total_cost, rows.count()) + wants.without_row().count() <= most


def _rows() -> dict[Key, _Row]:
    found = EventSubSubscription.objects.values_list(
        "type", "condition_key", "pk", "has_place", "twitch_id", "cost", "replacement_id"
    )
    return {
        # What is being replaced stands twice in Twitch's list.
        (type_, key): _Row(pk, has_place, twitch_id, cost * (2 if replacement else 1))
        for type_, key, pk, has_place, twitch_id, cost, replacement in found
    }


def _claims(rows: dict[Key, _Row]) -> list[Claim]:
    wants = EventSubWant.objects.current(timezone.now())
    is_leased = Q(owner_kind=EventSubWant.OwnerKind.TOPIC)
    found = wants.values_list("type", "condition_key", "subject_id").annotate(
        lasting=Count("pk", filter=~is_leased), leased=Count("pk", filter=is_leased)
    )
    claims = []
    for type_, key, subject_id, lasting, leased in found.order_by():
        row = rows.get((type_, key))
        claims.append(
            Claim(
                key=(type_, key),
                subject_id=subject_id,
                # Anybody may open as many connections as they like.
                viewers=lasting + min(leased, 1),
                has_place=bool(row and row.has_place),
                is_topic=not lasting,
            )
        )
    return claims


def _consenting() -> set[str]:
    """Twitch ids of those wanted who have consented to anything."""
    grants = Grant.objects.filter(
        state=Grant.State.ACTIVE,
        user__twitch_id__in=EventSubWant.objects.values("subject_id"),
    )
    return {
        twitch_id for twitch_id, scopes in grants.values_list("user__twitch_id", "scopes") if scopes
    }


def _write(rows: dict[Key, _Row], chosen: dict[Key, tuple[str, bool]]) -> Spending:
    """Losers first: a process that is killed between the two leaves room, not debts."""
    changed = [
        (rows[key], has_place)
        for key, (_, has_place) in chosen.items()
        if key in rows and rows[key].has_place != has_place
    ]
    lost = [row for row, has_place in changed if not has_place]
    won = [row for row, has_place in changed if has_place]
    now = timezone.now()
    _update([row.pk for row in lost if row.twitch_id], has_place=False, due_at=now - AHEAD)
    idle = [row.pk for row in lost if not row.twitch_id]
    _update(idle, has_place=False, status="", trouble="", failures=0, due_at=now + POLLED_AGAIN)
    _update([row.pk for row in won], has_place=True, due_at=now)
    _add(key_and_more for key_and_more in chosen.items() if key_and_more[0] not in rows)
    if changed:
        logger.info("budget: %s promises get a place, %s are polled instead", len(won), len(lost))
        live.publish("subscriptions")
    return Spending(len(won), len(lost))


def _update(pks: Sequence[int], **values: object) -> None:
    for start in range(0, len(pks), BATCH):
        some = EventSubSubscription.objects.filter(pk__in=pks[start : start + BATCH])
        some.update(**values, changed_at=timezone.now())


def _add(chosen: Iterable[tuple[Key, tuple[str, bool]]]) -> None:
    """Rows for what nobody has meant to ask for yet."""
    now = timezone.now()
    rows = [
        EventSubSubscription(
            type=type_,
            condition_key=key,
            subject_id=subject_id,
            has_place=has_place,
            due_at=now if has_place else now + POLLED_AGAIN,
            changed_at=now,
        )
        for (type_, key), (subject_id, has_place) in chosen
    ]
    EventSubSubscription.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)
