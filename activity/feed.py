"""The feed: what a viewer's streamers did, or one of them, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import User
from activity.models import Activity
from subscriptions.models import Streamer

FEED_ROWS = 10


def newest_for(user: User, limit: int = FEED_ROWS) -> list[Activity]:
    """The newest `limit` Activities of the user's streamers, with `streamer` loaded.

    By when they happened, then by id, the newest first. Two queries, whose cost grows with
    neither the table nor the Activities of a streamer: the newest must be of the `limit`
    streamers with the newest `last_activity_at`.
    """
    mine = Streamer.objects.filter(subscription__user=user, last_activity_at__isnull=False)
    ranked = mine.order_by("-last_activity_at", "-pk").values_list("pk", "last_activity_at")
    newest = list(ranked[: limit + 1])
    if not newest:
        return []
    parts = [Activity.objects.filter(streamer=pk) for pk, _ in newest[:limit]]
    moment = newest[-1][1]
    if len(newest) > limit and moment == newest[-2][1]:
        # The last one shares its moment with others, as after a poll: there the ids decide.
        others = Activity.objects.filter(streamer__in=mine.values("pk"))
        parts.append(others.filter(occurred_at__gte=moment))
    found = Activity.objects.filter(pk__in=_newest_ids(parts, limit))
    return list(found.select_related("streamer").order_by("-occurred_at", "-pk"))


def newest_of(streamer: Streamer, limit: int = FEED_ROWS) -> list[Activity]:
    """The newest `limit` Activities of one streamer, with `streamer` loaded (1 query)."""
    newest = list(streamer.activity_set.order_by("-occurred_at", "-pk")[:limit])
    for activity in newest:
        activity.streamer = streamer
    return newest


def _newest_ids(parts: Sequence[QuerySet[Activity]], limit: int) -> RawSQL:
    """A subquery: the ids of the newest `limit` rows among the newest `limit` of each part.

    It reads the index only. Written by hand: SQLite and MySQL want each SELECT that has a LIMIT
    within another one of its own, which Django does not write.
    """
    sqls: list[str] = []
    params: list[object] = []
    for number, part in enumerate(parts):
        keys = part.order_by("-occurred_at", "-pk").values("pk", "occurred_at")[:limit]
        sql, its_params = keys.query.sql_with_params()
        sqls.append(f"SELECT pk, occurred_at FROM ({sql}) part_{number}")  # noqa: S608 (Django's)
        params.extend(its_params)
    union = " UNION ".join(sqls) if len(sqls) > limit else " UNION ALL ".join(sqls)
    newest = f"SELECT pk FROM ({union}) parts ORDER BY occurred_at DESC, pk DESC LIMIT {limit:d}"  # noqa: S608
    return RawSQL(f"SELECT pk FROM ({newest}) newest", params)  # noqa: S608, S611
