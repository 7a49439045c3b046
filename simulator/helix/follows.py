"""Who follows whom."""

from __future__ import annotations

import sqlite3
from typing import Any

from starlette.responses import Response

from simulator.clock import NANOSECONDS, rfc3339
from simulator.helix import reading
from simulator.helix.calls import Call, HelixError, answer_data
from simulator.payloads import naming

NEWEST = 2**62


def own_id(call: Call) -> str:
    """The `user_id` of the query, which must be the token's; HelixError 400 or 401."""
    user_id = reading.need(call.request.query_params, "user_id")
    if user_id != call.need_scope("user:read:follows"):
        raise HelixError(401, "The ID in user_id must match the user ID of the access token")
    return user_id


async def followers(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-channel-followers"""
    query, people = call.request.query_params, call.twitch.people
    broadcaster_id, user_id = reading.need(query, "broadcaster_id"), query.get("user_id", "")
    page, after = reading.first(query, 20), reading.cursor(query)
    total = people.followers_total(broadcaster_id)
    if not _may_list(call, broadcaster_id):
        if user_id:
            raise HelixError(401, "The user must be the broadcaster or one of the moderators")
        return answer_data([], pagination={}, total=total)
    rows = people.follows(
        side="broadcaster_id",
        person_id=broadcaster_id,
        before=after.end if after else NEWEST,
        limit=page + 1,
        other=user_id,
    )
    return _page(rows, page, prefix="user", total=total)


def _may_list(call: Call, broadcaster_id: str) -> bool:
    user_id = call.token.user_id
    if user_id is None or "moderator:read:followers" not in call.token.scopes:
        return False
    return user_id == broadcaster_id or call.twitch.people.moderates(user_id, broadcaster_id)


async def followed(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-followed-channels"""
    query, people = call.request.query_params, call.twitch.people
    user_id = own_id(call)
    page, after = reading.first(query, 20), reading.cursor(query)
    rows = people.follows(
        side="user_id",
        person_id=user_id,
        before=after.end if after else NEWEST,
        limit=page + 1,
        other=query.get("broadcaster_id", ""),
    )
    return _page(rows, page, prefix="broadcaster", total=people.follows_total(user_id))


def _page(rows: list[sqlite3.Row], page: int, *, prefix: str, total: int) -> Response:
    shown = rows[:page]
    data: list[dict[str, Any]] = [
        {**naming(row, prefix), "followed_at": rfc3339(row["followed_ns"] // NANOSECONDS)}
        for row in shown
    ]
    more = len(rows) > page
    ends = (shown[0]["seq"], shown[-1]["seq"]) if shown else (0, 0)
    return answer_data(data, pagination=reading.pagination(*ends, more=more), total=total)
