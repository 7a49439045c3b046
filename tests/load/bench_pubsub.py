"""2,000 idle connections at /pubsub on one process: threads, memory, and how soon all are told."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time

import pytest
from websockets.asyncio.client import ClientConnection, connect

from livestream.shares import MOST_CONNECTIONS
from tests.browser.starting import ROOT, Running, wait_for
from tests.crashes.house import House, house_of
from tests.load.bench_streams import status_of

CONNECTIONS = 2000
# Opened at the same time: more would wait longer than a handshake may.
AT_ONCE = 50
ROUNDS = 5
TOPIC = "stream.online.carla_plays"
PATIENCE_SECONDS = 60.0
MAKE_TOKENS = """
from accounts.models import User
from livestream.tokens import make_token
for number in range({people}):
    name = f"bench_{{number}}"
    viewer = User.objects.create_user(f"9{{number:08}}", login=name, display_name=name)
    print(make_token(user=viewer, name="bench", days=None)[1])
"""


def tokens(running: Running) -> list[str]:
    """Access tokens for all, of so many viewers that none of them has too many connections."""
    people = CONNECTIONS // MOST_CONNECTIONS + 1
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c"]
    made = subprocess.run(
        [*command, MAKE_TOKENS.format(people=people)],
        cwd=ROOT,
        env=dict(running.environment),
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.split()


async def listen(port: int, token: str) -> ClientConnection:
    """One old program, listening."""
    made = await connect(
        f"ws://127.0.0.1:{port}/pubsub", compression=None, proxy=None, open_timeout=60
    )
    data = {"topics": [TOPIC], "auth_token": token}
    await made.send(json.dumps({"type": "LISTEN", "nonce": "n", "data": data}))
    answer = json.loads(await made.recv())
    assert answer["error"] == "", answer
    return made


async def open_all(port: int, tokens: list[str]) -> list[ClientConnection]:
    """All of them, some at a time."""
    opened: list[ClientConnection] = []
    while len(opened) < CONNECTIONS:
        numbers = range(len(opened), len(opened) + AT_ONCE)
        some = (listen(port, tokens[number // MOST_CONNECTIONS]) for number in numbers)
        opened += await asyncio.gather(*some)
    return opened


async def told(clients: list[ClientConnection]) -> list[float]:
    """When each reads its next frame, which has to be a message."""

    async def one(client: ClientConnection) -> float:
        frame = json.loads(await client.recv())
        assert frame["type"] == "MESSAGE", frame
        return time.perf_counter()

    async with asyncio.timeout(PATIENCE_SECONDS):
        return list(await asyncio.gather(*map(one, clients)))


async def measure(house: House, port: int, tokens: list[str]) -> None:
    running = house.running
    pid = running.processes["live"].pid
    # The first one brings what the process imports late, and the promise.
    first = await listen(port, tokens[-1])
    before = (status_of(pid, "Threads"), status_of(pid, "VmRSS"))
    began = time.perf_counter()
    clients = await open_all(port, tokens)
    print(f"{CONNECTIONS} connections listen after {time.perf_counter() - began:.1f} s")
    after = (status_of(pid, "Threads"), status_of(pid, "VmRSS"))
    print(f"threads: {before[0]} with 1, {after[0]} with all")
    grown = after[1] - before[1]
    print(f"memory: {before[1] // 1024} MB with 1, {after[1] // 1024} MB with all:", end=" ")
    print(f"{grown / CONNECTIONS:.1f} kB each")
    # The pools of gateway.py, however many connect.
    assert after[0] - before[0] <= 7
    for number in range(ROUNDS):
        waiting = asyncio.create_task(told([first, *clients]))
        began = time.perf_counter()
        await asyncio.to_thread(running.event, "stream.online", "carla_plays")
        took = [moment - began for moment in await waiting]
        await asyncio.to_thread(running.event, "stream.offline", "carla_plays")
        print(
            f"round {number}: half are told after {statistics.median(took):.2f} s,"
            f" all after {max(took):.2f} s"
        )
    await idle(pid)
    began = time.perf_counter()
    running.processes["live"].terminate()
    frames = await asyncio.gather(*(client.recv() for client in clients))
    assert all(json.loads(frame) == {"type": "RECONNECT"} for frame in frames)
    print(f"all are told to connect again after {time.perf_counter() - began:.2f} s")
    running.processes["live"].wait(30)
    running.start("live")


async def idle(pid: int) -> None:
    """What a minute of renewing and checking costs."""
    seconds = 60.0
    began = cpu_seconds(pid)
    await asyncio.sleep(seconds)
    spent = cpu_seconds(pid) - began
    print(f"idle: {100 * spent / seconds:.1f} % of a core")


def cpu_seconds(pid: int) -> float:
    """Of the process so far."""
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 -- no file of ours
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.bench
def test_idle_connections(mariadb_url: str, redis_url: str) -> None:
    with house_of(mariadb_url, redis_url) as house:
        wait_for(lambda: "carla_plays" in house.person.states(), house.running, 10)
        port = int(house.running.commands["live"][-1])
        asyncio.run(measure(house, port, tokens(house.running)))
