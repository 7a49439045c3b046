"""500 open streams on one ASGI process: threads, memory, and what a page takes meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import httpx
import pytest

from tests.browser.people import Person
from tests.browser.starting import Running, wait_for
from tests.crashes.house import house_of

STREAMS = 500
ROUNDS = 5
PAGES_A_ROUND = 9
EVENTS = 4


class Streams:
    """Open connections to /activity/stream/, and how many new rows they brought."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port = port
        self._cookie = cookie
        self._writers: list[asyncio.StreamWriter] = []
        self._readers: list[asyncio.Task[None]] = []
        self.rows = 0

    async def open(self, how_many: int) -> None:
        """Open and read on in the background."""
        for _ in range(how_many):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(
                f"GET /activity/stream/?after=999999999 HTTP/1.1\r\nHost: localhost\r\n"
                f"Cookie: {self._cookie}\r\n\r\n".encode()
            )
            status = await reader.readline()
            assert b" 200 " in status, status
            self._writers.append(writer)
            self._readers.append(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self.rows += line.startswith(b"event: activity")

    async def close(self) -> None:
        for task in self._readers:
            task.cancel()
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._readers, self._writers = [], []


def status_of(pid: int, name: str) -> int:
    """A number of /proc/<pid>/status: `Threads`, `VmRSS` (kB)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


async def page_ms(client: httpx.AsyncClient, url: str) -> float:
    """The median of some pages, one after another."""
    taken = []
    for _ in range(PAGES_A_ROUND):
        began = time.perf_counter()
        answer = await client.get(url)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == httpx.codes.OK
    return statistics.median(taken)


async def measure(running: Running, port: int, cookie: str) -> None:
    """Without and with open streams, side by side, ROUNDS times."""
    pid = running.processes["live"].pid
    without, beside, threads, memory = [], [], [], []
    async with httpx.AsyncClient(headers={"Cookie": cookie}, timeout=30) as client:
        url = f"http://127.0.0.1:{port}/home/"
        await page_ms(client, url)
        for number in range(ROUNDS):
            idle_threads = status_of(pid, "Threads")
            without.append(await page_ms(client, url))
            streams = Streams(port, cookie)
            await streams.open(STREAMS)
            beside.append(await page_ms(client, url))
            threads.append((idle_threads, status_of(pid, "Threads")))
            memory.append(status_of(pid, "VmRSS") // 1024)
            # Beyond what the streams began with: rows of the last minute.
            streams.rows = 0
            for _ in range(EVENTS // 2):
                await asyncio.to_thread(running.event, "stream.online", "carla_plays")
                await asyncio.to_thread(running.event, "stream.offline", "carla_plays")
            await asyncio.sleep(2)
            print(f"round {number}: {streams.rows} of {STREAMS * EVENTS} rows arrived")
            assert streams.rows == STREAMS * EVENTS
            await streams.close()
            await asyncio.sleep(1)
    ratios = [b / a for a, b in zip(without, beside, strict=True)]
    print(f"page without streams: {statistics.median(without):.1f} ms (median of {ROUNDS})")
    print(f"page beside {STREAMS} streams: {statistics.median(beside):.1f} ms")
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"threads without, with: {threads}; memory with: {memory} MB")
    assert all(more - few <= 2 for few, more in threads)


@pytest.mark.bench
def test_pages_beside_open_streams(mariadb_url: str, redis_url: str) -> None:
    with house_of(mariadb_url, redis_url) as house:
        running = house.running
        assert isinstance(house.person, Person)
        wait_for(lambda: "carla_plays" in house.person.states(), running, 10)
        cookie = f"sessionid={house.person.http.cookies['sessionid']}"
        asyncio.run(measure(running, int(running.commands["live"][-1]), cookie))
