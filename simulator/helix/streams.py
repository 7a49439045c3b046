"""Who is on the air."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from simulator import pictures
from simulator.clock import rfc3339
from simulator.helix import reading
from simulator.helix.calls import Call, HelixError, answer_data
from simulator.helix.follows import own_id
from simulator.people import Person


async def streams(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-streams"""
    query = call.request.query_params
    ids, logins, games, languages = (
        reading.several(query, name)[0] for name in ("user_id", "user_login", "game_id", "language")
    )
    if query.get("type", "all") not in ("all", "live"):
        raise HelixError(400, 'The parameter "type" was malformed: it must be all or live')
    people = call.twitch.people
    rows = [
        row
        for row in (people.live_among(ids, logins) if ids or logins else people.live())
        if (not games or row["category_id"] in games)
        and (not languages or row["language"] in languages)
    ]
    return _page(call, rows, usual=20)


async def followed(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-followed-streams"""
    user_id = own_id(call)
    follows = call.twitch.people.followed_ids(user_id)
    rows = [row for row in call.twitch.people.live() if row["id"] in follows]
    return _page(call, rows, usual=100)


def _page(call: Call, rows: list[Person], *, usual: int) -> Response:
    query = call.request.query_params
    page = reading.first(query, usual)
    begin = reading.offset(query, page)
    found = [_stream(call, row) for row in rows[begin : begin + page]]
    more = len(rows) > begin + page
    return answer_data(found, pagination=reading.pagination(begin, begin + page, more=more))


def _stream(call: Call, person: Person) -> dict[str, Any]:
    people = call.twitch.people
    return {
        "id": person["stream_id"],
        "user_id": person["id"],
        "user_login": person["login"],
        "user_name": person["name"],
        "game_id": person["category_id"],
        "game_name": people.category_name(person["category_id"]),
        "type": "live",
        "title": person["title"],
        "tags": json.loads(person["tags"]),
        "viewer_count": people.viewers(person),
        "started_at": rfc3339(person["started_at"]),
        "language": person["language"],
        "thumbnail_url": pictures.thumbnail_url(call.twitch.config.origin, person),
        "tag_ids": [],
        "is_mature": False,
    }
