"""One process of StreamWatch whose minutes are shorter, so that a day fits into a test.

`HASTE=30 python -m tests.crashes.hastened celery ...`: what the product waits for because Twitch's
lists lag, or to fold what belongs together, takes a thirtieth of its time; all else is as it is.
"""

from __future__ import annotations

import os
import runpy
import sys
from datetime import timedelta

import django

HASTE = int(os.environ.get("HASTE", "1"))
# How long after its last word a worker that was killed in a run keeps others from polling.
SHORTEST_LEASE = timedelta(seconds=10)
BEAT_SECONDS = 1.0


def hasten() -> None:
    """Divide the product's own patience by HASTE, in this process and those forked from it."""
    from django.conf import settings

    from activity import comparing, readings, recording, rings, tasks
    from subscriptions import paging, promises, spending

    waits = {
        "CACHE_LAG": (comparing, readings),
        "MERGED_WITHIN": (comparing,),
        "SAME_RAID_WITHIN": (comparing, recording),
        "COMPARE_EVERY": (promises, paging),
        "EVERY": (paging,),
        "SOONEST": (paging,),
        "LISTED_AGAIN": (promises, paging),
        "POLLED_AGAIN": (promises, paging, spending),
    }
    # Each module has a name of its own for it.
    for name, modules in waits.items():
        for module in modules:
            setattr(module, name, getattr(module, name) / HASTE)
    rings.PERIODS.update({name: period / HASTE for name, period in rings.PERIODS.items()})
    tasks.POLL_LEASE = max(tasks.POLL_LEASE / HASTE, SHORTEST_LEASE)
    if "poll" in settings.CELERY_BEAT_SCHEDULE:
        settings.CELERY_BEAT_SCHEDULE["poll"]["schedule"] = BEAT_SECONDS


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")
    if HASTE > 1:
        django.setup()
        hasten()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
