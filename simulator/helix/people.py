"""Users, the search for channels, channels, games."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from starlette.responses import Response

from simulator import pictures
from simulator.clock import rfc3339
from simulator.content import CATEGORIES
from simulator.helix import reading
from simulator.helix.calls import Call, HelixError, answer_data
from simulator.people import Person


async def users(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-users"""
    ids, logins = reading.several(call.request.query_params, "id", "login")
    if not ids and not logins:
        if call.token.user_id is None:
            raise HelixError(400, "The request must name at least one id or login")
        ids = [call.token.user_id]
    return answer_data([_user(call, row) for row in call.twitch.people.present(ids, logins)])


def _user(call: Call, person: Person) -> dict[str, Any]:
    found = {
        "id": person["id"],
        "login": person["login"],
        "display_name": person["name"],
        "type": "",
        "broadcaster_type": person["broadcaster_type"],
        "description": person["description"],
        "profile_image_url": pictures.profile_url(call.twitch.config.origin, person),
        "offline_image_url": "",
        "view_count": 0,
        "created_at": rfc3339(person["created_at"]),
    }
    own = person["id"] == call.token.user_id and "user:read:email" in call.token.scopes
    if own and person["email"]:
        found["email"] = person["email"]
    return found


async def search_channels(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#search-channels"""
    query = call.request.query_params
    wanted, page = reading.need(query, "query"), reading.first(query, 20)
    begin = reading.offset(query, page)
    rows = call.twitch.people.search(
        wanted, live_only=reading.flag(query, "live_only"), offset=begin, limit=page + 1
    )
    found = [_found(call, row) for row in rows[:page]]
    more = len(rows) > page
    return answer_data(found, pagination=reading.pagination(begin, begin + page, more=more))


def _found(call: Call, person: Person) -> dict[str, Any]:
    return {
        "broadcaster_language": person["language"],
        "broadcaster_login": person["login"],
        "display_name": person["name"],
        "game_id": person["category_id"],
        "game_name": call.twitch.people.category_name(person["category_id"]),
        "id": person["id"],
        "is_live": person["stream_id"] is not None,
        "tag_ids": [],
        "tags": json.loads(person["tags"]),
        "thumbnail_url": pictures.profile_url(call.twitch.config.origin, person),
        "title": person["title"],
        "started_at": rfc3339(person["started_at"]) if person["stream_id"] else "",
    }


async def channels(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-channel-information"""
    (ids,) = reading.several(call.request.query_params, "broadcaster_id")
    if not ids:
        raise HelixError(400, 'Missing required parameter "broadcaster_id"')
    return answer_data([_channel(call, row) for row in call.twitch.people.present(ids, [])])


def _channel(call: Call, person: Person) -> dict[str, Any]:
    return {
        "broadcaster_id": person["id"],
        "broadcaster_login": person["login"],
        "broadcaster_name": person["name"],
        "broadcaster_language": person["language"],
        "game_id": person["category_id"],
        "game_name": call.twitch.people.category_name(person["category_id"]),
        "title": person["title"],
        "delay": 0,
        "tags": json.loads(person["tags"]),
        "content_classification_labels": json.loads(person["labels"]),
        "is_branded_content": False,
    }


async def games(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-games"""
    ids, names, igdb_ids = reading.several(call.request.query_params, "id", "name", "igdb_id")
    if not (ids or names or igdb_ids):
        raise HelixError(400, "The request must name at least one id, name or igdb_id")
    origin = call.twitch.config.origin
    found = [
        _game(origin, row)
        for row in CATEGORIES
        if row[0] in ids or row[1] in names or row[2] in igdb_ids
    ]
    return answer_data(found)


async def top_games(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-top-games"""
    query, people = call.request.query_params, call.twitch.people
    page = reading.first(query, 20)
    begin = reading.offset(query, page)
    watched = Counter[str]()
    for person in people.live():
        watched[person["category_id"]] += people.viewers(person)
    games = sorted(
        (row for row in CATEGORIES if watched[row[0]]), key=lambda row: (-watched[row[0]], row[0])
    )
    found = [_game(call.twitch.config.origin, row) for row in games[begin : begin + page]]
    more = len(games) > begin + page
    return answer_data(found, pagination=reading.pagination(begin, begin + page, more=more))


def _game(origin: str, row: tuple[str, str, str]) -> dict[str, str]:
    number, name, igdb_id = row
    return {
        "id": number,
        "name": name,
        "box_art_url": pictures.box_art_url(origin, number),
        "igdb_id": igdb_id,
    }
