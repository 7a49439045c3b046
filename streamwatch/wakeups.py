"""Wake-ups between processes through Redis, where there is one. They may be lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import redis
import redis.asyncio
from django.conf import settings

logger = logging.getLogger(__name__)

REDIS_CHANNEL = "streamwatch.live"
TIMEOUT_SECONDS = 0.5
# After a failure nobody waits for Redis for so long.
PAUSE_SECONDS = 5.0


class Sender:
    """Publishes; skips a while after a failure, so that a Redis that hangs slows nobody down."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._paused_until = 0.0

    def send(self, topic: str) -> None:
        """Wake the other processes. Never raises; at most 1 s."""
        if not settings.REDIS_URL or time.monotonic() < self._paused_until:
            return
        if self._client is None:
            self._client = redis.Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=TIMEOUT_SECONDS,
                socket_connect_timeout=TIMEOUT_SECONDS,
            )
        try:
            self._client.publish(REDIS_CHANNEL, topic)
        except (redis.RedisError, OSError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("Redis away, pages are woken by reading: %s", type(error).__name__)


class Subscriber:
    """Listens; while it is not connected, the tailer reads more often."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.is_connected = False

    async def run(self) -> None:
        """Until cancelled, connecting again as often as needed."""
        while True:
            try:
                await self._listen()
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis away: %s", type(error).__name__)
            finally:
                self.is_connected = False
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=TIMEOUT_SECONDS, health_check_interval=10
        )
        async with client, client.pubsub(ignore_subscribe_messages=True) as listening:
            await listening.subscribe(REDIS_CHANNEL)
            self.is_connected = True
            # What was published before is found by reading once.
            self._wake()
            while True:
                if await listening.get_message(timeout=5.0) is not None:
                    self._wake()


_sender = Sender()
send = _sender.send
