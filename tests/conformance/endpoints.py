"""The table of Helix endpoints, typed by hand from TWITCH.md section 2.

Nothing here may be taken from the product or from what the simulator answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twitchAPI.object import api
from twitchAPI.object.base import TwitchObject

ADA = "700000001"
Params = list[tuple[str, str]]


@dataclass(frozen=True)
class Endpoint:
    """One GET endpoint.

    `fields` are those of an item of `data`, `beside` those beside `data`; `key` identifies an
    item. `usual` is how many items a page has unless asked (0: there are no pages), `asked`
    the parameters that make pages small.
    """

    path: str
    model: type[TwitchObject]
    fields: dict[str, type]
    key: str
    query: Params = field(default_factory=list)
    by_user: bool = False
    beside: dict[str, type] = field(default_factory=dict)
    usual: int = 0
    asked: Params = field(default_factory=list)

    def __str__(self) -> str:
        user = " (user)" if self.by_user and self.path == "/users" else ""
        return f"{self.path}{user}"


USER: dict[str, type] = {
    "id": str,
    "login": str,
    "display_name": str,
    "type": str,
    "broadcaster_type": str,
    "description": str,
    "profile_image_url": str,
    "offline_image_url": str,
    "view_count": int,
    "created_at": str,
}
STREAM: dict[str, type] = {
    "id": str,
    "user_id": str,
    "user_login": str,
    "user_name": str,
    "game_id": str,
    "game_name": str,
    "type": str,
    "title": str,
    "tags": list,
    "viewer_count": int,
    "started_at": str,
    "language": str,
    "thumbnail_url": str,
    "tag_ids": list,
    "is_mature": bool,
}
PAGES: dict[str, type] = {"pagination": dict}

ENDPOINTS = [
    Endpoint(
        path="/users",
        model=api.TwitchUser,
        fields=USER,
        key="id",
        query=[("login", "ada_streams"), ("id", "700000004"), ("login", "HANA_GAMES")],
    ),
    Endpoint(
        path="/users", model=api.TwitchUser, fields=USER | {"email": str}, key="id", by_user=True
    ),
    Endpoint(
        path="/search/channels",
        model=api.SearchChannelResult,
        fields={
            "broadcaster_language": str,
            "broadcaster_login": str,
            "display_name": str,
            "game_id": str,
            "game_name": str,
            "id": str,
            "is_live": bool,
            "tag_ids": list,
            "tags": list,
            "thumbnail_url": str,
            "title": str,
            "started_at": str,
        },
        key="id",
        query=[("query", "s")],
        beside=PAGES,
        usual=20,
        asked=[("first", "2")],
    ),
    Endpoint(
        path="/streams",
        model=api.Stream,
        fields=STREAM,
        key="id",
        beside=PAGES,
        usual=20,
        asked=[("first", "7")],
    ),
    Endpoint(
        path="/channels",
        model=api.ChannelInformation,
        fields={
            "broadcaster_id": str,
            "broadcaster_login": str,
            "broadcaster_name": str,
            "broadcaster_language": str,
            "game_id": str,
            "game_name": str,
            "title": str,
            "delay": int,
            "tags": list,
            "content_classification_labels": list,
            "is_branded_content": bool,
        },
        key="broadcaster_id",
        query=[("broadcaster_id", ADA), ("broadcaster_id", "700000008")],
    ),
    Endpoint(
        path="/channels/followers",
        model=api.ChannelFollower,
        fields={"user_id": str, "user_login": str, "user_name": str, "followed_at": str},
        key="user_id",
        query=[("broadcaster_id", ADA)],
        by_user=True,
        beside=PAGES | {"total": int},
        usual=20,
        asked=[("first", "9")],
    ),
    Endpoint(
        path="/channels/followed",
        model=api.FollowedChannel,
        fields={
            "broadcaster_id": str,
            "broadcaster_login": str,
            "broadcaster_name": str,
            "followed_at": str,
        },
        key="broadcaster_id",
        query=[("user_id", ADA)],
        by_user=True,
        beside=PAGES | {"total": int},
        usual=20,
        asked=[("first", "4")],
    ),
    Endpoint(
        path="/streams/followed",
        model=api.Stream,
        fields=STREAM,
        key="id",
        query=[("user_id", ADA)],
        by_user=True,
        beside=PAGES,
        usual=100,
        asked=[("first", "1")],
    ),
    Endpoint(
        path="/games",
        model=api.Game,
        fields={"id": str, "name": str, "box_art_url": str, "igdb_id": str},
        key="id",
        query=[("id", "743"), ("name", "Minecraft"), ("igdb_id", "115")],
    ),
    Endpoint(
        path="/games/top",
        model=api.Game,
        fields={"id": str, "name": str, "box_art_url": str, "igdb_id": str},
        key="id",
        beside=PAGES,
        usual=20,
        asked=[("first", "3")],
    ),
    Endpoint(
        path="/eventsub/subscriptions",
        model=api.EventSubSubscription,
        fields={
            "id": str,
            "status": str,
            "type": str,
            "version": str,
            "condition": dict,
            "created_at": str,
            "transport": dict,
            "cost": int,
        },
        key="id",
        beside=PAGES | {"total": int, "total_cost": int, "max_total_cost": int},
        usual=100,
    ),
]
PAGED = [endpoint for endpoint in ENDPOINTS if endpoint.usual]


def repeated(name: str, count: int) -> Params:
    """So many different values of a parameter."""
    return [(name, str(number + 1)) for number in range(count)]


@dataclass(frozen=True)
class Refusal:
    """One request that Twitch refuses. `token` is app, user, none, wrong or bare (no scopes)."""

    path: str
    status: int
    query: Params = field(default_factory=list)
    token: str = "app"
    client_id: str | None = None
    message: str = ""

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query[:2])
        return f"{self.path}?{query[:40]} {self.token} {self.client_id or ''} {self.status}"


REFUSALS = [
    *(
        refusal
        for path in dict.fromkeys(endpoint.path for endpoint in ENDPOINTS)
        for refusal in (
            Refusal(path, 401, token="none", message="OAuth token is missing"),
            Refusal(path, 401, token="wrong"),
            Refusal(path, 401, client_id="", message="Client ID is missing"),
            Refusal(
                path,
                401,
                client_id="another",
                message="Client ID and OAuth token do not match",
            ),
        )
    ),
    Refusal("/users", 400),
    Refusal("/users", 400, repeated("id", 60) + repeated("login", 41)),
    Refusal("/search/channels", 400),
    Refusal("/search/channels", 400, [("query", "a"), ("live_only", "perhaps")]),
    Refusal("/streams", 400, repeated("user_id", 101)),
    Refusal("/streams", 400, repeated("game_id", 101)),
    Refusal("/streams", 400, [("type", "rerun")]),
    Refusal("/channels", 400),
    Refusal("/channels", 400, repeated("broadcaster_id", 101)),
    Refusal("/channels/followers", 400),
    Refusal("/channels/followers", 401, [("broadcaster_id", ADA), ("user_id", "700000002")]),
    Refusal(
        "/channels/followers",
        401,
        [("broadcaster_id", "700000004"), ("user_id", "700000002")],
        token="user",
    ),
    *(
        refusal
        for path in ("/channels/followed", "/streams/followed")
        for refusal in (
            Refusal(path, 400, token="user"),
            Refusal(path, 401, [("user_id", ADA)]),
            Refusal(path, 401, [("user_id", ADA)], token="bare"),
            Refusal(path, 401, [("user_id", "700000002")], token="user"),
        )
    ),
    Refusal("/games", 400),
    Refusal("/games", 400, repeated("id", 50) + repeated("name", 51)),
    Refusal("/eventsub/subscriptions", 400, [("type", "stream.online"), ("status", "enabled")]),
    *(
        Refusal(endpoint.path, 400, [*endpoint.query, wrong], "user" if endpoint.by_user else "app")
        for endpoint in PAGED
        for wrong in (("after", "no-cursor"), ("after", "bm90IGEgY3Vyc29y"))
    ),
    *(
        Refusal(endpoint.path, 400, [*endpoint.query, wrong], "user" if endpoint.by_user else "app")
        for endpoint in PAGED
        if endpoint.asked
        for wrong in (("first", "0"), ("first", "101"), ("first", "-1"), ("first", "many"))
    ),
]

Answer = dict[str, Any]
