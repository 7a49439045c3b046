"""Taking webhooks in: requests a second, p99 and CPU a request, beside a ceiling and plain Django.

Real processes, a real MariaDB (or TEST_MARIADB_URL's), 64 keep-alive connections, signed messages
with different ids; the server on one core, load and database on the other. Median of RUNS.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev import ports
from tests import environment

ROOT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS = 64
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
REQUESTS = {
    "ceiling": 20_000,
    "product": 10_000,
    "product, 10 watched": 4_000,
    "plain_django": 1_500,
}
SECRET = environment.VALUES["TWITCH_EVENTSUB_SECRET"].encode()
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to."""

    per_second: float
    p99_ms: float
    cpu_us: float
    wrong: int


# --- Messages, written by hand from TWITCH.md 3


def requests(count: int, streamers: Sequence[str] = ()) -> list[bytes]:
    """Signed HTTP requests, each with an id of its own."""
    return [_request(number, streamers) for number in range(count)]


def _request(number: int, streamers: Sequence[str]) -> bytes:
    streamer = streamers[number % len(streamers)] if streamers else str(900_000_000 + number)
    event = {
        "broadcaster_user_id": streamer,
        "broadcaster_user_login": f"streamer_{streamer}",
        "broadcaster_user_name": f"Streamer_{streamer}",
        "title": f"Title number {number}, and a few words more to make it as long as they are",
        "language": "en",
        "category_id": "509658",
        "category_name": "Just Chatting",
        "content_classification_labels": [],
    }
    subscription = {
        "id": str(uuid.uuid4()),
        "status": "enabled",
        "type": "channel.update",
        "version": "2",
        "cost": 1,
        "condition": {"broadcaster_user_id": streamer},
        "transport": {"method": "webhook", "callback": "https://example.com/webhooks/twitch/"},
        "created_at": "2026-11-16T10:11:12.634234626Z",
    }
    body = json.dumps({"subscription": subscription, "event": event}).encode()
    message_id = str(uuid.uuid4()).encode()
    timestamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z").encode()
    digest = hmac.new(SECRET, message_id + timestamp + body, hashlib.sha256).hexdigest().encode()
    return b"".join(
        (
            b"POST /webhooks/twitch/ HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\n",
            b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body),
            b"Twitch-Eventsub-Message-Id: " + message_id + b"\r\n",
            b"Twitch-Eventsub-Message-Retry: 0\r\n",
            b"Twitch-Eventsub-Message-Type: notification\r\n",
            b"Twitch-Eventsub-Message-Signature: sha256=" + digest + b"\r\n",
            b"Twitch-Eventsub-Message-Timestamp: " + timestamp + b"\r\n",
            b"Twitch-Eventsub-Subscription-Type: channel.update\r\n",
            b"Twitch-Eventsub-Subscription-Version: 2\r\n\r\n" + body,
        )
    )


# --- Load


class Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered (answers without a body)."""

    def __init__(self, waiting: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.waiting = waiting
        self.done = done
        self.times: list[float] = []
        self.wrong = 0
        self.answer = b""
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if not self.answer.endswith(b"\r\n\r\n"):
            return
        self.times.append(time.perf_counter() - self.sent_at)
        self.wrong += not self.answer.startswith(b"HTTP/1.1 204")
        self.answer = b""
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self.wrong += 1
            self.done.set_result(None)

    def _next(self) -> None:
        request = next(self.waiting, None)
        if request is None:
            self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)


async def load(port: int, messages: Sequence[bytes]) -> tuple[float, list[float], int]:
    """Send all; seconds, the time of each, and how many were not answered 204."""
    loop = asyncio.get_running_loop()
    waiting = iter(messages)
    began = time.perf_counter()
    connections = []
    for _ in range(CONNECTIONS):
        done = loop.create_future()
        _, connection = await loop.create_connection(
            lambda done=done: Connection(waiting, done), "127.0.0.1", port
        )
        connections.append(connection)
    await asyncio.gather(*(one.done for one in connections))
    times = [taken for one in connections for taken in one.times]
    return time.perf_counter() - began, times, sum(one.wrong for one in connections)


# --- Servers


@contextmanager
def server(name: str, database: str) -> Iterator[tuple[int, int]]:
    """A uvicorn process with one of webhook_servers' applications; its port and id."""
    port = ports.free(1)[0]
    command = [sys.executable, "-m", "uvicorn", f"tests.load.webhook_servers:{name}"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    variables = {**environment.bare(), **environment.VALUES, "DATABASE_URL": database}
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    try:
        _wait(port, process)
        os.sched_setaffinity(process.pid, {0})
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {0})
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


def cpu_seconds(pid: int) -> float:
    """What the process has used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(name: str, port: int, pid: int, streamers: Sequence[str]) -> Run:
    messages = requests(REQUESTS[name], streamers)
    used = cpu_seconds(pid)
    seconds, times, wrong = asyncio.run(load(port, messages))
    used = cpu_seconds(pid) - used
    times.sort()
    return Run(
        per_second=len(messages) / seconds,
        p99_ms=times[int(len(times) * 0.99)] * 1000,
        cpu_us=used / len(messages) * 1e6,
        wrong=wrong,
    )
