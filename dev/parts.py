"""What each part of `make test` took and how it ended, for the table at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

# How the table reaches the last part, pytest, which prints it above its closing line.
VARIABLE = "STREAMWATCH_TEST_PARTS"


@dataclass(kw_only=True)
class Part:
    """One line of the table."""

    name: str
    seconds: float = 0.0
    failed: bool = False


@dataclass
class Parts:
    """The parts so far, in order."""

    done: list[Part] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        """Measure the block; who fails sets `failed` on what this yields."""
        one = Part(name=name)
        self.done.append(one)
        started = time.monotonic()
        try:
            yield one
        finally:
            one.seconds = time.monotonic() - started

    @property
    def failed(self) -> bool:
        """True when one of them failed."""
        return any(one.failed for one in self.done)

    def dump(self) -> str:
        """All parts as text for `VARIABLE`."""
        return json.dumps([asdict(one) for one in self.done])


def load(text: str) -> Parts:
    """What `dump` wrote."""
    return Parts([Part(**one) for one in json.loads(text)])


def lines(parts: Parts) -> list[str]:
    """The table: name, seconds, and whether it failed."""
    width = max((len(one.name) for one in parts.done), default=0)
    return [
        f"{one.name:<{width}}  {one.seconds:7.1f} s{'  FAILED' if one.failed else ''}"
        for one in parts.done
    ]
