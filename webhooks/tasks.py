"""Celery's shells round the app's verbs; both are safe to run twice."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from streamwatch.models import Lease
from webhooks import pruning, sweeping


@shared_task
def sweep() -> None:
    """Take up what a killed process left."""
    if token := Lease.objects.take("webhooks.sweep", lifetime=timedelta(seconds=30)):
        try:
            sweeping.sweep()
        finally:
            Lease.objects.give_back("webhooks.sweep", token)


@shared_task
def prune() -> None:
    """Blank private bodies and delete old messages."""
    if token := Lease.objects.take("webhooks.prune", lifetime=timedelta(minutes=2)):
        try:
            pruning.prune()
        finally:
            Lease.objects.give_back("webhooks.prune", token)
