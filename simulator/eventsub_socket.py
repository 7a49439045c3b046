"""`/ws`: EventSub over WebSocket.

https://dev.twitch.tv/docs/eventsub/websocket-reference
"""

from __future__ import annotations

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from simulator.local_twitch import LocalTwitch, of
from simulator.sessions import ENDINGS, KEEPALIVE_SHARE, LEFT, Connection, Ending

FAILED_PING_PONG = 4002


class PingingProtocol(WebSocketsSansIOProtocol):
    """uvicorn's own protocol, with Twitch's code where a pong does not come."""

    def keepalive_timeout(self) -> None:
        """Close with 4002 and let the application know."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": FAILED_PING_PONG})
        self.conn.send_close(FAILED_PING_PONG, ENDINGS[FAILED_PING_PONG].reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()


async def serve(websocket: WebSocket) -> None:
    """One connection, from the welcome to its end."""
    twitch, query = of(websocket), websocket.query_params
    await websocket.accept()
    if "reconnect" in query:
        connection = twitch.sessions.take_over(query["reconnect"])
        if connection is None:
            await websocket.close(4007, ENDINGS[4007].reason)
            return
    else:
        connection = twitch.sessions.begin(query.get("keepalive_timeout_seconds", ""))
    ending = LEFT
    try:
        ending = await _until_it_ends(twitch, websocket, connection)
    finally:
        twitch.sessions.gone(connection, ending)
    if ending.code is not None:
        await _close(websocket, ending)


async def _until_it_ends(
    twitch: LocalTwitch, websocket: WebSocket, connection: Connection
) -> Ending:
    works = [
        asyncio.create_task(_listen(websocket)),
        asyncio.create_task(_speak(twitch, websocket, connection)),
    ]
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for work in works:
            work.cancel()
    return next(iter(done)).result()


async def _listen(websocket: WebSocket) -> Ending:
    """Nothing may be said to Twitch; who goes is noticed."""
    message = await websocket.receive()
    if message["type"] == "websocket.receive":
        return ENDINGS[4001]
    failed = message.get("code") == FAILED_PING_PONG
    return Ending(None, "", ENDINGS[FAILED_PING_PONG].status) if failed else LEFT


async def _speak(twitch: LocalTwitch, websocket: WebSocket, connection: Connection) -> Ending:
    """Send what is in the queue, and a keepalive where there is nothing for long."""
    loop = asyncio.get_running_loop()
    pause = connection.session.pause * KEEPALIVE_SHARE
    keepalive_at = loop.time() + pause
    while True:
        item = await connection.next(keepalive_at)
        now = loop.time()
        if isinstance(item, Ending):
            return item
        if item is not None:
            try:
                await websocket.send_text(item)
            except WebSocketDisconnect:
                return LEFT
            keepalive_at = now + pause
        elif keepalive_at <= now:
            keepalive_at = now + pause
            if not connection.silent:
                connection.say("session_keepalive", {}, twitch.clock)


async def _close(websocket: WebSocket, ending: Ending) -> None:
    try:
        await websocket.close(ending.code or 1000, ending.reason)
    except WebSocketDisconnect:
        return
