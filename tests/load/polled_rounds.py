"""A worker that does nothing but poll, in a process of its own, on the database of DATABASE_URL.

    python -m tests.load.polled_rounds <state file of the local Twitch> <rounds>

It watches all streamers of the local Twitch as that has them now, runs the rings as beat does,
every 5 s, and prints a line for each round of both quick rings.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import django

from tests import environment

environment.prepare()
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.twitch import helix  # noqa: E402
from activity.models import Activity, Ring  # noqa: E402
from activity.polling import poll  # noqa: E402
from activity.rings import CHANNELS, QUICK, STREAMS, all_rings  # noqa: E402
from simulator.content import CATEGORIES  # noqa: E402
from subscriptions.models import Streamer, Subscription  # noqa: E402
from tests.factories import LONG_AGO  # noqa: E402
from tests.load.simulated import memory  # noqa: E402

BEAT_SECONDS = 5.0
CHUNK = 2_000
MOMENTS = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
HEAD = (
    f"{'round':>5} {'requests':>9} {'seconds':>8} {'busy s':>7} {'database s':>10} {'queries':>8}"
    f" {'points/min':>10} {'streams s':>9} {'channels s':>10} {'activities':>10} {'MB':>5}"
)


class Database:
    """Counts the queries of this thread and how long they take."""

    def __init__(self) -> None:
        self.queries, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        began = time.monotonic()
        try:
            return execute(*args)
        finally:
            self.queries += 1
            self.seconds += time.monotonic() - began


def snapshots(state: str) -> Iterator[Streamer]:
    """Everybody of the local Twitch as they are now."""
    names = {row[0]: row[1] for row in CATEGORIES}
    with closing(sqlite3.connect(state, timeout=10)) as database:
        database.row_factory = sqlite3.Row
        for row in database.execute("SELECT * FROM people WHERE can_log_in = 0"):
            started = row["started_at"]
            yield Streamer(
                twitch_id=row["id"],
                login=row["login"],
                display_name=row["name"],
                live_stream_id=row["stream_id"] or "",
                live_started_at=datetime.fromtimestamp(int(started), UTC) if started else None,
                title=row["title"],
                category_id=row["category_id"],
                category_name=names.get(row["category_id"], ""),
                **dict.fromkeys(MOMENTS, LONG_AGO),
            )


def fill(state: str) -> None:
    """All watched by one viewer."""
    Streamer.objects.bulk_create(snapshots(state), batch_size=CHUNK)
    viewer = User.objects.create_user("viewer", login="viewer", display_name="Viewer")
    pks = list(Streamer.objects.values_list("pk", flat=True))
    Subscription.objects.bulk_create(
        (Subscription(user=viewer, streamer_id=pk) for pk in pks), batch_size=CHUNK
    )


def quick_rings() -> dict[str, Ring]:
    return {ring.name: ring for ring in Ring.objects.filter(name__in=QUICK)}


def go_round(number: int) -> str:
    """Both quick rings once more, as soon as they are due; a line about it."""
    database, requests, busy = Database(), 0, 0.0
    before = {name: ring.due_at for name, ring in quick_rings().items()}
    began = time.monotonic()
    with connection.execute_wrapper(database):
        while any(ring.due_at == before[name] for name, ring in quick_rings().items()):
            run_began = time.monotonic()
            requests += poll(twitch=helix())
            took = time.monotonic() - run_began
            busy += took if took > 0.05 else 0.0
            time.sleep(max(0.0, BEAT_SECONDS - took))
    seconds = time.monotonic() - began
    rounds = {name: ring.round_seconds or 0.0 for name, ring in quick_rings().items()}
    return (
        f"{number:>5} {requests:>9,} {seconds:>8.0f} {busy:>7.1f} {database.seconds:>10.2f}"
        f" {database.queries:>8,} {60 * requests / max(60.0, seconds):>10.0f}"
        f" {rounds[STREAMS]:>9.0f} {rounds[CHANNELS]:>10.0f} {Activity.objects.count():>10,}"
        f" {memory():>5}"
    )


def main() -> None:
    state, rounds = sys.argv[1], int(sys.argv[2])
    call_command("migrate", verbosity=0)
    began = time.monotonic()
    fill(state)
    all_rings()
    # The daily ring has been round: it would take its turns among the others.
    Ring.objects.exclude(name__in=QUICK).update(due_at=timezone.now() + timedelta(days=1))
    print(f"{connection.vendor}: filled in {time.monotonic() - began:.0f} s\n{HEAD}", flush=True)
    for number in range(1, rounds + 1):
        print(go_round(number), flush=True)
    periods = {name: ring.period_seconds for name, ring in quick_rings().items()}
    print(f"real periods: {periods}", flush=True)


if __name__ == "__main__":
    main()
