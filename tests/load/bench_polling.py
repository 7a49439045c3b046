"""Rings over 10,000 and 100,000 streamers: requests, seconds, database time and memory a round.

Against the local Twitch in a process of its own, whose people go live, stop and change titles,
some ten a second. A worker in a process of its own (polled_rounds.py) polls as beat has it poll, on
MariaDB and on SQLite. `BENCH_STREAMERS`, `BENCH_ROUNDS`, `BENCH_POINTS_A_MINUTE` change it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.load.simulated import ROOT, SimulatedTwitch, simulated

SIZES = [int(size) for size in os.environ.get("BENCH_STREAMERS", "10000,100000").split(",")]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "0"))
POINTS = int(os.environ.get("BENCH_POINTS_A_MINUTE", "800"))
# A round over more takes more than a minute, and one tells as much.
MANY = 50_000


def poll(twitch: SimulatedTwitch, database_url: str, rounds: int) -> None:
    addresses = {"TWITCH_AUTH_URL": f"{twitch.url}/oauth2", "TWITCH_API_URL": f"{twitch.url}/helix"}
    settings = {"DJANGO_SETTINGS_MODULE": "streamwatch.settings", "LOG_LEVEL": "WARNING"}
    subprocess.run(
        [sys.executable, "-m", "tests.load.polled_rounds", str(twitch.state), str(rounds)],
        cwd=ROOT,
        env={**os.environ, **settings, **addresses, "DATABASE_URL": database_url},
        check=True,
    )


@pytest.mark.bench
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("vendor", ["mariadb", "sqlite"])
def test_rounds(size: int, vendor: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path}/polled.sqlite3"
    if vendor == "mariadb":
        url = request.getfixturevalue("mariadb_database")
    rounds = ROUNDS or (1 if size >= MANY else 3)
    with simulated(tmp_path, streamers=size, points_a_minute=POINTS, speed=1) as twitch:
        print(
            f"\n{size:,} streamers, {POINTS} points a minute; the local Twitch was ready after"
            f" {twitch.start_seconds:.1f} s"
        )
        poll(twitch, url, rounds)
        print(f"local Twitch: {twitch.memory()} MB; what happened there: {twitch.log()}")
