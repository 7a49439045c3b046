"""Shells round verbs, for the worker."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from accounts import validating
from accounts.pruning import prune_sessions
from accounts.twitch import oauth
from streamwatch.models import Lease


@shared_task
def prune() -> None:
    """Delete sessions that have ended, unless another worker does."""
    if Lease.objects.take("accounts.prune", lifetime=timedelta(minutes=5)):
        prune_sessions()


@shared_task
def validate_grants() -> None:
    """Ask Twitch about the Grants that are due, unless another worker does."""
    name = "accounts.validate_grants"
    if lease := Lease.objects.take(name, lifetime=timedelta(minutes=2)):
        try:
            validating.validate_due(oauth=oauth())
        finally:
            Lease.objects.give_back(name, lease)
