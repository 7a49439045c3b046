"""Follows: taken once a day, the many of some minutes folded into one Activity.

Twitch tells a follow that is taken back and done again each time anew, and bots follow by the
thousand. One follow may be told by a message to the followed channel and by the follower's own
list, in any order: a Follow row for each that was taken makes the second one known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from activity.drafts import Draft, Followed, FollowersCounted, Person
from activity.models import Activity, Follow

# Who follows, or is followed, again so soon is no news.
LOOP = timedelta(hours=24)
# So long after the first of a burst others are folded into its Activity; before it, too, for what
# is told in any order.
BURST = timedelta(minutes=5)
# Beside the actor; all others are counted.
MOST_OTHERS = 2

Kind = Activity.Kind
KINDS = (Kind.FOLLOWER, Kind.FOLLOWS)


class Follows:
    """Follows of one Streamer: known ones that drafts may repeat, and those taken of the drafts."""

    def __init__(self) -> None:
        self.taken: list[Follow] = []
        self._moments: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)

    def is_again(self, kind: Kind, other: Person, moment: datetime) -> bool:
        """Whether the same one was taken less than a day before or after."""
        moments = self._moments[kind, other.twitch_id]
        return any(abs(moment - one) < LOOP for one in moments)

    def know(self, kind: str, twitch_id: str, moment: datetime) -> None:
        """One that was taken before."""
        self._moments[kind, twitch_id].append(moment)

    def take(self, other: Person, moment: datetime, activity: Activity) -> None:
        """One that has become the Activity, or was folded into it."""
        self.know(activity.kind, other.twitch_id, moment)
        follow = Follow(
            streamer_id=activity.streamer_id,
            kind=activity.kind,
            actor_twitch_id=other.twitch_id,
            followed_at=moment,
            activity=activity,
            taken_at=activity.changed_at,
        )
        self.taken.append(follow)


def sides(draft: Followed) -> list[tuple[str, Kind, Person]]:
    """Whom it is about, as what, and who the other one is."""
    return [
        (draft.followed.twitch_id, Kind.FOLLOWER, draft.follower),
        (draft.follower.twitch_id, Kind.FOLLOWS, draft.followed),
    ]


def key_of(kind: Kind, other: Person, moment: datetime) -> str:
    """The dedupe_key of a follow's own Activity."""
    return f"{kind.value}:{other.twitch_id}:{moment.isoformat()}"


def total_key(draft: FollowersCounted) -> str:
    """The dedupe_key of a change of the total."""
    return f"{Kind.FOLLOWER.value}:total:{draft.since.isoformat()}"


def keys(drafts: Iterable[Draft], twitch_ids: Container[str]) -> set[str]:
    """The keys that these drafts' Activities of the streamers may have."""
    found: set[str] = set()
    for draft in drafts:
        if isinstance(draft, Followed):
            found |= {
                key_of(kind, other, draft.followed_at)
                for twitch_id, kind, other in sides(draft)
                if twitch_id in twitch_ids
            }
        elif isinstance(draft, FollowersCounted):
            found.add(total_key(draft))
    return found


def known_follows(streamer_pks: Collection[int], drafts: Sequence[Draft]) -> dict[int, Follows]:
    """By streamer, the Follows less than a day from the drafts' (1 query, none without drafts)."""
    follows = {pk: Follows() for pk in streamer_pks}
    mine = [draft for draft in drafts if isinstance(draft, Followed)]
    if not mine:
        return follows
    others = {other.twitch_id for draft in mine for _, _, other in sides(draft)}
    moments = [draft.followed_at for draft in mine]
    # Without the streamers: the database would try every pair of one of them and another one.
    near = Follow.objects.filter(
        actor_twitch_id__in=others, followed_at__range=(min(moments) - LOOP, max(moments) + LOOP)
    )
    rows = near.values_list("streamer_id", "kind", "actor_twitch_id", "followed_at")
    for pk, kind, other, moment in rows:
        if pk in follows:
            follows[pk].know(kind, other, moment)
    return follows


def burst_of(activities: Iterable[Activity], kind: Kind, moment: datetime) -> Activity | None:
    """The one that a follow at `moment` is folded into, the newest where there are several."""
    bursts = [
        activity
        for activity in activities
        if activity.kind == kind
        # The change of a total has none.
        and activity.actor_twitch_id
        and abs(activity.occurred_at - moment) <= BURST
    ]
    return max(bursts, key=lambda activity: activity.occurred_at, default=None)


def folded(details: dict[str, Any], other: Person) -> dict[str, Any]:
    """A burst's details with one more: named while there is room, else counted."""
    others, more = details["others"], details["more"]
    if len(others) == MOST_OTHERS:
        return {"others": others, "more": more + 1}
    return {"others": [*others, {"login": other.login, "name": name_of(other)}], "more": more}


def name_of(person: Person) -> str:
    """What to call them; "" where Twitch named nobody."""
    return person.display_name or person.login
