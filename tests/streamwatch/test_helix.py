"""Lists that Helix gives page by page, and answers of a bad day that no simulator gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from streamwatch.twitch.errors import TokenRefused, TwitchUnavailable
from streamwatch.twitch.helix import MAX_PAGES, Helix
from streamwatch.twitch.payloads import FollowedChannel

LIMITS = {"Ratelimit-Limit": "800", "Ratelimit-Remaining": "7", "Ratelimit-Reset": "9"}


class OneToken:
    def current(self) -> str:
        return "the application's"

    def renew(self, dead: str) -> str:
        raise AssertionError(dead)


@contextmanager
def helix(answer: Callable[[httpx.Request], httpx.Response]) -> Iterator[Helix]:
    """A client whose Twitch is `answer`."""
    client = Helix(api_url="http://twitch.test/helix", client_id="c", tokens=OneToken())
    client._http.close()
    client._http = httpx.Client(transport=httpx.MockTransport(answer))
    yield client
    client.close()


def page(ids: list[str], cursor: Any) -> httpx.Response:
    data = [{"broadcaster_id": one, "followed_at": "2026-11-24T12:00:00Z"} for one in ids]
    return httpx.Response(200, json={"total": 3, "data": data, "pagination": {"cursor": cursor}})


def test_followed_channels_come_page_by_page() -> None:
    asked: list[str] = []
    pages = {"": page(["1", "2"], "x"), "x": page(["3"], None)}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url.params))
        return pages[request.url.params.get("after", "")]

    with helix(answer) as twitch:
        lists = twitch.followed_channels("7")
        assert [one.twitch_id for one in next(lists)] == ["1", "2"]
        assert asked == ["user_id=7&first=100"]
        assert next(lists) == [
            FollowedChannel("3", "", "", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ]
        assert list(lists) == []
    assert len(asked) == 2


@pytest.mark.parametrize("cursors", [["x", "x"], ["x", "y", "x"]])
def test_pages_that_repeat_are_no_list(cursors: list[str]) -> None:
    following = iter(cursors)
    with (
        helix(lambda _request: page(["1"], next(following))) as twitch,
        pytest.raises(TwitchUnavailable, match="does not end"),
    ):
        list(twitch.followed_channels("7"))


def test_a_list_without_end_ends_somewhere() -> None:
    numbers = count()
    with (
        helix(lambda _request: page(["1"], str(next(numbers)))) as twitch,
        pytest.raises(TwitchUnavailable, match="does not end"),
    ):
        list(twitch.followed_channels("7"))
    assert next(numbers) == MAX_PAGES


def test_a_slow_answer_is_none() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    with helix(answer) as twitch, pytest.raises(TwitchUnavailable, match="ReadTimeout"):
        list(twitch.followed_channels("7"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text='{"data": [{"broadcaster_id"'),
        httpx.Response(200, json={"data": None}),
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "/"}),
    ],
)
def test_no_list_is_no_answer(answer: httpx.Response) -> None:
    with helix(lambda _request: answer) as twitch, pytest.raises(TwitchUnavailable):
        list(twitch.followed_channels("7"))


def test_what_is_missing_is_empty() -> None:
    items = [{"broadcaster_id": None, "followed_at": None, "new": [1]}, "text", {}]
    nothing = FollowedChannel("", "", "", None)
    with helix(lambda _request: httpx.Response(200, json={"data": items})) as twitch:
        assert list(twitch.followed_channels("7")) == [[nothing, nothing]]


def test_a_viewers_token_has_a_bucket_of_its_own() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_viewers = request.headers["Authorization"] == "Bearer the viewer's"
        return httpx.Response(200, json={"data": []}, headers=LIMITS if is_viewers else {})

    with helix(answer) as twitch:
        theirs = twitch.with_token("the viewer's")
        assert list(theirs.followed_channels("7")) == [[]]
        assert theirs.rate_limit is not None
        assert twitch.rate_limit is None
        assert list(twitch.followed_channels("7")) == [[]]


def test_a_viewers_token_that_is_refused_is_not_replaced_by_the_applications() -> None:
    with (
        helix(lambda _request: httpx.Response(401)) as twitch,
        pytest.raises(TokenRefused),
    ):
        list(twitch.with_token("the viewer's").followed_channels("7"))
