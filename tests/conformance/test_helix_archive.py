"""What Helix keeps of streams: videos, clips, schedules, and the games that are most watched.

Typed by hand from TWITCH.md section 2.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime
from types import NoneType
from typing import Any

import httpx
import pytest
from twitchAPI.object import api
from twitchAPI.twitch import Twitch

from simulator.testing import Simulator, running

ADA, BOB, ZOE = "700000001", "700000002", "700000012"
VIDEO: dict[str, set[type]] = {
    "id": {str}, "stream_id": {str, NoneType}, "user_id": {str}, "user_login": {str},
    "user_name": {str}, "title": {str}, "description": {str}, "created_at": {str},
    "published_at": {str}, "url": {str}, "thumbnail_url": {str}, "viewable": {str},
    "view_count": {int}, "language": {str}, "type": {str}, "duration": {str},
    "muted_segments": {list, NoneType},
}  # fmt: skip
CLIP: dict[str, set[type]] = {
    "id": {str}, "url": {str}, "embed_url": {str}, "broadcaster_id": {str},
    "broadcaster_name": {str}, "creator_id": {str}, "creator_name": {str}, "video_id": {str},
    "game_id": {str}, "language": {str}, "title": {str}, "view_count": {int},
    "created_at": {str}, "thumbnail_url": {str}, "duration": {float},
    "vod_offset": {int, NoneType}, "is_featured": {bool},
}  # fmt: skip
SEGMENT: dict[str, set[type]] = {
    "id": {str}, "start_time": {str}, "end_time": {str}, "title": {str},
    "canceled_until": {str, NoneType}, "category": {dict, NoneType}, "is_recurring": {bool},
}  # fmt: skip


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Nothing changes here."""
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def token(simulator: Simulator) -> str:
    """An app access token."""
    return simulator.app_token()


def get(simulator: Simulator, token: str, path: str, **params: str | list[str]) -> httpx.Response:
    """The answer to a GET."""
    return simulator.helix("GET", path, token=token, params=params)


def data(simulator: Simulator, token: str, path: str, **params: str | list[str]) -> Any:
    """The `data` of an answer."""
    answer = get(simulator, token, path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def assert_fields(items: list[dict[str, Any]], fields: dict[str, set[type]]) -> None:
    """Every item has these fields, of these types."""
    assert items
    for item in items:
        assert set(item) == set(fields)
        for name, value in item.items():
            assert type(value) in fields[name], (name, value)


def walked(simulator: Simulator, token: str, path: str, **params: str) -> list[str]:
    """Ids of everything, page by page."""
    found: list[str] = []
    while True:
        body = get(simulator, token, path, **params).json()
        items = body["data"]["segments"] if path == "/schedule" else body["data"]
        found += [one["id"] for one in items]
        if not body["pagination"]:
            return found
        params["after"] = body["pagination"]["cursor"]


class TestVideos:
    def test_fields_and_order(self, simulator: Simulator, token: str) -> None:
        found = data(simulator, token, "/videos", user_id=ADA)
        assert_fields(found, VIDEO)
        times = [one["created_at"] for one in found]
        assert times == sorted(times, reverse=True)
        for one in found:
            assert one["user_login"] == "ada_streams"
            assert "%{width}x%{height}" in one["thumbnail_url"]
            assert re.fullmatch(r"(\d+h)?(\d+m)?\d+s", one["duration"])
            assert (one["stream_id"] is None) == (one["type"] != "archive")
        assert found == data(simulator, token, "/videos", user_id=ADA)

    def test_narrowed_and_sorted(self, simulator: Simulator, token: str) -> None:
        every = data(simulator, token, "/videos", user_id=ADA)
        archive = data(simulator, token, "/videos", user_id=ADA, type="archive")
        assert archive == [one for one in every if one["type"] == "archive"]
        views = [
            one["view_count"]
            for one in data(simulator, token, "/videos", user_id=ADA, sort="views")
        ]
        assert views == sorted(views, reverse=True)
        week = data(simulator, token, "/videos", user_id=ADA, period="week")
        assert 0 < len(week) <= len(every)
        game = data(simulator, token, "/videos", game_id="509658", first="100")
        assert len({one["user_id"] for one in game}) > 1

    def test_by_id_and_by_page(self, simulator: Simulator, token: str) -> None:
        ids = walked(simulator, token, "/videos", user_id=ADA)
        found = data(simulator, token, "/videos", id=[ids[1], ids[0], "1"])
        assert {one["id"] for one in found} == set(ids[:2])
        assert walked(simulator, token, "/videos", user_id=ADA, first="1") == ids
        assert get(simulator, token, "/videos", id="12345").status_code == 404

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"user_id": ADA, "game_id": "509658"},
            {"user_id": [ADA, BOB]},
            {"user_id": ADA, "type": "film"},
            {"user_id": ADA, "sort": "luck"},
            {"user_id": ADA, "period": "year"},
            {"user_id": ADA, "first": "101"},
        ],
    )
    def test_bad_input_is_a_400(
        self, simulator: Simulator, token: str, params: dict[str, Any]
    ) -> None:
        answer = get(simulator, token, "/videos", **params)
        assert (answer.status_code, answer.json()["error"]) == (400, "Bad Request")

    def test_who_keeps_none_has_none(self, simulator: Simulator, token: str) -> None:
        assert data(simulator, token, "/videos", user_id=BOB) == []
        assert data(simulator, token, "/clips", broadcaster_id=ZOE) == []


