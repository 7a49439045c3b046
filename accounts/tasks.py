"""Shells round verbs, for the worker."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from accounts.pruning import prune_sessions
from streamwatch.models import Lease


@shared_task
def prune() -> None:
    """Delete sessions that have ended, unless another worker does."""
    if Lease.objects.take("accounts.prune", lifetime=timedelta(minutes=5)):
        prune_sessions()
