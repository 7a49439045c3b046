"""The rate limit: 800 points a minute, filling again all the time."""

from __future__ import annotations

import time

import pytest

from simulator.bucket import Buckets
from simulator.clock import Clock
from simulator.testing import running
from simulator.tokens import Token

APP = Token("a", "client", None, (), 100)
ADA = Token("b", "client", "700000001", (), 100)
BOB = Token("c", "client", "700000002", (), 100)


class StoppedClock(Clock):
    """Moves only when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.time_ns()

    def now_ns(self) -> int:
        return self.started + self._ahead_ns


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


def test_gives_800_points_at_once_and_no_more(clock: StoppedClock) -> None:
    buckets = Buckets(800, clock)
    levels = [buckets.take(APP) for _ in range(801)]
    assert [level.granted for level in levels] == [True] * 800 + [False]
    assert (levels[0].remaining, levels[799].remaining) == (799, 0)


def test_fills_again_by_the_second(clock: StoppedClock) -> None:
    buckets = Buckets(800, clock)
    for _ in range(800):
        buckets.take(APP)
    clock.advance(3)
    granted = [buckets.take(APP).granted for _ in range(41)]
    assert granted == [True] * 40 + [False]


def test_never_holds_more_than_800(clock: StoppedClock) -> None:
    buckets = Buckets(800, clock)
    buckets.take(APP)
    clock.advance(3600)
    assert buckets.take(APP).remaining == 799


def test_tells_when_it_is_full_again(clock: StoppedClock) -> None:
    buckets = Buckets(800, clock)
    for _ in range(800):
        level = buckets.take(APP)
    assert 60 <= level.reset - clock.now() < 61


def test_each_user_and_the_app_have_their_own(clock: StoppedClock) -> None:
    buckets = Buckets(1, clock)
    assert [buckets.take(token).granted for token in (APP, ADA, BOB)] == [True] * 3
    assert [buckets.take(token).granted for token in (APP, ADA, BOB)] == [False] * 3


def test_an_empty_bucket_answers_429_until_it_fills() -> None:
    with running(points_a_minute=6) as simulator:
        token = simulator.app_token()

        def call() -> tuple[int, str]:
            answer = simulator.helix("GET", "/games", token=token, params={"id": "743"})
            return answer.status_code, answer.headers["ratelimit-remaining"]

        assert [call() for _ in range(7)] == [
            *((200, str(left)) for left in (5, 4, 3, 2, 1, 0)),
            (429, "0"),
        ]
        answer = simulator.helix("GET", "/games", token=token, params={"id": "743"})
        assert answer.json()["error"] == "Too Many Requests"
        assert answer.json()["status"] == 429
        assert answer.headers["ratelimit-limit"] == "6"
        simulator.advance(10)
        assert call() == (200, "0")
