"""A Twitch of a few answers in the place of the application's client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import httpx

from streamwatch.twitch.helix import Helix

AJAX = {"x-requested-with": "XMLHttpRequest"}


class OneToken:
    def current(self) -> str:
        return "the application's"

    def renew(self, dead: str) -> str:
        return dead


class Mocked:
    """Answers by path: what is set here. `asked` counts; `is_away` has it answer nothing."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.streams: list[dict[str, Any]] = []
        self.others: dict[str, httpx.Response] = {}
        self.asked: Counter[str] = Counter()
        self.is_away = False

    def person(self, login: str, twitch_id: str, **stream: Any) -> None:
        """Somebody whom Twitch knows, on the air when something is said of a stream."""
        self.people[login] = twitch_id
        if stream:
            self.streams.append(
                {
                    "id": f"s{twitch_id}",
                    "user_id": twitch_id,
                    "user_login": login,
                    "user_name": login.title(),
                    "started_at": "2026-11-28T12:00:00Z",
                    **stream,
                }
            )

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What Helix would say."""
        path = request.url.path.removeprefix("/helix")
        self.asked[path] += 1
        if self.is_away:
            return httpx.Response(503)
        asked = request.url.params
        if path == "/users":
            wanted = {*asked.get_list("login"), *asked.get_list("id")}
            data = [
                {"id": pk, "login": login, "display_name": login.title()}
                for login, pk in self.people.items()
                if wanted & {login, pk}
            ]
            return httpx.Response(200, json={"data": data})
        if path == "/streams":
            ids = asked.get_list("user_id")
            data = [one for one in self.streams if not ids or one["user_id"] in ids]
            return httpx.Response(200, json={"data": data})
        return self.others.get(path, httpx.Response(200, json={"data": []}))


@contextmanager
def mocked_twitch() -> Iterator[Mocked]:
    """The views ask this one for the block."""
    mocked = Mocked()
    client = Helix(api_url="http://twitch.test/helix", client_id="c", tokens=OneToken())
    client.close()
    client._http = httpx.Client(transport=httpx.MockTransport(mocked.answer))
    with patch("livestream.views.helix", return_value=client):
        yield mocked
    client.close()
