"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "activity"

    def ready(self) -> None:
        """Have the tailer read this app's rows, and the panel tell how often is polled."""
        from activity.live_rows import ActivityRows
        from activity.rings import period_seconds
        from streamwatch import live
        from subscriptions import polled

        live.register(ActivityRows())
        polled.register(period_seconds)
