"""Taking webhooks in: requests a second, p99 and CPU a request, side by side.

StreamWatch as it runs, beside uvicorn answering 204 to anything, and a plain Django view under
gunicorn. Real processes and a real MariaDB; 64 keep-alive connections, signed messages with
different ids; the server on one core, load and database on the other. Median of 5 runs.
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
from functools import partial
from pathlib import Path

import pytest

from dev import ports
from tests import environment

ROOT = Path(__file__).resolve().parent.parent.parent
CONNECTIONS = 64
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SECRET = environment.VALUES["TWITCH_EVENTSUB_SECRET"].encode()
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 60
STREAMERS = [str(number) for number in range(1000, 1010)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server, and what it is sent."""

    name: str
    command: tuple[str, ...]
    requests: int
    streamers: Sequence[str] = ()


UVICORN = ("uvicorn", "--no-access-log", "--log-level", "warning", "--port", "{port}")
GUNICORN = (
    *("gunicorn", "--no-control-socket", "--log-level", "warning"),
    *("--worker-class", "gthread", "--threads", "16"),
)
SERVERS = "tests.load.webhook_servers"
STREAMWATCH = (*UVICORN, "streamwatch.asgi:application")

CONTENDERS = (
    Contender(
        name="bare 204 on uvicorn (ceiling)",
        command=(*UVICORN, f"{SERVERS}:ceiling"),
        requests=20_000,
    ),
    Contender(
        name="StreamWatch, taking in alone",
        command=(*UVICORN, "--factory", f"{SERVERS}:taking_in"),
        requests=10_000,
    ),
    Contender(name="StreamWatch, for nobody", command=STREAMWATCH, requests=10_000),
    Contender(
        name="StreamWatch, recorded for 10 streamers",
        command=STREAMWATCH,
        requests=5_000,
        streamers=STREAMERS,
    ),
    Contender(
        name="plain Django view, gunicorn gthread",
        command=(*GUNICORN, "--bind", "127.0.0.1:{port}", f"{SERVERS}:plain_django()"),
        requests=2_000,
    ),
)


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


def _same(connection: Connection) -> Connection:
    return connection


async def load(port: int, messages: Sequence[bytes]) -> tuple[float, list[float], int]:
    """Send all; seconds, the time of each, and how many were not answered 204."""
    loop = asyncio.get_running_loop()
    waiting = iter(messages)
    began = time.perf_counter()
    connections = []
    for _ in range(CONNECTIONS):
        connection = Connection(waiting, loop.create_future())
        await loop.create_connection(partial(_same, connection), "127.0.0.1", port)
        connections.append(connection)
    await asyncio.gather(*(one.done for one in connections))
    times = [taken for one in connections for taken in one.times]
    return time.perf_counter() - began, times, sum(one.wrong for one in connections)


# --- Servers


@contextmanager
def server(command: Sequence[str], variables: dict[str, str]) -> Iterator[tuple[int, int]]:
    """The server as a process on the first core; its port and id."""
    port = ports.free(1)[0]
    arguments = [part.format(port=port) for part in command]
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=variables,
        preexec_fn=lambda: os.sched_setaffinity(0, {0}),
    )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


def cpu_seconds(pid: int) -> float:
    """What the process and its children have used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICKS + sum(
        cpu_seconds(int(child)) for child in children
    )


def run(contender: Contender, port: int, pid: int) -> Run:
    """Send all messages once."""
    messages = requests(contender.requests, contender.streamers)
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


def median(runs: Sequence[Run]) -> Run:
    """Of each number by itself."""
    return Run(
        per_second=statistics.median(one.per_second for one in runs),
        p99_ms=statistics.median(one.p99_ms for one in runs),
        cpu_us=statistics.median(one.cpu_us for one in runs),
        wrong=sum(one.wrong for one in runs),
    )


def prepare(variables: dict[str, str]) -> None:
    """Tables, and the streamers that messages are for."""
    manage = [sys.executable, "manage.py"]
    code = f"from tests.factories import make_streamer\nfor one in {STREAMERS}:\n"
    code += "    make_streamer(twitch_id=one, login=f'streamer_{one}')"
    for command in (["migrate", "--verbosity=0"], ["shell", "--verbosity=0", "-c", code]):
        subprocess.run([*manage, *command], cwd=ROOT, env=variables, check=True)


def measure(contender: Contender, variables: dict[str, str]) -> Run:
    """The median of RUNS, after one that does not count."""
    if contender.command[0] == "gunicorn":
        # As pages are served: DESIGN.md has a WSGI process keep its connections.
        variables = {**variables, "DATABASE_CONN_MAX_AGE_SECONDS": "60"}
    with server(contender.command, variables) as (port, pid):
        runs = [run(contender, port, pid) for _ in range(RUNS + 1)]
    return median(runs[1:])


@pytest.mark.bench
def test_taking_webhooks_in(mariadb_database: str) -> None:
    variables = {
        **environment.bare(),
        **environment.VALUES,
        "DATABASE_URL": mariadb_database,
        "DJANGO_SETTINGS_MODULE": "streamwatch.settings",
        "LOG_LEVEL": "WARNING",
    }
    prepare(variables)
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    found = {one.name: measure(one, variables) for one in CONTENDERS}

    print(f"\n{'':<40} {'req/s':>8} {'p99 ms':>8} {'CPU us/req':>11}")
    for name, one in found.items():
        print(f"{name:<40} {one.per_second:>8.0f} {one.p99_ms:>8.1f} {one.cpu_us:>11.0f}")
    _, taking_in, for_nobody, _, plain = found.values()
    assert not any(one.wrong for one in found.values())
    assert taking_in.cpu_us * 3 < plain.cpu_us
    assert for_nobody.per_second > plain.per_second
