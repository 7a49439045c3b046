"""A viewer with live streamers, and a Twitch of a few answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import TestCase
from django.utils import timezone

from tests.factories import make_streamer, make_subscription, make_user
from tests.livestream.mocked import mocked_twitch


class WatchCase(TestCase):
    def setUp(self) -> None:
        self.twitch = self.enterContext(mocked_twitch())
        self.viewer = make_user()
        self.client.force_login(self.viewer)

    def live(self, login: str, *, minutes: int = 5, **fields: Any) -> Any:
        """A streamer of the viewer's, on the air."""
        streamer = make_streamer(
            login=login,
            display_name=login.title(),
            live_stream_id=f"s-{login}",
            live_started_at=timezone.now() - timedelta(minutes=minutes),
            **fields,
        )
        make_subscription(user=self.viewer, streamer=streamer)
        return streamer

    def playing(self, url: str, **headers: Any) -> list[str]:
        return [
            one.now.facts.channel.login for one in self.get(url, **headers).context["page"].slots
        ]

    def get(self, url: str, **headers: Any) -> Any:
        return self.client.get(url, headers=headers or {})
