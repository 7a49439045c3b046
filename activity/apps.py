"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "activity"

    def ready(self) -> None:
        """Have the tailer read this app's rows."""
        from activity.live_rows import ActivityRows
        from streamwatch import live

        live.register(ActivityRows())
