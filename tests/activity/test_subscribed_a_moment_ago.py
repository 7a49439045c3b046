"""A stream that began just before the subscription, while Twitch's list did not show it yet."""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from django.utils import timezone

from accounts.twitch import helix
from activity.drafts import WentLive
from activity.models import Activity
from activity.recording import record
from subscriptions.subscribing import subscribe
from tests.factories import make_user
from tests.subscriptions.twitch_here import HANA, twitch_here


class SubscribedAMomentAgoTests(TestCase):
    def test_an_online_that_was_on_its_way_shows_the_streamer_live(self) -> None:
        self.enterContext(twitch_here())
        streamer = subscribe(user=make_user(), login="hana_games", twitch=helix()).streamer
        assert not streamer.is_live
        a_minute_ago = timezone.now() - timedelta(minutes=1)
        record(
            [
                WentLive(
                    twitch_id=HANA,
                    stream_id="123",
                    started_at=a_minute_ago,
                    as_of=a_minute_ago,
                    source=Activity.Source.PUSH,
                )
            ]
        )
        streamer.refresh_from_db()
        assert streamer.is_live
