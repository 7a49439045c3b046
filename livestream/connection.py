"""One connection at `/pubsub`: what it sends is read here, and what it listens on is told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from django.db import Error as DatabaseError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from livestream import frames, leasing, listening
from livestream.frames import BadFrame, Frame
from livestream.leasing import key_of
from livestream.listening import Listening
from livestream.models import Key
from livestream.shapes import shaped
from livestream.telling import Told, address
from livestream.topics import BAD_MESSAGE, BAD_TOPIC, SERVER, Need, Refusal
from streamwatch.live import RESYNC, Stream, tailer

logger = logging.getLogger(__name__)

# Of Twitch: a client sends PING at least every 5 min, and LISTEN within 15 s.
SILENT_SECONDS: Final = 330.0
FIRST_LISTEN_SECONDS: Final = 15.0
# A program that listens on 50 topics one by one is let through.
FRAMES, FRAMES_SECONDS = 120, 10.0
NORMAL, UNREADABLE, NOT_ALLOWED, TOO_LARGE, LATER = 1000, 1007, 1008, 1009, 1013
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

    def __init__(self, socket: WebSocket, session_key: str, in_thread: InThread) -> None:
        self.number = leasing.draw_connection()
        self.listenings: dict[str, Listening] = {}
        self._socket = socket
        self._session_key = session_key
        self._in_thread = in_thread
        # By session, or by the token of a LISTEN.
        self._is_known = bool(session_key)
        self._stream = Stream()
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
        """Until the client goes, or is sent away."""
        telling = asyncio.create_task(self._tell())
        try:
            while True:
                await self._answer(await self._next_frame())
        except Ended as ended:
            await self._close(ended.code)
        except WebSocketDisconnect:
            pass
        finally:
            tailer.close(self._stream)
            telling.cancel()

    async def reconnect(self) -> None:
        """The client shall connect again; it is given the time that its server has."""
        await self._send(frames.RECONNECT)

    async def revoke(self, lost: Sequence[Listening]) -> None:
        """Nothing more comes of these topics, and the client is told so."""
        if lost:
            ended = self._drop(lost)
            await self._send(frames.auth_revoked([one.text for one in lost]))
            await self._release(ended)

    # --- Reading

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
            code = TOO_LARGE if len(text) > frames.LARGEST else UNREADABLE
            raise Ended(code) from None

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
            raise BadFrame("one too many")

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
                await self._forget(
                    [self.listenings[text] for text in frame.topics if text in self.listenings]
                )
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
        asked = await self._in_thread(
            listening.prepare,
            frame.topics,
            session_key=self._session_key,
            auth_token=frame.auth_token,
        )
        new = [one for one in asked if one.text in texts]
        if not new:
            return
        self.listenings |= {one.text: one for one in new}
        tailer.add(self._stream, _addresses(new))
        try:
            await self._in_thread(listening.commit, new, connection=self.number)
        except (Refusal, DatabaseError):
            self._drop(new)
            raise
        self._listened_at = time.monotonic()
        self._is_known = True

    async def _forget(self, some: Sequence[Listening]) -> None:
        await self._release(self._drop(some))

    async def _release(self, ended: Sequence[Need]) -> None:
        if ended:
            await self._in_thread(leasing.release, connection=self.number, needs=ended)

    def _drop(self, some: Iterable[Listening]) -> list[Need]:
        """Listen on these no more; what no other topic of the connection needs."""
        dropped = list(some)
        for one in dropped:
            self.listenings.pop(one.text, None)
        kept = {key_of(need) for need in self.needs()}
        gone = {key_of(need): need for one in dropped for need in one.needs}
        ended = {key: need for key, need in gone.items() if key not in kept}
        tailer.remove(self._stream, map(address, ended))
        return list(ended.values())

    # --- Telling

    async def _tell(self) -> None:
        while True:
            event = await self._stream.next(seconds=None)
            if event is RESYNC:
                # The client is too slow: it has missed some, and begins anew.
                await self._send(frames.RECONNECT)
                await self._close(LATER)
                return
            if isinstance(event, Told):
                for text in self._messages(event):
                    await self._send(text)

    def _messages(self, told: Told) -> Iterator[str]:
        key: Key = (told.heard.type, told.heard.condition_key)
        for one in self.listenings.values():
            if key in one.keys and told.changed_at >= one.since:
                payload = shaped(one.topic, told.heard)
                if payload is not None:
                    yield frames.message(one.text, payload)

    async def _send(self, text: str) -> None:
        # Whoever has gone meanwhile is noticed where frames are read.
        with suppress(RuntimeError, WebSocketDisconnect, OSError):
            if self._socket.application_state is WebSocketState.CONNECTED:
                await self._socket.send_text(text)

    async def _close(self, code: int) -> None:
        with suppress(RuntimeError, WebSocketDisconnect, OSError):
            await self._socket.close(code)


def _addresses(some: Iterable[Listening]) -> Iterator[Any]:
    return (address(key) for one in some for key in one.keys)
