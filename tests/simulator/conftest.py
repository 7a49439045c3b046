"""A local Twitch for each test, and a callback that it can send to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.testing import Simulator, running
from tests.simulator.callbacks import Callback, listening


@pytest.fixture(scope="session")
def used_again() -> Iterator[Simulator]:
    """The simulator behind `simulator`: one for all tests, for to stop one takes 0.2 s."""
    with running() as started:
        yield started


@pytest.fixture
def simulator(used_again: Simulator) -> Simulator:
    """A simulator on its first day, in which nothing happens of itself."""
    used_again.begin_anew()
    return used_again


@pytest.fixture(scope="session")
def shared() -> Iterator[Simulator]:
    """One for all tests that change nothing the others see."""
    with running() as started:
        yield started


@pytest.fixture
def callback() -> Iterator[Callback]:
    """A callback that answers as Twitch wants it."""
    with listening() as started:
        yield started


@pytest.fixture
def token(simulator: Simulator) -> str:
    """An app access token."""
    return simulator.app_token()
