"""twitchAPI, another project's client, told only other addresses, works with the simulator."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from twitchAPI.helper import first
from twitchAPI.oauth import (
    UserAuthenticator,
    refresh_access_token,
    revoke_token,
    validate_token,
)
from twitchAPI.twitch import Twitch
from twitchAPI.type import AuthScope, InvalidRefreshTokenException

from simulator.testing import Simulator, running
from tests.conformance import certificates

# It calls what newer Pythons find old-fashioned.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CLIENT = Path(__file__).with_name("webhook_client.py")
T = TypeVar("T")
ADA, BOB = "700000001", "700000002"
REDIRECT = "http://localhost:17563"  # where UserAuthenticator listens
SCOPES = [AuthScope.USER_READ_EMAIL, AuthScope.USER_READ_FOLLOWS]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Files: an authority, its certificate for localhost, and the key of that."""
    return certificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def simulator(tls: tuple[Path, Path, Path]) -> Iterator[Simulator]:
    """One that trusts the test's authority."""
    with running(ca_file=tls[0], redirect_uris=(REDIRECT,)) as started:
        yield started


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run to the end within ten seconds."""

    async def limited() -> T:
        return await asyncio.wait_for(work(), 10)

    return asyncio.run(limited())


@asynccontextmanager
async def client(simulator: Simulator) -> AsyncIterator[Twitch]:
    """twitchAPI's client, with an app token of its own asking."""
    twitch = await Twitch(
        simulator.client_id,
        simulator.client_secret,
        base_url=f"{simulator.url}/helix/",
        auth_base_url=f"{simulator.url}/oauth2/",
    )
    try:
        yield twitch
    finally:
        await twitch.close()


async def log_in(simulator: Simulator, twitch: Twitch, login: str) -> tuple[str, str]:
    """Do in the browser's place what a person does, and hand the code to twitchAPI."""
    authenticator = UserAuthenticator(
        twitch, SCOPES, url=REDIRECT, auth_base_url=f"{simulator.url}/oauth2/"
    )
    address = str(authenticator.return_auth_url())  # type: ignore[no-untyped-call]
    page = simulator.http.get(address)
    assert f"Authorize as {login}" in page.text
    form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    answer = simulator.http.post(f"{simulator.url}/oauth2/authorize", data={**form, "login": login})
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == [form["state"]]
    access, refresh = await authenticator.authenticate(user_token=back["code"][0])
    return access, refresh


def test_it_authenticates_as_an_application_and_searches(simulator: Simulator) -> None:
    async def work() -> None:
        async with client(simulator) as twitch:
            found = [one async for one in twitch.search_channels("ada_", first=5)]
            assert [one.broadcaster_login for one in found] == ["ada_streams"]
            user = await first(twitch.get_users(logins=["ada_streams"]))
            assert user is not None
            assert (user.id, user.display_name) == (ADA, "Ada_Streams")
            (channel,) = await twitch.get_channel_information(ADA)
            assert channel.title == "Reading your pull requests live"
            game = await first(twitch.get_games(names=["Chess"]))
            assert game is not None
            assert game.id == "743"

    run(work)


def test_it_walks_through_pages(simulator: Simulator) -> None:
    async def work() -> None:
        async with client(simulator) as twitch:
            few = [one.user_id async for one in twitch.get_streams(first=5)]
            many = [one.user_id async for one in twitch.get_streams(first=100)]
            assert len(few) > 5
            assert sorted(few) == sorted(many)

    run(work)


def test_it_logs_a_person_in_refreshes_validates_and_revokes(simulator: Simulator) -> None:
    auth_url = f"{simulator.url}/oauth2/"

    async def work() -> None:
        async with client(simulator) as twitch:
            access, refresh = await log_in(simulator, twitch, "ada_streams")
            await twitch.set_user_authentication(access, SCOPES, refresh)
            me = await first(twitch.get_users())
            assert me is not None
            assert me.email == "ada@example.com"
            followed = await twitch.get_followed_channels(ADA, first=10)
            ids = [one.broadcaster_id async for one in followed]
            assert len(set(ids)) == len(ids) == followed.total == 25
            streams = [one.user_id async for one in twitch.get_followed_streams(ADA, first=1)]
            assert set(streams) <= set(ids)
            client_pair = (simulator.client_id, simulator.client_secret)
            newer, _ = await refresh_access_token(refresh, *client_pair, auth_base_url=auth_url)
            with pytest.raises(InvalidRefreshTokenException):
                await refresh_access_token(refresh, *client_pair, auth_base_url=auth_url)
            validated = await validate_token(newer, auth_base_url=auth_url)
            assert validated["login"] == "ada_streams"
            assert await revoke_token(simulator.client_id, newer, auth_base_url=auth_url)
            validated = await validate_token(newer, auth_base_url=auth_url)
            assert validated["status"] == 401

    run(work)


def test_it_takes_a_new_token_when_the_old_one_has_expired(simulator: Simulator) -> None:
    async def work() -> None:
        async with client(simulator) as twitch:
            simulator.control.fault("expire_tokens")
            user = await first(twitch.get_users(logins=["bob_watches"]))
            assert user is not None
            assert user.id == BOB

    run(work)


@pytest.fixture
def listener(simulator: Simulator, tls: tuple[Path, Path, Path]) -> Iterator[subprocess.Popen[str]]:
    """A process in which twitchAPI listens to Ada's doings; it ends in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = [str(file) for file in tls[1:]]
    client_pair = (simulator.client_id, simulator.client_secret)
    process = subprocess.Popen(
        [sys.executable, str(CLIENT), simulator.url, *client_pair, str(port), *files],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_receives_webhooks(simulator: Simulator, listener: subprocess.Popen[str]) -> None:
    def hear() -> dict[str, Any]:
        assert listener.stdout is not None
        line: dict[str, Any] = json.loads(listener.stdout.readline())
        return line

    assert hear() == {"conflict": "subscription already exists"}

    simulator.control.event("stream.online", "ada_streams")
    online = hear()
    assert online["type"] == "stream.online"
    assert online["event"]["broadcaster_user_login"] == "ada_streams"

    simulator.control.fault("bad_signature")
    simulator.control.event("channel.update", "ada_streams", title="Second try")
    update = hear()
    assert (update["type"], update["event"]["title"]) == ("channel.update", "Second try")

    simulator.control.fault("repeated")
    first_raid = simulator.control.event("channel.raid", "bob_watches", to="ada_streams", viewers=7)
    simulator.control.settled(first_raid)
    simulator.control.event("channel.raid", "dan_plays", to="ada_streams", viewers=8)
    # The one that came twice with the same id was taken once.
    assert [hear()["event"]["viewers"] for _ in range(2)] == [7, 8]

    listener.communicate(timeout=10)
    assert listener.returncode == 0
    token = simulator.app_token()
    listed = simulator.helix("GET", "/eventsub/subscriptions", token=token)
    assert listed.json()["data"] == []
