"""Stopping: the farewell comes before the server hears of it, and never keeps it for long."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from unittest.mock import patch

import pytest

from streamwatch import stopping
from streamwatch.stopping import before_stopping


class Server:
    """As uvicorn's: its bound method is the handler of signals."""

    def __init__(self) -> None:
        self.should_exit = False
        self.stopped = asyncio.Event()
        self.signals: list[int] = []

    def handle_exit(self, signum: int, _frame: FrameType | None) -> None:
        self.signals.append(signum)
        self.should_exit = True
        self.stopped.set()


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in stopping.SIGNALS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def play(farewell: Callable[[Server], None]) -> Server:
    """A server that is told to stop."""

    async def serve() -> Server:
        server = Server()
        signal.signal(signal.SIGTERM, server.handle_exit)

        async def say() -> None:
            farewell(server)
            await asyncio.sleep(0)

        before_stopping(say)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(server.stopped.wait(), 5)
        return server

    return asyncio.run(serve())


def test_the_farewell_comes_first() -> None:
    told: list[bool] = []
    server = play(lambda server: told.append(server.should_exit))
    assert told == [False]
    assert server.signals == [signal.SIGTERM]


def test_a_farewell_that_fails_keeps_nobody() -> None:
    def fail(_server: Server) -> None:
        raise ZeroDivisionError

    assert play(fail).signals == [signal.SIGTERM]


def test_one_that_hangs_is_cut_short_and_a_second_signal_waits_for_nothing() -> None:
    async def serve() -> list[int]:
        server = Server()
        signal.signal(signal.SIGTERM, server.handle_exit)
        begun = asyncio.Event()

        async def hang() -> None:
            begun.set()
            await asyncio.Event().wait()

        before_stopping(hang)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(begun.wait(), 5)
        signal.raise_signal(signal.SIGINT)
        assert server.signals == [signal.SIGINT]
        server.stopped.clear()
        await asyncio.wait_for(server.stopped.wait(), 5)
        return server.signals

    with patch.object(stopping, "LONGEST_SECONDS", 0.05):
        assert asyncio.run(serve()) == [signal.SIGINT, signal.SIGTERM]


def test_whoever_looks_for_the_server_finds_whether_it_stops() -> None:
    async def serve() -> None:
        server = Server()
        signal.signal(signal.SIGTERM, server.handle_exit)

        async def say() -> None:
            pass

        before_stopping(say)
        found = signal.getsignal(signal.SIGTERM).__self__  # type: ignore[union-attr]
        assert found.should_exit is False
        server.should_exit = True
        assert found.should_exit is True

    asyncio.run(serve())


def test_without_such_a_server_nothing_changes() -> None:
    async def serve() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

        async def say() -> None:
            pass

        before_stopping(say)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN

    asyncio.run(serve())
