"""The visitors' book: which calls of Helix were answered, when, and how."""

from __future__ import annotations

from typing import Any

from simulator.clock import Clock, rfc3339_nanoseconds
from simulator.store import Store

KEPT = 50_000


class Visits:
    """One line a call, written when its answer is made: what it shows was so at that moment."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(self, method: str, path: str, status: int, fault: str) -> None:
        """A call has been answered; `fault` is the ordered one that spoilt the answer, or ""."""
        self._store.insert(
            "visits",
            at_ns=self._clock.now_ns(),
            method=method,
            path=path,
            status=status,
            fault=fault,
        )

    def after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """Those that came after the one with this id, oldest first."""
        sql = "SELECT * FROM visits WHERE id > ? ORDER BY id LIMIT ?"
        return [
            {
                "id": row["id"],
                "method": row["method"],
                "path": row["path"],
                "status": row["status"],
                "fault": row["fault"],
                "at": rfc3339_nanoseconds(row["at_ns"]),
            }
            for row in self._store.rows(sql, number, limit)
        ]

    def prune(self) -> None:
        """Keep the newest only; their ids are not given again."""
        self._store.run("DELETE FROM visits WHERE id <= (SELECT max(id) FROM visits) - ?", KEPT)
