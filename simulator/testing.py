"""The simulator inside a test: in this process, on a free port, with a state file of its own.

    with running() as simulator:
        simulator.control.event("stream.online", "ada_streams")

The world stands still (speed 0) and is small, and messages are tried again within fractions
of a second, unless other values of `simulator.config.Config` are given.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from simulator.config import Config
from simulator.local_twitch import LocalTwitch
from simulator.server import ANY_PORT, Server

T = TypeVar("T")
PATIENCE_SECONDS = 10.0
LOOK_SECONDS = 0.01
QUICK: dict[str, Any] = {
    "client_id": "client-of-the-tests",
    "client_secret": "secret-of-the-tests",
    "port": ANY_PORT,
    "speed": 0.0,
    "streamers": 60,
    "challenge_delay": 0.02,
    "answer_timeout": 2.0,
    "retry_delays": (0.1, 0.1, 0.1, 0.1, 0.1),
    "held_back": 0.5,
    "slow_seconds": 3.0,
}
SETTLED = ("delivered", "failed", "dropped", "lost")


class NotDone(Exception):
    """The simulator refused, or something did not come about in time; the text says what."""


@contextmanager
def running(**overrides: Any) -> Iterator[Simulator]:
    """A simulator that answers; stopped at the end. `overrides` are fields of `Config`."""
    with tempfile.TemporaryDirectory() as folder:
        values = {"state": Path(folder) / "simulator.sqlite3", **QUICK, **overrides}
        server = Server(Config(**values))
        failure: list[BaseException] = []

        def serve() -> None:
            try:
                asyncio.run(server.serve())
            except BaseException as error:  # noqa: BLE001  # raised again below, in the test
                failure.append(error)

        thread = threading.Thread(target=serve, name="simulator", daemon=True)
        thread.start()
        try:
            wait_for(lambda: server.started or not thread.is_alive(), "the simulator's start")
            if server.started:
                with _client() as http:
                    yield Simulator(server, http)
        finally:
            if thread.is_alive() and server.loop is not None:
                server.loop.call_soon_threadsafe(server.stop)
            thread.join(PATIENCE_SECONDS)
        if failure:
            raise failure[0]
        if server.broken or thread.is_alive():
            raise NotDone("the simulator broke or did not stop; the log says why")


def wait_for(found: Callable[[], T], what: str) -> T:
    """What `found` returns as soon as it is true; NotDone after ten seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        if time.monotonic() > deadline:
            raise NotDone(f"waited {PATIENCE_SECONDS:.0f} s in vain for {what}")
        time.sleep(LOOK_SECONDS)
    return result


def _client() -> httpx.Client:
    # trust_env: loopback must not go through a proxy. verify: reading the authorities of the
    # machine takes longer than many a test, and nothing here speaks TLS.
    return httpx.Client(
        timeout=PATIENCE_SECONDS,
        trust_env=False,
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    )


class Simulator:
    """A running one. `http` is a client for whatever has no method here."""

    def __init__(self, server: Server, http: httpx.Client) -> None:
        config = server.config
        self._server = server
        self.http = http
        self.url = config.origin
        self.auth_url = f"{self.url}/oauth2"
        self.api_url = f"{self.url}/helix"
        self.client_id = config.client_id
        self.client_secret = config.client_secret
        self.redirect_uri = config.redirect_uris[0]
        self.control = Control(self.url, http)

    def app_token(self) -> str:
        """A new app access token."""
        return str(self._token(grant_type="client_credentials")["access_token"])

    def log_in(self, login: str, *scopes: str) -> dict[str, Any]:
        """What the token endpoint answers when `login` has given consent to `scopes`."""
        form = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "login": login,
        }
        answer = self.http.post(f"{self.auth_url}/authorize", data=form)
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
        if code is None:
            raise NotDone(f"{login} cannot log in: {answer.status_code}")
        return self._token(
            grant_type="authorization_code", code=code[0], redirect_uri=self.redirect_uri
        )

    def _token(self, **form: str) -> dict[str, Any]:
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        return _done(self.http.post(f"{self.auth_url}/token", data={**client, **form}))

    def helix(self, method: str, path: str, *, token: str, **options: Any) -> httpx.Response:
        """One call of Helix, whatever it answers; `path` as in "/users"."""
        headers = {"Authorization": f"Bearer {token}", "Client-Id": self.client_id}
        return self.http.request(method, self.api_url + path, headers=headers, **options)

    def inside(self, work: Callable[[LocalTwitch], T]) -> T:
        """What `work` returns when called with the parts of the simulator, on its own thread."""
        loop, twitch = self._server.loop, self._server.twitch
        if loop is None or twitch is None:
            raise NotDone("the simulator does not run")

        async def do() -> T:
            return work(twitch)

        return asyncio.run_coroutine_threadsafe(do(), loop).result(PATIENCE_SECONDS)

    def begin_anew(self) -> None:
        """The first day again; for many tests in one simulator, for starting one takes longer."""
        self.inside(lambda twitch: twitch.begin_anew())

    def advance(self, seconds: float) -> None:
        """Let the simulator's clock (not the world's life) jump forward."""

        def jump(twitch: LocalTwitch) -> None:
            twitch.clock.advance(seconds)
            twitch.outbox.news.set()

        self.inside(jump)


class Control:
    """The control API. Each method raises NotDone when the simulator refuses."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._url = f"{url}/control"
        self._http = http

    def event(self, type: str, broadcaster: str, **fields: str | int) -> list[str]:  # noqa: A002
        """Something happens now; ids of the messages that go out for it."""
        order = {"type": type, "broadcaster": broadcaster, **fields}
        return list(self._post("events", order)["message_ids"])

    def world(self, **values: float) -> dict[str, Any]:
        """Set `speed` or `seed`; the world as it is then."""
        return self._post("world", values)

    def fault(self, fault: str, count: int = 1, path: str = "") -> None:
        """Something goes wrong `count` times, on paths that begin with `path`."""
        self._post("faults", {"fault": fault, "count": count, "path": path})

    def people(self, q: str = "") -> list[dict[str, Any]]:
        """Everybody, or those with `q` in login or name."""
        return list(self._get("people", q=q)["people"])

    def messages(self) -> list[dict[str, Any]]:
        """The last hundred messages, newest first."""
        return list(self._get("messages")["messages"])

    def settled(self, message_ids: list[str]) -> list[dict[str, Any]]:
        """The messages, as soon as nothing more will be tried for any of them."""

        def look() -> list[dict[str, Any]]:
            found = [message for message in self.messages() if message["id"] in message_ids]
            return found if all(message["state"] in SETTLED for message in found) else []

        return wait_for(look, f"the delivery of {message_ids}")

    def _post(self, what: str, order: dict[str, Any]) -> dict[str, Any]:
        return _done(self._http.post(f"{self._url}/{what}", json=order))

    def _get(self, what: str, **query: str) -> dict[str, Any]:
        return _done(self._http.get(f"{self._url}/{what}", params=query))


def _done(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise NotDone(f"{answer.request.url}: {answer.status_code} {answer.text}")
    found: dict[str, Any] = answer.json()
    return found
