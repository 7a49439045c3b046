"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"

    def ready(self) -> None:
        """Have the tailer read the states of streamers."""
        from streamwatch import live
        from subscriptions.live_states import StreamerStates

        live.register(StreamerStates())
