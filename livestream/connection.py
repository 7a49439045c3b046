"""One connection at `/pubsub`: what it sends is read here, and what it listens on is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from django.db import Error as DatabaseError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from livestream import frames, leasing, listening
from livestream.frames import BadFrame, Frame, TooLarge, TooMany
from livestream.leasing import key_of
from livestream.listening import Listening
from livestream.models import Key
from livestream.shapes import shaped
from livestream.shares import Shares
from livestream.telling import Said, Told, address
from livestream.topics import BAD_MESSAGE, BAD_TOPIC, SERVER, Need, Refusal
from streamwatch.live import RESYNC, Stream, tailer

logger = logging.getLogger(__name__)

# Of Twitch: a client sends PING at least every 5 min, and LISTEN within 15 s.
SILENT_SECONDS: Final = 330.0
FIRST_LISTEN_SECONDS: Final = 15.0
# Whoever does not take what is sent for so long is given up.
SEND_SECONDS: Final = 5.0
# A program that listens on 50 topics one by one is let through.
FRAMES, FRAMES_SECONDS = 120, 10.0
NORMAL, UNREADABLE, LATER = 1000, 1007, 1013
CODES: Final[Mapping[type[BadFrame], int]] = {TooMany: 1008, TooLarge: 1009}
TOO_MANY: Final = Refusal(BAD_TOPIC, f"A connection listens on {frames.MOST_TOPICS} at most.")
AWAY: Final = Refusal(SERVER, "StreamWatch's database does not answer. Try again in a moment.")

InThread = Callable[..., Awaitable[Any]]


class Ended(Exception):
    """The connection is over, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Connection:
    """Reads frames and answers them, while a task of its own tells what the tailer brings."""

    def __init__(
        self,
        socket: WebSocket,
        session_key: str,
        *,
        in_thread: InThread,
        asking: InThread,
        shares: Shares,
    ) -> None:
        self.number = leasing.draw_connection()
        self.listenings: dict[str, Listening] = {}
        # What was let go of since `settle()`; it may be leased still.
        self.gone: set[Key] = set()
        self._socket = socket
        self._session_key = session_key
        self._in_thread = in_thread
        self._asking = asking
        self._shares = shares
        # By session, or by the token of a LISTEN.
        self._is_known = bool(session_key)
        self._stream = Stream()
        # Held by whoever changes both listenings and leases: frames, and the keeper.
        self._changing = asyncio.Lock()
        self._given_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began_at = self._frames_since = self._listened_at = time.monotonic()
        self._frames = 0

    def needs(self) -> list[Need]:
        """What all of its topics need, each once."""
        found = {key_of(need): need for each in self.listenings.values() for need in each.needs}
        return list(found.values())

    def is_fresh(self, seconds: float) -> bool:
        """Whether it began to listen on something within the last seconds."""
        return time.monotonic() - self._listened_at < seconds

    async def run(self) -> None:
        """Until the client goes, is sent away, or takes no more of what is sent."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._tell())]
        try:
            await asyncio.wait([*tasks, self._given_up], return_when=asyncio.FIRST_COMPLETED)
        finally:
            tailer.close(self._stream)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._shares.give_back(self.listenings.values(), connection=self.number)
        if not self._given_up.done():
            await self._end([end for end in ends if isinstance(end, Exception)])

    async def reconnect(self) -> None:
        """The client shall connect again; it is given the time that its server has."""
        await self._send(frames.RECONNECT)

    async def revoke(self, lost: Sequence[Listening]) -> None:
        """Nothing more comes of these topics; the client is told so in its turn."""
        async with self._changing:
            # Those it has not let go of by itself, meanwhile.
            lost = [one for one in lost if self.listenings.get(one.text) is one]
            if not lost:
                return
            ended = self._drop(lost)
            try:
                await self._release(ended)
            finally:
                said = frames.auth_revoked([one.text for one in lost])
                self._stream.put(Said("said", frame=said))

    async def settle(self) -> None:
        """End the leases of what was let go of.

        The database may have been away then, or the keeper have renewed it at the same moment.
        """
        async with self._changing:
            await self._release(self.gone - {key_of(need) for need in self.needs()})
            self.gone.clear()

    async def _end(self, ends: Sequence[Exception]) -> None:
        code = LATER
        for end in ends:
            match end:
                case WebSocketDisconnect():
                    return
                case Ended():
                    code = end.code
                case _:
                    # Better none than one that is deaf: the client comes back.
                    logger.error("pubsub: connection ended by a defect", exc_info=end)
                    await self._send(frames.RECONNECT)
        await self._close(code)

    # --- Reading

    async def _read(self) -> None:
        while True:
            await self._answer(await self._next_frame())

    async def _next_frame(self) -> Frame:
        try:
            async with asyncio.timeout(self._patience()):
                text = await self._receive()
        except TimeoutError:
            raise Ended(NORMAL) from None
        try:
            self._count()
            return frames.read(text)
        except BadFrame as error:
            logger.info("pubsub: connection ended, a frame was %s", error)
            await self._send(frames.response("", BAD_MESSAGE))
            raise Ended(CODES.get(type(error), UNREADABLE)) from None

    async def _receive(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        # Bytes are no JSON of PubSub's.
        return message.get("text") or ""

    def _patience(self) -> float:
        if self._is_known:
            return SILENT_SECONDS
        return max(0.0, self._began_at + FIRST_LISTEN_SECONDS - time.monotonic())

    def _count(self) -> None:
        now = time.monotonic()
        if now - self._frames_since > FRAMES_SECONDS:
            self._frames_since, self._frames = now, 0
        self._frames += 1
        if self._frames > FRAMES:
            raise TooMany("one too many")

    # --- Answering

    async def _answer(self, frame: Frame) -> None:
        if frame.type == "PING":
            await self._send(frames.PONG)
            return
        try:
            if frame.problem:
                raise frame.problem
            if frame.type == "LISTEN":
                await self._listen(frame)
            else:
                await self._forget(frame.topics)
        except Refusal as refusal:
            await self._say_no(frame, refusal)
        except DatabaseError:
            logger.warning("pubsub: the database is away")
            await self._say_no(frame, AWAY)
        else:
            await self._send(frames.response(frame.nonce))

    async def _say_no(self, frame: Frame, refusal: Refusal) -> None:
        # A page is told the sentence; an old program would stumble over a field it does not know.
        is_page = self._session_key and not frame.auth_token
        sentence = refusal.sentence if is_page else ""
        await self._send(frames.response(frame.nonce, refusal.word, sentence=sentence))

    async def _listen(self, frame: Frame) -> None:
        """All topics or none. Told from before the lease on, so that nothing falls between."""
        texts = [text for text in frame.topics if text not in self.listenings]
        if len(self.listenings) + len(texts) > frames.MOST_TOPICS:
            raise TOO_MANY
        asked = await self._asking(
            listening.prepare,
            frame.topics,
            session_key=self._session_key,
            auth_token=frame.auth_token,
        )
        new = [one for one in asked if one.text in texts]
        if new:
            async with self._changing:
                await self._begin(new)

    async def _begin(self, new: Sequence[Listening]) -> None:
        self._shares.take(new, connection=self.number)
        self.listenings |= {one.text: one for one in new}
        tailer.add(self._stream, _addresses(new))
        try:
            await self._in_thread(listening.commit, new, connection=self.number)
        except (Refusal, DatabaseError):
            # It may have been written all the same.
            ended = self._drop(new)
            with suppress(DatabaseError):
                await self._release(ended)
            raise
        self._listened_at = time.monotonic()
        self._is_known = True

    async def _forget(self, texts: Iterable[str]) -> None:
        async with self._changing:
            some = [self.listenings[text] for text in texts if text in self.listenings]
            await self._release(self._drop(some))

    async def _release(self, ended: Collection[Key]) -> None:
        if ended:
            await self._in_thread(leasing.release, connection=self.number, keys=ended)

    def _drop(self, some: Iterable[Listening]) -> set[Key]:
        """Listen on these no more; what no other topic of the connection needs."""
        dropped = list(some)
        for one in dropped:
            self.listenings.pop(one.text, None)
        self._shares.give_back(dropped, connection=self.number)
        kept = {key_of(need) for need in self.needs()}
        ended = {key for one in dropped for key in one.keys} - kept
        tailer.remove(self._stream, map(address, ended))
        self.gone |= ended
        return ended

    # --- Telling

    async def _tell(self) -> None:
        while True:
            event = await self._stream.next(seconds=None)
            if event is RESYNC:
                # The client is too slow: it has missed some, and begins anew.
                await self._send(frames.RECONNECT)
                raise Ended(LATER)
            if isinstance(event, Said):
                await self._send(event.frame)
            if isinstance(event, Told):
                await self._pass_on(event)

    async def _pass_on(self, told: Told) -> None:
        key: Key = (told.heard.type, told.heard.condition_key)
        # A list, for while one is sent another may be let go of: that one is not told any more.
        for one in list(self.listenings.values()):
            is_meant = key in one.keys and told.changed_at >= one.since
            if not is_meant or self.listenings.get(one.text) is not one:
                continue
            payload = shaped(one.topic, told.heard)
            if payload is not None:
                await self._send(frames.message(one.text, payload))

    async def _send(self, text: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._in_time(self._socket.send_text(text))

    async def _close(self, code: int) -> None:
        await self._in_time(self._socket.close(code))

    async def _in_time(self, sending: Awaitable[None]) -> None:
        """The server sends only once the client has taken what was sent before."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await sending
        except TimeoutError:
            logger.info("pubsub: connection given up, its client does not read")
            if not self._given_up.done():
                self._given_up.set_result(None)
        except (RuntimeError, WebSocketDisconnect, OSError):
            # Whoever has gone meanwhile is noticed where frames are read.
            return


def _addresses(some: Iterable[Listening]) -> Iterator[Any]:
    return (address(key) for one in some for key in one.keys)
