"""The Celery application; tasks are shells in the apps' tasks.py."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")

app = Celery("streamwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _look_at_the_database(**_: object) -> None:
    from streamwatch.checks import refuse_wrong_database  # Apps are ready only now.

    refuse_wrong_database()
