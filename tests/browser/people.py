"""A person with a browser that knows no JavaScript: for tests that need a viewer, not a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx

from tests.browser.starting import Running


class _Forms(HTMLParser):
    """Every form of a page: address, hidden fields, and its buttons by their words."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, object]] = []
        self.buttons: list[tuple[str, int, dict[str, str]]] = []
        self._button: dict[str, str] | None = None
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({"action": given.get("action", ""), "fields": {}})
        elif tag == "input" and self.forms and given.get("name"):
            fields = self.forms[-1]["fields"]
            assert isinstance(fields, dict)
            fields[given["name"]] = given.get("value", "")
        elif tag == "button":
            self._button, self._words = given, ""

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button is not None:
            words = re.sub(r"\s+", " ", self._words).strip()
            self.buttons.append((words, len(self.forms) - 1, self._button))
            self._button = None


class Person:
    """Somebody with cookies who reads pages and presses buttons."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._login = ""
        self.http = httpx.Client(follow_redirects=True, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def press(self, page: httpx.Response, words: str, **typed: str) -> httpx.Response:
        """Press the button with these words on `page`, with what was typed; where that leads."""
        forms = _Forms()
        forms.feed(page.text)
        _, at, given = next(one for one in forms.buttons if one[0] == words)
        form = forms.forms[at]
        fields = form["fields"]
        assert isinstance(fields, dict)
        pressed = {given["name"]: given.get("value", "")} if given.get("name") else {}
        return self.http.post(
            urljoin(str(page.url), str(form["action"]) or str(page.url)),
            data={**fields, **typed, **pressed},
            headers={"Referer": str(page.url)},
        )

    def log_in(self, login: str) -> httpx.Response:
        """Through the simulator's consent page to /home/."""
        consent = self.press(self.http.get(self._running.url), "Log in with Twitch")
        home = self.press(consent, f"Authorize as {login}")
        assert home.url.path == "/home/", home.text[:500]
        self._login = login
        return home

    def allow(self, *scopes: str) -> None:
        """More than before, by the page that a topic leads to."""
        me = self._login
        page = self.http.get(
            f"{self._running.url}/livestream/allow/",
            params={"scopes": " ".join(scopes), "next": "/home/"},
        )
        consent = self.press(page, "Allow at Twitch")
        home = self.press(consent, f"Authorize as {me}")
        assert home.url.path == "/home/", home.text[:500]

    def subscribe(self, login: str) -> None:
        """On the verification page."""
        page = self.http.get(f"{self._running.url}/streamers/{login}/verify/")
        home = self.press(page, "Subscribe")
        assert home.url.path == "/home/", home.text[:500]

    def unsubscribe(self, login: str) -> None:
        """On the page that asks."""
        rows = self.http.get(f"{self._running.url}/streamers/rows/").text
        found = re.search(rf'data-streamer="{login}"\s+data-subscription-id="(\d+)"', rows)
        assert found, rows
        page = self.http.get(f"{self._running.url}/streamers/{found[1]}/unsubscribe/")
        assert self.press(page, "Unsubscribe").url.path == "/home/"

    def states(self) -> dict[str, str]:
        """What the panel of subscriptions says, by login."""
        rows = self.http.get(f"{self._running.url}/streamers/rows/").text
        found = re.findall(r'data-state="(\w+)".*?data-login="(\w+)"', rows, re.DOTALL)
        return {login: state for state, login in found}