class TestClips:
    def test_fields_and_order(self, simulator: Simulator, token: str) -> None:
        found = data(simulator, token, "/clips", broadcaster_id=ADA)
        assert_fields(found, CLIP)
        views = [one["view_count"] for one in found]
        assert views == sorted(views, reverse=True)
        videos = {one["id"] for one in data(simulator, token, "/videos", user_id=ADA)}
        assert {one["video_id"] for one in found} <= videos | {""}
        assert all((one["vod_offset"] is None) == (not one["video_id"]) for one in found)
        assert walked(simulator, token, "/clips", broadcaster_id=ADA, first="1") == [
            one["id"] for one in found
        ]

    def test_by_id_and_within_a_time(self, simulator: Simulator, token: str) -> None:
        every = data(simulator, token, "/clips", broadcaster_id=ADA)
        (one,) = data(simulator, token, "/clips", id=every[0]["id"])
        assert one == every[0]
        assert data(simulator, token, "/clips", id="NoSuchClip-1") == []
        begin = one["created_at"]
        within = data(simulator, token, "/clips", broadcaster_id=ADA, started_at=begin)
        assert one in within
        assert all(each["created_at"] >= begin for each in within)
        featured = data(simulator, token, "/clips", broadcaster_id=ADA, is_featured="true")
        assert all(each["is_featured"] for each in featured)

    @pytest.mark.parametrize(
        "params",
        [{}, {"broadcaster_id": ADA, "id": "x"}, {"broadcaster_id": ADA, "started_at": "soon"}],
    )
    def test_bad_input_is_a_400(
        self, simulator: Simulator, token: str, params: dict[str, str]
    ) -> None:
        assert get(simulator, token, "/clips", **params).status_code == 400


