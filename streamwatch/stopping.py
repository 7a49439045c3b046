"""Saying good-bye before the server closes its sockets.

uvicorn closes WebSockets as soon as it is told to stop, and only then tells the application. So
its own signal handler is put off until the application has said what it has to say.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final

logger = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
# However long it takes to say: the server stops then.
LONGEST_SECONDS: Final = 1.0


class Farewell:
    """Stands before the server's handler of signals; its bound method is the handler.

    Who looks for the server behind the handler (sse-starlette does) finds `should_exit` here.
    """

    def __init__(self, server: Any, before: Callable[[], Awaitable[None]]) -> None:
        self._server = server
        self._before = before
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    @property
    def should_exit(self) -> bool:
        """Whether the server has been told to stop."""
        return bool(self._server.should_exit)

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """The first signal waits for the farewell; whoever signals again waits for nothing."""
        if self._task is not None:
            self._server.handle_exit(signum, frame)
            return
        self._loop.call_soon_threadsafe(self._begin, signum)

    def _begin(self, signum: int) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._say(signum))

    async def _say(self, signum: int) -> None:
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await self._before()
        except Exception:
            logger.exception("stopping without a farewell")
        finally:
            self._server.handle_exit(signum, None)


def before_stopping(farewell: Callable[[], Awaitable[None]]) -> None:
    """Have `farewell` run when the process is told to stop, before sockets are closed.

    Called in the running loop. Nothing happens where no server of uvicorn's handles the signals.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not hasattr(server, "handle_exit"):
        return
    handler = Farewell(server, farewell).handle
    for signum in SIGNALS:
        signal.signal(signum, handler)
