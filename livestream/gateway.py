"""`/pubsub`: Twitch's retired PubSub, served by StreamWatch to its page and to old programs.

A small Starlette application in front of Django, fed by the tailer. A page is known by its
session, whose origin is checked; an old program by an access token in each LISTEN.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection as database
from django.http.request import split_domain_port, validate_host
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from accounts.models import User
from accounts.sessions import viewer_of_session
from livestream import leasing, listening
from livestream.connection import Connection
from livestream.listening import Listening
from livestream.shares import Shares

logger = logging.getLogger(__name__)
T = TypeVar("T")

PATH: Final = "/pubsub"
# Handshakes and leases ask the database alone; what is listened on may ask Twitch, too. Whoever
# looks after all waits for neither.
THREADS, THREADS_ASKING, THREADS_KEEPING = 3, 3, 1
LOOK_SECONDS: Final = 5.0
# Of looks: when leases are renewed, and when it is asked whether everybody still may.
RENEW_EVERY, CHECK_EVERY = 6, 12
# Whoever began to listen a moment ago is told soon that Twitch will not have it.
FRESH_SECONDS: Final = 12.0
CHECKED_AT_ONCE: Final = 100

FOREIGN: Final = "Sockets with a session are for StreamWatch's own pages."
WRONG_HOST: Final = "StreamWatch is not served under this name."
AWAY: Final = "The database does not answer."


class Threads:
    """A few of our own, for functions that ask the database."""

    def __init__(self, most: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(most, name)

    async def __call__(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run `function`, and let go of the connection to the database."""
        loop = asyncio.get_running_loop()
        call = partial(_and_close, function, *args, **kwargs)
        return await loop.run_in_executor(self._pool, call)


class Gateway:
    """All connections of this process, and what they share."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        # Their leases are being let go.
        self._leaving: set[asyncio.Task[None]] = set()
        self._in_thread = Threads(THREADS, "pubsub")
        self._asking = Threads(THREADS_ASKING, "pubsub-asking")
        self._keeping = Threads(THREADS_KEEPING, "pubsub-keeping")
        self._shares = Shares()
        self._left: list[int] = []
        self._keeper: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        host = socket.headers.get("host", "")
        if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
            await _refuse(socket, 403, WRONG_HOST)
            return
        session_key = socket.cookies.get(settings.SESSION_COOKIE_NAME, "")
        try:
            viewer = await self._in_thread(_viewer, session_key)
        except DatabaseError:
            logger.warning("pubsub: connection refused, the database is away")
            await _refuse(socket, 503, AWAY)
            return
        if viewer is not None and not _is_ours(socket, host):
            await _refuse(socket, 403, FOREIGN)
            return
        await socket.accept()
        one = Connection(
            socket,
            session_key if viewer else "",
            in_thread=self._in_thread,
            asking=self._asking,
            shares=self._shares,
        )
        await self._hold(one)

    async def _hold(self, one: Connection) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())
        self._connections.add(one)
        try:
            await one.run()
        finally:
            self._connections.discard(one)
            if one.listenings or one.gone:
                self._leaves(one.number)

    def _leaves(self, number: int) -> None:
        if self._is_stopping:
            # All go now, and are let go together.
            self._left.append(number)
            return
        # A task of its own: this one may be cancelled.
        leaving = asyncio.create_task(self._let_go([number]))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def farewell(self) -> None:
        """The process is told to stop: every client connects again, elsewhere."""
        self._is_stopping = True
        told = [one.reconnect() for one in self._connections]
        await asyncio.gather(*told, return_exceptions=True)

    async def stop(self) -> None:
        """The end of the process; what was leased runs out in 30 s."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        self._keeper = None
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._let_go([*self._left, *(one.number for one in self._connections)])
        self._left = []
        self._is_stopping = False

    async def _let_go(self, numbers: Sequence[int]) -> None:
        try:
            await self._in_thread(leasing.let_go, connections=numbers)
        except DatabaseError:
            logger.warning("pubsub: leases of %d connections run out by themselves", len(numbers))

    async def _keep(self) -> None:
        look = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            look += 1
            try:
                await self.look(renew=look % RENEW_EVERY == 0, check=look % CHECK_EVERY == 0)
            except DatabaseError:
                logger.warning("pubsub: leases not renewed, the database is away")
            except Exception:
                # Without it every lease would run out.
                logger.exception("pubsub: looking after connections failed")

    async def look(self, *, renew: bool = True, check: bool = True) -> None:
        """Renew leases, and tell whoever may listen no more, or whom Twitch refuses.

        Waits for the database alone: what a client is told, its connection sends by itself.
        """
        holding = [one for one in self._connections if one.listenings]
        if renew:
            await self._renew(holding)
        gone = [one.settle() for one in self._connections if one.gone]
        await asyncio.gather(*gone)
        for start in range(0, len(holding) if check else 0, CHECKED_AT_ONCE):
            some = holding[start : start + CHECKED_AT_ONCE]
            listenings = [each for one in some for each in one.listenings.values()]
            lost = set(await self._keeping(listening.lost, listenings))
            await _revoke(some, lost.__contains__)
        asked = holding if renew else [one for one in holding if one.is_fresh(FRESH_SECONDS)]
        needs = [need for one in asked for need in one.needs()]
        refused = await self._keeping(leasing.refused, needs) if needs else set()
        if refused:
            await _revoke(asked, lambda each: bool(each.keys & refused))

    async def _renew(self, holding: Sequence[Connection]) -> None:
        held = {one.number: one.needs() for one in holding}
        surplus = await self._keeping(leasing.renew, held)
        for one in holding:
            one.gone |= surplus.get(one.number, set())
        # They were let go while they were renewed.
        left = [one.number for one in holding if one not in self._connections]
        if left:
            await self._let_go(left)


async def _revoke(some: Iterable[Connection], is_over: Callable[[Listening], bool]) -> None:
    over = {one: [each for each in one.listenings.values() if is_over(each)] for one in some}
    await asyncio.gather(*(one.revoke(each) for one, each in over.items() if each))


def _viewer(session_key: str) -> User | None:
    return viewer_of_session(session_key) if session_key else None


def _and_close(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        database.close()


async def _refuse(socket: WebSocket, status: int, sentence: str) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(PlainTextResponse(sentence, status))
    else:
        # To the client this is a 403.
        await socket.close()


def _is_ours(socket: WebSocket, host: str) -> bool:
    """Whether a page of ours asks; a program that is no browser names no origin."""
    origin = socket.headers.get("origin")
    if origin is None or origin == settings.PUBLIC_URL:
        return True
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        # It is no address at all.
        return False


gateway = Gateway()
application = Starlette(
    routes=[WebSocketRoute(PATH, gateway.serve), WebSocketRoute(f"{PATH}/", gateway.serve)]
)
