"""Chance that comes out the same each time: every throw has a name."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice(Random):
    """Random numbers that follow from their name, e.g. (seed, person, number of the event)."""

    def __init__(self, *name: object) -> None:
        super().__init__(":".join(str(part) for part in name))

    def weighted(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of (thing, weight) pairs."""
        return self.choices([c[0] for c in choices], [c[1] for c in choices])[0]
