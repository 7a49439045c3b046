"""A database that was filled before follows were recorded."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase

from activity.models import Activity, Follow
from activity.recording import record
from tests.activity.saying import at, follow

BEFORE = [("activity", "0005_absence")]


def migrate(targets: list[tuple[str, str]]) -> Any:
    """To these migrations; the models as they were then."""
    executor = MigrationExecutor(connection)
    return executor.migrate(targets).apps


def newest() -> list[tuple[str, str]]:
    """The last migration of each app."""
    nodes: list[tuple[str, str]] = MigrationExecutor(connection).loader.graph.leaf_nodes()
    return nodes


class FollowsTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(lambda: migrate(newest()))
        apps = migrate(BEFORE)
        moments = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
        streamer = apps.get_model("subscriptions", "Streamer").objects.create(
            twitch_id="1337", login="ann", display_name="Ann", **dict.fromkeys(moments, at(0))
        )
        self.old = apps.get_model("activity", "Activity")
        self.row: dict[str, Any] = {
            "streamer": streamer,
            "occurred_at": at(0),
            "details": {"viewers": 5},
            "source": "push",
            "recorded_at": at(0),
            "changed_at": at(0),
        }
        for kind in ("raid_in", "raid_out"):
            self.old.objects.create(kind=kind, dedupe_key=f"{kind}:7", **self.row)

    def test_rows_stay_and_follows_are_taken(self) -> None:
        before = list(self.old.objects.order_by("pk").values())
        migrate(newest())
        assert list(Activity.objects.order_by("pk").values()) == before
        record([follow(10, "7", "1337"), follow(20, "1337", "7")])
        assert set(Activity.objects.values_list("kind", flat=True)) == {
            *("raid_in", "raid_out", "follower", "follows"),
        }
        assert Follow.objects.count() == 2

    def test_unknown_kinds_are_refused_before_and_after(self) -> None:
        with self.assertRaises(IntegrityError), transaction.atomic():
            self.old.objects.create(kind="follower", dedupe_key="follower:7", **self.row)
        migrate(newest())
        streamer_id = self.row.pop("streamer").pk
        with self.assertRaises(IntegrityError), transaction.atomic():
            Activity.objects.create(
                kind="befriended", dedupe_key="x", streamer_id=streamer_id, **self.row
            )
