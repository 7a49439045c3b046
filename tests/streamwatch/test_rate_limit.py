"""What the client of Helix remembers of Twitch's bucket of points, and holding a token."""

from __future__ import annotations

from unittest.mock import patch

import httpx
import pytest

from streamwatch.twitch.errors import LimitReached, TokenRefused
from streamwatch.twitch.helix import Helix, RateLimit

FULL = {"Ratelimit-Limit": "800", "Ratelimit-Remaining": "799", "Ratelimit-Reset": "1700000060"}


class Tokens:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def current(self) -> str:
        self.asked += 1
        return f"token-{self.asked}"

    def renew(self, dead: str) -> str:
        raise AssertionError(dead)


def client(status: int, headers: dict[str, str], seen: list[httpx.Request] | None = None) -> Helix:
    """One that always gets this answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, headers=headers, json={"data": []})

    helix = Helix(api_url="http://twitch.test/helix", client_id="c", tokens=Tokens())
    helix.close()
    helix._http = httpx.Client(transport=httpx.MockTransport(answer), timeout=1)
    return helix


def test_the_last_answer_is_remembered() -> None:
    helix = client(200, FULL)
    assert helix.rate_limit is None
    with patch("time.time", return_value=1_700_000_000.0):
        helix.profiles(logins=["ann"])
    assert helix.rate_limit == RateLimit(800, 799, 1_700_000_060, 1_700_000_000.0)


def test_a_refusal_tells_it_too() -> None:
    helix = client(429, {**FULL, "Ratelimit-Remaining": "0"})
    with pytest.raises(LimitReached) as caught:
        helix.profiles(logins=["ann"])
    assert caught.value.reset_at == 1_700_000_060
    assert helix.rate_limit is not None
    assert helix.rate_limit.remaining == 0


@pytest.mark.parametrize(
    "headers", [{}, {**FULL, "Ratelimit-Limit": ""}, {**FULL, "Ratelimit-Reset": "soon"}]
)
def test_headers_that_tell_nothing_change_nothing(headers: dict[str, str]) -> None:
    helix = client(200, headers)
    helix.profiles(logins=["ann"])
    assert helix.rate_limit is None


def test_the_bucket_fills_in_a_minute() -> None:
    limit = RateLimit(800, 0, 60, seen_at=0.0)
    assert [limit.points_at(second) for second in (-5, 0, 30, 60, 600)] == [0, 0, 400, 800, 800]


def test_a_held_token_is_asked_for_once_and_shares_the_limit() -> None:
    seen: list[httpx.Request] = []
    helix = client(200, FULL, seen)
    held = helix.hold()
    for _ in range(3):
        held.channels(["7"])
    assert {request.headers["authorization"] for request in seen} == {"Bearer token-1"}
    assert helix.rate_limit is not None


def test_a_held_token_that_is_refused_is_not_renewed() -> None:
    held = client(401, {}).hold()
    with pytest.raises(TokenRefused):
        held.channels(["7"])
