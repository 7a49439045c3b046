"""A database that the first version filled: it migrates, and pages show its rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TransactionTestCase
from django.utils import timezone

from accounts.models import Grant, User
from activity.models import Activity
from streamwatch.twitch.eventsub import EventType, condition_key
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.promises import callback

FIRST = [(app, "0001_initial") for app in ("accounts", "subscriptions", "activity", "webhooks")]
ANN = "1337"
TYPES = (EventType.ONLINE, EventType.OFFLINE, EventType.CHANNEL_UPDATE)


def migrate(targets: list[tuple[str, str]]) -> Any:
    """To these migrations; the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


def newest() -> list[tuple[str, str]]:
    """The last migration of each app."""
    nodes: list[tuple[str, str]] = MigrationExecutor(connection).loader.graph.leaf_nodes()
    return nodes


class UpgradeTests(TransactionTestCase):
    def setUp(self) -> None:
        self.addCleanup(lambda: migrate(newest()))
        self.now = timezone.now()
        self.fill(migrate(FIRST))
        migrate(newest())

    def fill(self, old: Any) -> None:
        """As it was left by somebody who watches a streamer that is live."""
        viewer = old.get_model("accounts", "User").objects.create(
            twitch_id="7", login="bob", display_name="Bob", password="!"
        )
        old.get_model("accounts", "Grant").objects.create(
            user=viewer, access_token="a-token", refresh_token="another", scopes=[]
        )
        moments = ("name_as_of", "live_as_of", "title_as_of", "category_as_of", "changed_at")
        streamer = old.get_model("subscriptions", "Streamer").objects.create(
            twitch_id=ANN,
            login="ann",
            display_name="Ann",
            live_stream_id="s1",
            live_started_at=self.now - timedelta(minutes=5),
            title="Endgames",
            last_activity_at=self.now,
            **dict.fromkeys(moments, self.now),
        )
        subscription = old.get_model("subscriptions", "Subscription").objects.create(
            user=viewer, streamer=streamer
        )
        for type_ in TYPES:
            condition = {"broadcaster_user_id": ANN}
            shared = {
                "type": type_,
                "condition_key": condition_key(condition),
                "subject_id": ANN,
            }
            old.get_model("subscriptions", "EventSubWant").objects.create(
                **shared,
                condition=condition,
                owner_kind="subscription",
                owner_id=subscription.pk,
            )
            old.get_model("subscriptions", "EventSubSubscription").objects.create(
                **shared,
                twitch_id=f"promise of {type_}",
                status="enabled",
                callback=callback(),
                changed_at=self.now,
            )
        old.get_model("activity", "Activity").objects.create(
            streamer=streamer,
            kind="raid_in",
            dedupe_key="raid_in:8",
            occurred_at=self.now,
            actor_twitch_id="8",
            actor_login="cid",
            actor_name="Cid",
            details={"viewers": 5},
            source="push",
            recorded_at=self.now,
            announced_at=self.now,
            changed_at=self.now,
        )

    def test_pages_show_the_rows(self) -> None:
        self.client.force_login(User.objects.get())
        home = self.client.get("/home/")
        self.assertContains(home, 'data-kind="raid_in"')
        self.assertContains(home, "Endgames")
        self.assertContains(home, 'data-state="watching"')
        page = self.client.get("/streamers/ann/")
        self.assertContains(page, "Endgames")
        self.assertContains(page, "Cid")

    def test_nothing_is_lost_and_the_grant_will_be_validated(self) -> None:
        assert EventSubWant.objects.count() == EventSubSubscription.objects.count() == len(TYPES)
        assert Activity.objects.get().details == {"viewers": 5}
        grant = Grant.objects.get()
        assert (grant.access_token, grant.refresh_token) == ("a-token", "another")
        assert grant.due_at is not None
        assert not EventSubSubscription.objects.filter(has_place=False).exists()
