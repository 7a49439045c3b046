"""Ends what a command started, however the command itself ended, even by SIGKILL.

Everything started on a leash carries its word in the variable `STREAMWATCH_LEASH`, and so do the
children of that. A small process waits on a pipe whose other end the command holds: when it
closes, every process that carries the word is killed and the leash's folder is removed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "STREAMWATCH_LEASH"
PROC = Path("/proc")
# A killed process may have been starting another one at that moment.
ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Leash:
    """A folder for throwaway data, and the word by which its processes are found again."""

    word: str
    folder: Path

    def environment(self, given: Mapping[str, str] | None = None) -> dict[str, str]:
        """`given` (else this process's own) for a child that is to be on this leash."""
        variables = dict(os.environ if given is None else given)
        words = [*filter(None, variables.get(VARIABLE, "").split(",")), self.word]
        return {**variables, VARIABLE: ",".join(words)}


@contextmanager
def leash() -> Iterator[Leash]:
    """A leash for the block; at its end all that was started on it is gone, and the folder too."""
    held = Leash(word=secrets.token_hex(8), folder=Path(tempfile.mkdtemp(prefix="streamwatch-")))
    # MariaDB, which root starts as the user mysql, has to get through to its own folder.
    held.folder.chmod(0o711)
    command = [sys.executable, "-I", str(Path(__file__).resolve()), held.word, str(held.folder)]
    # A session of its own: the terminal's Ctrl-C and a kill of the group must not reach it.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as keeper:
        try:
            yield held
        finally:
            if keeper.stdin is not None:
                keeper.stdin.close()
            keeper.wait()


def carriers(word: str) -> list[int]:
    """The ids of the processes that carry `word`; those of other users are left out."""
    found = []
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            variables = (folder / "environ").read_bytes().split(b"\0")
            words = next((one for one in variables if one.startswith(VARIABLE.encode())), b"")
            if word.encode() in words.partition(b"=")[2].split(b","):
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def end(word: str, folder: Path) -> None:
    """Kill all that carries `word`, and remove `folder`."""
    for _ in range(ROUNDS):
        for pid in carriers(word):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    end(sys.argv[1], Path(sys.argv[2]))
