"""Periodic work; two beats are harmless, for each task takes a lease."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from accounts.twitch import helix
from activity import announcing, broadcasting, polling, pruning
from streamwatch.models import Lease

# So long nobody goes on after a worker was killed; two at once would be harmless.
SWEEP_LEASE = timedelta(seconds=30)
# Longer than a run and the answers it waits for.
POLL_LEASE = timedelta(seconds=60)
# Longer than a run may take (settings.CELERY_TASK_TIME_LIMIT).
PRUNE_LEASE = timedelta(minutes=6)


@shared_task
def sweep() -> None:
    """Announce what a process that was killed did not; mark Broadcasts over that are."""
    if token := Lease.objects.take("activity.sweep", lifetime=SWEEP_LEASE):
        try:
            announcing.sweep()
            broadcasting.sweep()
        finally:
            Lease.objects.give_back("activity.sweep", token)


@shared_task
def prune() -> None:
    """Delete what has been kept long enough."""
    if token := Lease.objects.take("activity.prune", lifetime=PRUNE_LEASE):
        try:
            pruning.prune()
        finally:
            Lease.objects.give_back("activity.prune", token)


@shared_task
def poll() -> None:
    """Read from Twitch what is due."""
    if token := Lease.objects.take("activity.poll", lifetime=POLL_LEASE):
        try:
            polling.poll(twitch=helix())
        finally:
            Lease.objects.give_back("activity.poll", token)
