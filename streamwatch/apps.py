"""The wiring as an app: the models that all share."""

from __future__ import annotations

from django.apps import AppConfig


class StreamWatchConfig(AppConfig):
    name = "streamwatch"
    verbose_name = "StreamWatch"
