"""The local Twitch in a process of its own, as big as wanted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from accounts.twitch import helix, oauth
from dev import ports
from tests.accounts.dance import twitch_at

ROOT = Path(__file__).resolve().parents[2]


def memory(pid: int | str = "self") -> int:
    """Resident memory of a process in MB, at its most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@dataclass(frozen=True)
class SimulatedTwitch:
    """A running one."""

    url: str
    state: Path
    pid: int
    start_seconds: float

    def streamers(self) -> list[str]:
        """The ids of all who stream and cannot log in."""
        with closing(sqlite3.connect(self.state)) as database:
            rows = database.execute("SELECT id FROM people WHERE can_log_in = 0 ORDER BY id")
            return [row[0] for row in rows]

    def log(self) -> dict[str, int]:
        """How often what has happened."""
        with closing(sqlite3.connect(self.state)) as database:
            return dict(database.execute("SELECT type, count(*) FROM log GROUP BY type"))

    def grant(self, ids: Collection[str], scopes: Collection[str]) -> None:
        """These have given their consent."""
        client, words = settings.TWITCH_CLIENT_ID, " ".join(scopes)
        with closing(sqlite3.connect(self.state, timeout=10)) as database, database:
            database.executemany(
                "INSERT INTO grants (client_id, user_id, scopes) VALUES (?, ?, ?)",
                [(client, one, words) for one in ids],
            )

    def memory(self) -> int:
        """MB, at its most."""
        return memory(self.pid)


@contextmanager
def simulated(folder: Path, **options: object) -> Iterator[SimulatedTwitch]:
    """Started with SIMULATOR_<option> set, and StreamWatch asks it within the block."""
    port = ports.free(1)[0]
    state = folder / "simulator.sqlite3"
    told = {f"SIMULATOR_{name.upper()}": str(value) for name, value in options.items()}
    told |= {
        "SIMULATOR_CLIENT_ID": settings.TWITCH_CLIENT_ID,
        "SIMULATOR_CLIENT_SECRET": settings.TWITCH_CLIENT_SECRET,
        "SIMULATOR_STATE": str(state),
        "SIMULATOR_PORT": str(port),
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"],
        cwd=ROOT,
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "is ready" in process.stdout.readline()
        url = f"http://localhost:{port}"
        with twitch_at(f"{url}/oauth2", f"{url}/helix"):
            yield SimulatedTwitch(url, state, process.pid, time.monotonic() - began)
            helix().close()
            oauth().close()
    finally:
        process.terminate()
        process.communicate(timeout=20)