class TestSchedule:
    def test_is_an_object_with_what_comes(self, simulator: Simulator, token: str) -> None:
        found = data(simulator, token, "/schedule", broadcaster_id=ADA)
        assert set(found) == {
            "segments", "broadcaster_id", "broadcaster_name", "broadcaster_login", "vacation",
        }  # fmt: skip
        assert (found["broadcaster_login"], found["vacation"]) == ("ada_streams", None)
        assert_fields(found["segments"], SEGMENT)
        begins = [datetime.fromisoformat(one["start_time"]) for one in found["segments"]]
        assert begins == sorted(begins)
        now = simulator.inside(lambda twitch: twitch.clock.now())
        assert begins[0].timestamp() >= now - 1
        assert all(one["end_time"] > one["start_time"] for one in found["segments"])

    def test_pages_and_later_beginnings(self, simulator: Simulator, token: str) -> None:
        ids = walked(simulator, token, "/schedule", broadcaster_id=ADA, first="25")
        assert len(set(ids)) == len(ids)
        assert walked(simulator, token, "/schedule", broadcaster_id=ADA, first="2") == ids
        later = "2036-01-01T00:00:00Z"
        far = data(simulator, token, "/schedule", broadcaster_id=ADA, start_time=later)
        assert all(one["start_time"] >= later for one in far["segments"])
        (one,) = data(simulator, token, "/schedule", broadcaster_id=ADA, id=ids[1])["segments"]
        assert one["id"] == ids[1]

    @pytest.mark.parametrize(
        ("params", "status"),
        [
            ({"broadcaster_id": BOB}, 404),
            ({"broadcaster_id": "1"}, 404),
            ({}, 400),
            ({"broadcaster_id": ADA, "first": "26"}, 400),
            ({"broadcaster_id": ADA, "start_time": "tomorrow"}, 400),
            ({"broadcaster_id": ADA, "start_time": "9999-12-31T00:00:00Z"}, 400),
            ({"broadcaster_id": ADA, "start_time": "0001-01-01T00:00:00+23:00"}, 400),
        ],
    )
    def test_who_has_none_and_bad_input(
        self, simulator: Simulator, token: str, params: dict[str, str], status: int
    ) -> None:
        assert get(simulator, token, "/schedule", **params).status_code == status


def test_top_games_are_those_watched_most(simulator: Simulator, token: str) -> None:
    watched: dict[str, int] = {}
    for stream in data(simulator, token, "/streams", first="100"):
        game = stream["game_id"]
        watched[game] = watched.get(game, 0) + stream["viewer_count"]
    top = [one["id"] for one in data(simulator, token, "/games/top", first="100")]
    assert set(top) == set(watched)
    assert watched[top[0]] >= watched[top[-1]]


def test_each_picture_and_address_leads_somewhere(simulator: Simulator, token: str) -> None:
    video = data(simulator, token, "/videos", user_id=ADA)[0]
    clip = data(simulator, token, "/clips", broadcaster_id=ADA)[0]
    thumbnail = video["thumbnail_url"].replace("%{width}", "320").replace("%{height}", "180")
    for picture in (thumbnail, clip["thumbnail_url"]):
        answer = simulator.http.get(picture)
        assert answer.headers["content-type"] == "image/svg+xml"
    for address in (video["url"], clip["url"], f"{clip['embed_url']}&parent=localhost"):
        answer = simulator.http.get(address)
        assert answer.status_code == 200
    missing = simulator.http.get(f"{simulator.url}/pictures/video-1-320x180.svg")
    assert missing.status_code == 404


def test_another_projects_client_reads_them(simulator: Simulator) -> None:
    async def work() -> tuple[list[api.Video], list[api.Clip], Any, list[api.Game]]:
        twitch = await Twitch(
            simulator.client_id,
            simulator.client_secret,
            base_url=f"{simulator.url}/helix/",
            auth_base_url=f"{simulator.url}/oauth2/",
        )
        try:
            return (
                [one async for one in twitch.get_videos(user_id=ADA, first=2)],
                [one async for one in twitch.get_clips(broadcaster_id=ADA, first=2)],
                await twitch.get_channel_stream_schedule(ADA),
                [one async for one in twitch.get_top_games(first=2)],
            )
        finally:
            await twitch.close()

    videos, clips, schedule, games = asyncio.run(work())
    assert {one.user_login for one in videos} == {"ada_streams"}
    assert {one.broadcaster_id for one in clips} == {ADA}
    assert schedule.broadcaster_login == "ada_streams"
    assert schedule.segments[0].start_time.tzinfo is not None
    assert len(games) == len({one.id for one in games})
