"""`/pubsub` served over real sockets by this process, and clients of it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from dev import processes
from livestream import gateway
from streamwatch.live import tailer

T = TypeVar("T")
PATIENCE_SECONDS = 10.0


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Served:
    """The gateway on a port of its own, in a thread of its own."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        app = Starlette(routes=gateway.application.routes, lifespan=self._lifespan)
        self._server = _Uvicorn(
            uvicorn.Config(app, log_level="warning", lifespan="on", **processes.SOCKETS)
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)

    async def _serve(self) -> None:
        await self._server.serve([self._listening])

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        tailer.start()
        self._ready.set()
        yield
        await gateway.gateway.stop()
        await tailer.stop()

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()
        assert self._ready.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        """End as a process does that is told to stop."""
        self.call(gateway.gateway.farewell)
        self._server.should_exit = True
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def call(self, function: Callable[..., Awaitable[T]], **options: Any) -> T:
        """The result of a coroutine in the serving loop."""
        assert self._loop is not None

        async def run() -> T:
            return await function(**options)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_SECONDS)

    @contextmanager
    def client(
        self, *, cookie: str = "", origin: str = "", host: str = "localhost"
    ) -> Iterator[Client]:
        """A page with that cookie, or an old program."""
        made = connect(
            f"ws://{host}:{self.port}/pubsub",
            sock=socket.create_connection(("127.0.0.1", self.port)),
            origin=Origin(origin) if origin else None,
            additional_headers={"Cookie": cookie} if cookie else None,
            compression=None,
            proxy=None,
        )
        with made as opened:
            yield Client(opened, self)


class Client:
    """One connection."""

    def __init__(self, connection: ClientConnection, served: Served) -> None:
        self.connection = connection
        self._served = served

    def say(self, **frame: Any) -> dict[str, Any]:
        """What is answered."""
        self.connection.send(json.dumps(frame))
        return self.next()

    def next(self) -> dict[str, Any]:
        """The next frame."""
        found: dict[str, Any] = json.loads(self.connection.recv(PATIENCE_SECONDS))
        return found

    def listen(self, *topics: str, token: str = "") -> str:
        """The error word, "" for none."""
        data = {"topics": topics, "auth_token": token}
        answer = self.say(type="LISTEN", nonce="n", data=data)
        assert (answer["type"], answer["nonce"]) == ("RESPONSE", "n"), answer
        return str(answer["error"])

    def unlisten(self, *topics: str) -> str:
        """The error word, "" for none."""
        return str(self.say(type="UNLISTEN", nonce="n", data={"topics": topics})["error"])

    def message(self) -> tuple[str, Any]:
        """Topic and payload of what comes next."""
        found = self.next()
        assert found["type"] == "MESSAGE", found
        return found["data"]["topic"], json.loads(found["data"]["message"])

    def hears_nothing(self) -> None:
        """What was told before has been passed on by now: the tailer has read twice."""
        for _ in range(2):
            self._served.call(_read_once)
        assert self.say(type="PING") == {"type": "PONG"}

    def code(self) -> int:
        """Of the close that comes next."""
        with pytest.raises(ConnectionClosed) as caught:
            self.connection.recv(PATIENCE_SECONDS)
        assert caught.value.rcvd is not None
        return caught.value.rcvd.code


async def _read_once() -> None:
    readings = tailer._read_at
    while tailer._read_at == readings and tailer._streams:
        tailer.wake()
        await asyncio.sleep(0.01)


async def until_gone() -> None:
    """Until no connection is left, nor anything that one has to do."""
    while gateway.gateway._connections or gateway.gateway._leaving:
        await asyncio.sleep(0.01)
