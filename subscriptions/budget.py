"""Who gets a place in Twitch's budget of promises: a pure function, no query and no call.

A promise that names somebody who has consented to anything costs nothing, nor does a type that
needs consent; every other costs 1. Kind by kind in RANKS, those with more viewers come first;
what only topics want comes after all that, and has a tenth at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from streamwatch.twitch.eventsub import EventType
from subscriptions.promises import Key

# What must come at once comes first: going live; the rest is polled with less loss.
RANKS: Final = {
    # Without it we go on using the consent of somebody who has withdrawn it.
    "user.authorization.revoke": 0,
    "user.authorization.grant": 0,
    EventType.ONLINE: 1,
    EventType.OFFLINE: 2,
    EventType.CHANNEL_UPDATE: 3,
    EventType.RAID: 4,
    EventType.USER_UPDATE: 5,
    "channel.shared_chat.begin": 6,
    "channel.shared_chat.update": 6,
    "channel.shared_chat.end": 6,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One type and condition that `viewers` want; `has_place` is how it is now.

    `is_topic`: nobody but topics wants it.
    """

    key: Key
    subject_id: str
    viewers: int
    has_place: bool
    is_topic: bool = False


def places(claims: Iterable[Claim], *, consenting: Collection[str], budget: int) -> frozenset[Key]:
    """Which claims are to be promised; those that cost something are at most `budget`."""
    all_claims = list(claims)
    free = [claim for claim in all_claims if not cost(claim, consenting)]
    costing = sorted((claim for claim in all_claims if cost(claim, consenting)), key=_order)
    chosen = [claim for claim in costing if not claim.is_topic][: max(0, budget)]
    left = min(budget - len(chosen), most_for_topics(budget))
    topics = [claim for claim in costing if claim.is_topic][: max(0, left)]
    return frozenset(claim.key for claim in (*free, *chosen, *topics))


def cost(claim: Claim, consenting: Collection[str]) -> int:
    """What the promise costs: 0 or 1."""
    return int(claim.key[0] in RANKS and claim.subject_id not in consenting)


def most_for_topics(budget: int) -> int:
    """How much of `budget` may go into what only topics want: somebody may listen on anything."""
    return max(0, budget) // 10


def usable(*, max_total_cost: int, foreign: int) -> int:
    """How much of Twitch's budget may be spent when `foreign` of it is others' than our rows'.

    A hundredth (at least 1) is left free: newcomers are asked for at once, and what is replaced
    stands twice for a while. What others use is taken from that first, so that the places do not
    change whenever their number does.
    """
    reserve = max(1, max_total_cost // 100)
    return max(0, max_total_cost - reserve - max(0, foreign - reserve // 2))


def _order(claim: Claim) -> tuple[int, int, bool, Key]:
    type_ = claim.key[0]
    return RANKS[type_], -_weight(claim), not claim.has_place, claim.key


def _weight(claim: Claim) -> int:
    """One that has a place yields it only to another with clearly more viewers.

    With a quarter and 3 on top, numbers that wobble by a tenth and 1 give nobody's place back
    and forth (see the test).
    """
    return claim.viewers + claim.viewers // 4 + 3 if claim.has_place else claim.viewers
