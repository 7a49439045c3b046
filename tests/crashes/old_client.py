"""A program of PubSub's time as a process: what its handlers were given, line by line."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev.install import node_command
from tests.browser.people import Person
from tests.browser.starting import Running, wait_for

PROGRAM = Path(__file__).parent.parent / "conformance" / "pubsub" / "listen.cjs"
ACCESS_TOKEN = re.compile(r'value="(swt_[\w-]+)"')


class OldClient:
    """It connects by itself, and again whenever its connection is lost."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, running: Running) -> None:
        self.process = process
        self._output = output
        self._running = running

    def given(self, what: str) -> list[dict[str, Any]]:
        """All of one sort that it was given until now."""
        lines = [json.loads(one) for one in self._output.read_text().splitlines()]
        return [one for one in lines if one["what"] == what]

    def waits_for(self, what: str, how_many: int = 1, seconds: float = 30) -> dict[str, Any]:
        """The last of these, as soon as there are so many."""
        wait_for(lambda: len(self.given(what)) >= how_many, self._running, seconds)
        return self.given(what)[-1]


def access_token(person: Person, url: str) -> str:
    """A new one, made on the page."""
    page = person.http.get(f"{url}/settings/tokens/")
    made = person.press(page, "Make a token", name="an old program", days="30")
    found = ACCESS_TOKEN.search(made.text)
    assert found, made.text
    return found[1]


@contextmanager
def old_client(running: Running, *, token: str, user_id: str) -> Iterator[OldClient]:
    """The program, listening for what concerns this person."""
    told = {
        "url": f"{running.url.replace('http', 'ws', 1)}/pubsub",
        "token": token,
        "userId": user_id,
    }
    output = running.folder / f"old-client-{user_id}"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [*node_command(), str(PROGRAM)],
            cwd=PROGRAM.parent,
            env={**os.environ, "PUBSUB_CLIENT": json.dumps(told)},
            stdin=subprocess.DEVNULL,
            stdout=written,
        )
    try:
        yield OldClient(process, output, running)
    finally:
        process.kill()
        process.wait()
