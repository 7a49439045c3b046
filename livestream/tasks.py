"""Celery's shell round the app's verb; it is safe to run twice."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from livestream import keeping
from streamwatch.models import Lease


@shared_task
def prune() -> None:
    """Delete what has been told to all who listened."""
    if token := Lease.objects.take("livestream.prune", lifetime=timedelta(minutes=1)):
        try:
            keeping.prune()
        finally:
            Lease.objects.give_back("livestream.prune", token)
