"""The simulator and the callback of tests/simulator, for this folder too."""

from __future__ import annotations

from tests.simulator.conftest import callback, simulator, used_again

__all__ = ["callback", "simulator", "used_again"]
