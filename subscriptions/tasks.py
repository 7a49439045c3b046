"""Celery tasks: shells round verbs, safe to run twice."""

from __future__ import annotations

from celery import shared_task

from accounts.twitch import helix
from subscriptions import agreeing, paging, spending, sweeping


@shared_task
def reconcile_streamer(subject_id: str) -> None:
    """Make Twitch's list and ours agree for one Twitch id."""
    agreeing.agree(subject_id=subject_id, twitch=helix())


@shared_task
def reconcile_streamers(*subject_ids: str) -> None:
    """Make Twitch's list and ours agree for these Twitch ids, as far as 10 s suffice."""
    sweeping.reconcile_each(subject_ids, twitch=helix())


@shared_task
def spend() -> None:
    """Give Twitch's budget to what is wanted most."""
    spending.spend(twitch=helix())


@shared_task
def read_list() -> None:
    """Read on in Twitch's whole list of promises."""
    paging.read_on(twitch=helix())


@shared_task
def sweep() -> None:
    """Take up what was left undone."""
    sweeping.sweep(twitch=helix())
