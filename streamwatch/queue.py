"""The only way from code that writes to a Celery task."""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from django.db import transaction

logger = logging.getLogger(__name__)


def enqueue(task: Task[Any, Any], *ids: int | str, seconds: int = 0) -> None:
    """Have `task(*ids)` run by a worker once the open transaction has committed.

    `seconds` (at most 60) is how long the worker should wait. A broker that is away is logged
    and never shown: a sweep takes up every committed row that stays undone.
    """
    transaction.on_commit(lambda: _publish(task, ids, seconds), robust=True)


def _publish(task: Task[Any, Any], ids: tuple[int | str, ...], seconds: int) -> None:
    try:
        task.apply_async(ids, countdown=seconds, retry=False)
    # Whatever a broker's client raises; each has errors of its own.
    except Exception:
        logger.warning("broker away: %s%s is left to the sweep", task.name, ids, exc_info=True)
