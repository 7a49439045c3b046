"""What the operator's overview says of this app, in numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromiseNumbers:
    """What the overview says of promises."""

    total: int
    enabled: int
    without_place: int
    in_trouble: int
    pending: int
    unwanted: int
