"""The feed beside the plain `streamer IN (...) ORDER BY ... LIMIT 10`: ms, rows read, by streamers.

ROWS activities of 1,000 streamers, the busy ones having most; median of RUNS after one that warms.
On the database of DATABASE_URL (`make bench`: MariaDB).
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Max
from django.test import TransactionTestCase

from accounts.models import User
from activity.feed import newest_for
from activity.models import Activity
from subscriptions.models import Streamer, Subscription
from tests.factories import LONG_AGO, make_user

ROWS = int(os.environ.get("BENCH_ROWS", "200000"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
STREAMERS = 1000
WATCHED = (10, 100, 1000)
DAY_SECONDS = 24 * 3600
CHUNK = 5000

Read = Callable[[User], list[Activity]]


def plain(user: User) -> list[Activity]:
    """What one would write first."""
    mine = Subscription.objects.filter(user=user).values("streamer")
    rows = Activity.objects.filter(streamer__in=mine).select_related("streamer")
    return list(rows.order_by("-occurred_at", "-pk")[:10])


def by_ids(user: User) -> list[Activity]:
    """The same with the ids read before."""
    ids = list(Subscription.objects.filter(user=user).values_list("streamer", flat=True))
    rows = Activity.objects.filter(streamer__in=ids).select_related("streamer")
    return list(rows.order_by("-occurred_at", "-pk")[:10])


def fill() -> list[int]:
    """The streamers and their activities of 180 days; the ids of the streamers."""
    moments = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
    Streamer.objects.bulk_create(
        Streamer(
            twitch_id=str(number),
            login=f"streamer{number}",
            display_name=f"Streamer{number}",
            **dict.fromkeys(moments, LONG_AGO),
        )
        for number in range(STREAMERS)
    )
    pks = list(Streamer.objects.order_by("pk").values_list("pk", flat=True))
    dice = random.Random(7)
    busyness = [1 / (1 + rank / 50) for rank in range(STREAMERS)]
    for start in range(0, ROWS, CHUNK):
        whose = dice.choices(pks, busyness, k=CHUNK)
        Activity.objects.bulk_create(
            _activity(pk, start + number, dice.uniform(0, 180 * DAY_SECONDS))
            for number, pk in enumerate(whose)
        )
    newest = Activity.objects.values("streamer").annotate(at=Max("occurred_at"))
    for pk, moment in newest.values_list("streamer", "at"):
        Streamer.objects.filter(pk=pk).update(last_activity_at=moment)
    return pks


def _activity(streamer: int, number: int, seconds: float) -> Activity:
    moment = LONG_AGO + timedelta(seconds=seconds)
    return Activity(
        streamer_id=streamer,
        kind="changed",
        dedupe_key=f"changed:{number}",
        occurred_at=moment,
        details={"title": {"old": "an old title " * 3, "new": "a new title " * 3}},
        source="push",
        recorded_at=moment,
        changed_at=moment,
        announced_at=moment,
    )


def cell(read: Read, user: User) -> str:
    """For the table."""
    assert read(user) == newest_for(user)
    return f"{median_ms(read, user):.2f} ({rows_read(read, user)})"


def median_ms(read: Read, user: User) -> float:
    """Of RUNS, after one that fills the caches."""
    read(user)
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        read(user)
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def rows_read(read: Read, user: User) -> str:
    """How many rows the server's storage gave it for one reading; only MariaDB tells."""
    if connection.vendor != "mysql":
        return "-"
    before = _handler_reads()
    read(user)
    return f"{_handler_reads() - before:,}"


def _handler_reads() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read_%'")
        return sum(int(count) for _, count in cursor.fetchall())


@pytest.mark.bench
class FeedBench(TransactionTestCase):
    def setUp(self) -> None:
        # The settings' 20 s are too short for the plain query at times, and to empty the tables.
        options = connection.settings_dict["OPTIONS"]
        if connection.vendor == "mysql":
            connection.close()
            options.update(read_timeout=600, write_timeout=600)

    def test_feed_beside_the_plain_query(self) -> None:
        pks = fill()
        if connection.vendor == "mysql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE TABLE activity_activity, subscriptions_streamer")
                cursor.fetchall()
        print(f"\n{ROWS:,} activities, {connection.vendor}; ms (rows read), median of {RUNS}")
        print(f"{'streamers':>9}  {'plain':>20}  {'plain, by ids':>20}  {'feed':>20}")
        for watched in WATCHED:
            viewer = make_user()
            chosen = random.Random(watched).sample(pks, watched)
            Subscription.objects.bulk_create(
                Subscription(user=viewer, streamer_id=pk) for pk in chosen
            )
            cells = [cell(read, viewer) for read in (plain, by_ids, newest_for)]
            print(f"{watched:>9}  " + "  ".join(f"{one:>20}" for one in cells))
            # With room for a busy machine; it was 1 to 3 ms.
            assert median_ms(newest_for, viewer) < 50
