"""Serves the simulator on loopback, from the command line or inside a test."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from simulator.app import create_app
from simulator.config import Config
from simulator.eventsub_socket import PingingProtocol
from simulator.local_twitch import LocalTwitch, build
from simulator.one_piece import OnePieceProtocol

ANY_PORT = 0


class CannotListen(Exception):
    """The port cannot be had; the text says why."""


class _Uvicorn(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them once more when it has stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """One running simulator. `port` is the one it really has, also where any was asked for."""

    def __init__(self, config: Config) -> None:
        self._sockets = _listen(config.port)
        port = self._sockets[0].getsockname()[1]
        self.config = dataclasses.replace(config, port=port)
        self.twitch: LocalTwitch | None = None
        self.broken = False
        self.loop: asyncio.AbstractEventLoop | None = None
        self._uvicorn: _Uvicorn | None = None

    async def serve(self) -> None:
        """Until `stop`; everything that happens to the simulator happens on this loop."""
        self.loop = asyncio.get_running_loop()
        self.twitch = build(self.config)
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                create_app(self.twitch, self._break),
                http=OnePieceProtocol,
                ws=PingingProtocol,
                ws_ping_interval=self.config.ping_seconds,
                ws_ping_timeout=self.config.ping_seconds,
                log_level="warning",
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=3,
            )
        )
        await self._uvicorn.serve(self._sockets)

    @property
    def started(self) -> bool:
        """Whether it answers by now."""
        return self._uvicorn is not None and self._uvicorn.started

    def stop(self) -> None:
        """Finish what is being answered and end; to be called on the loop's thread."""
        if self.twitch is not None:
            self.twitch.stopping.set()
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True

    def stop_on_signals(self) -> None:
        """Let SIGINT and SIGTERM stop it; to be called on a running loop."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, self.stop)

    def _break(self) -> None:
        self.broken = True
        self.stop()


def _listen(port: int) -> list[socket.socket]:
    """Sockets on both loopback addresses, for `localhost` may mean either."""
    first = _bound(socket.AF_INET, "127.0.0.1", port)
    sockets = [first]
    # A machine without IPv6 does without.
    with contextlib.suppress(CannotListen):
        sockets.append(_bound(socket.AF_INET6, "::1", first.getsockname()[1]))
    return sockets


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    try:
        # asyncio lets small answers go out at once (TCP_NODELAY) only where TCP is named.
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise CannotListen(f"{address}: {error}") from error
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, port))
    except OSError as error:
        made.close()
        raise CannotListen(f"{address}:{port}: {error.strerror}") from error
    return made
