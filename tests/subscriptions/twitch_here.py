"""The simulator in Twitch's place, with a callback that answers its challenges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import override_settings

from accounts.twitch import helix, oauth
from simulator.testing import Simulator, wait_for
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.payloads import Promise
from tests.accounts.dance import local_twitch
from tests.simulator.callbacks import Callback, listening

ADA, BOB, CARLA, HANA, EMIL, RAMI = (f"70000000{n}" for n in (1, 2, 3, 6, 7, 9))
AJAX = {"x-requested-with": "XMLHttpRequest"}


@contextmanager
def twitch_here(**overrides: Any) -> Iterator[tuple[Simulator, Callback]]:
    """A simulator for the block, and the callback that StreamWatch names to it."""
    with (
        local_twitch(**overrides) as simulator,
        listening() as callback,
        override_settings(EVENTSUB_CALLBACK=callback.url),
    ):
        try:
            yield simulator, callback
        finally:
            # These are the block's own: they are made anew when the address changes.
            helix().close()
            oauth().close()


def listed(subject_id: str) -> list[Promise]:
    """What Twitch lists about an account."""
    return list(helix().promises(user_id=subject_id))


def settled(subject_id: str) -> list[Promise]:
    """The same as soon as no challenge is under way."""

    def look() -> list[Promise]:
        found = listed(subject_id)
        return [] if any(one.status == Status.PENDING for one in found) else found

    return wait_for(look, "the end of all challenges")


def person(simulator: Simulator, person_id: str, **columns: Any) -> None:
    """Change a person of the simulator at once: login, name, picture, gone, ..."""
    simulator.inside(lambda twitch: twitch.people.change(person_id, **columns))
