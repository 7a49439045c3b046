"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class LivestreamConfig(AppConfig):
    name = "livestream"

    def ready(self) -> None:
        """Have the tailer read what those who listen on topics are told."""
        from livestream.telling import TopicMessages
        from streamwatch import live

        live.register(TopicMessages())
