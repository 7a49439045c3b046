"""Stamps: a digest written beside what a step made, so that the step is skipped next time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(files: Iterable[Path], *extra: str) -> str:
    """One digest of the names and contents of `files` and of the texts in `extra`."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(f"{file.name}\0".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    for text in extra:
        total.update(f"{text}\0".encode())
    return total.hexdigest()


def fresh(stamp: Path, value: str) -> bool:
    """True when `stamp` says that the step was done for exactly this digest."""
    return stamp.is_file() and stamp.read_text().strip() == value


def write(stamp: Path, value: str) -> None:
    """Remember that the step was done for this digest."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value + "\n")
