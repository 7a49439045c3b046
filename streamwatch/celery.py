"""The Celery application; tasks are shells in the apps' tasks.py."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from celery import Celery
from celery.signals import beat_embedded_init, worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")

PR_SET_PDEATHSIG = 1  # of linux/prctl.h

app = Celery("streamwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _look_at_the_database(**_: object) -> None:
    from streamwatch.checks import refuse_wrong_database  # Apps are ready only now.

    refuse_wrong_database()


@worker_process_init.connect
@beat_embedded_init.connect
def _end_with_the_worker(**_: object) -> None:
    """The children of a worker that was killed would live on, take no task and hold its output."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
