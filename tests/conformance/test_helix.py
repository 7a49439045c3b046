"""Helix as a table: each endpoint's fields, errors, pages and headers, one test a row."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from simulator.local_twitch import LocalTwitch
from simulator.testing import Simulator, running
from tests.conformance.endpoints import (
    ADA,
    ENDPOINTS,
    PAGED,
    REFUSALS,
    Endpoint,
    Params,
    Refusal,
)

each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
each_paged = pytest.mark.parametrize("endpoint", PAGED, ids=str)
# What the API reference does not give for every item.
OPTIONAL = {"email"}
SCOPES = ("user:read:email", "user:read:follows", "moderator:read:followers")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Nothing happens of itself, and no challenge ever goes out."""
    with running(challenge_delay=86_400) as started:
        started.control.event("stream.online", "ada_streams")
        started.inside(subscribe_to_many)
        yield started


def subscribe_to_many(twitch: LocalTwitch) -> None:
    """Two pages and a bit of pending subscriptions, in the table itself: 205 calls take long."""
    for number in range(205):
        twitch.store.insert(
            "subscriptions",
            id=f"00000000-0000-4000-8000-{number:012}",
            client_id=twitch.config.client_id,
            type="stream.online",
            version="1",
            condition=f'{{"broadcaster_user_id": "{number + 1}"}}',
            subject=f"broadcaster_user_id:{number + 1}",
            callback="https://example.com/callback",
            secret="0123456789",
            status="webhook_callback_verification_pending",
            created_ns=twitch.clock.now_ns(),
        )


@pytest.fixture(scope="module")
def app_token(simulator: Simulator) -> str:
    """An app access token."""
    return simulator.app_token()


@pytest.fixture(scope="module")
def ada_token(simulator: Simulator) -> str:
    """Ada's user access token, with all scopes the tables want."""
    return str(simulator.log_in("ada_streams", *SCOPES)["access_token"])


@pytest.fixture(scope="module")
def bare_token(simulator: Simulator) -> str:
    """A user token without any scope."""
    return str(simulator.log_in("ada_streams")["access_token"])


@pytest.fixture
def tokens(app_token: str, ada_token: str, bare_token: str) -> dict[str, str]:
    """The kinds of tokens that a row may name."""
    return {"app": app_token, "user": ada_token, "bare": bare_token, "wrong": "x" * 30}


@pytest.fixture
def _stopped_clock(simulator: Simulator) -> Iterator[None]:
    """No minute ends, by which the order of streams would change; no bucket fills."""

    def stop(twitch: LocalTwitch) -> None:
        now_ns = time.time_ns()
        twitch.clock.now_ns = lambda: now_ns  # type: ignore[method-assign]

    def go(twitch: LocalTwitch) -> None:
        del twitch.clock.now_ns

    simulator.inside(stop)
    yield
    simulator.inside(go)


def get(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint, more: Params
) -> httpx.Response:
    """The endpoint's answer to its own query and some more."""
    token = tokens["user" if endpoint.by_user else "app"]
    params = httpx.QueryParams((*endpoint.query, *more))
    return simulator.helix("GET", endpoint.path, token=token, params=params)


@each_endpoint
def test_fields(simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint) -> None:
    answer = get(simulator, tokens, endpoint, [])
    assert answer.status_code == 200
    body = answer.json()
    assert {name: type(value) for name, value in body.items()} == {
        "data": list,
        **endpoint.beside,
    }
    assert body["data"]
    for item in body["data"]:
        assert {name: type(value) for name, value in item.items()} == endpoint.fields


@each_endpoint
def test_another_projects_models_read_it(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint
) -> None:
    for item in get(simulator, tokens, endpoint, []).json()["data"]:
        parsed = endpoint.model(**item)
        wanted = set(endpoint.model._get_annotations())  # type: ignore[no-untyped-call]
        assert wanted - set(item) <= OPTIONAL
        for name in wanted & set(item):
            value = getattr(parsed, name)
            if isinstance(value, datetime):
                assert value.tzinfo is not None
                assert value.isoformat()[:19] == item[name][:19]
            else:
                assert value == item[name] or (value is None and item[name] == "")


@pytest.mark.usefixtures("_stopped_clock")
@each_endpoint
def test_headers(simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint) -> None:
    first, second = (get(simulator, tokens, endpoint, []) for _ in range(2))
    for answer in (first, second):
        assert answer.headers["content-type"].partition(";")[0] == "application/json"
        assert answer.headers["ratelimit-limit"] == "800"
        assert 0 < int(answer.headers["ratelimit-remaining"]) < 800
        assert 0 < int(answer.headers["ratelimit-reset"]) - time.time() <= 61
    left = [int(answer.headers["ratelimit-remaining"]) for answer in (first, second)]
    assert left[1] == left[0] - 1


@each_endpoint
def test_times_are_rfc3339_in_utc(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint
) -> None:
    for item in get(simulator, tokens, endpoint, []).json()["data"]:
        for name, value in item.items():
            if name.endswith("_at") and value:
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value)


@pytest.mark.usefixtures("_stopped_clock")
@each_paged
def test_pages_hold_everything_once(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint
) -> None:
    big = [("first", "100")] if endpoint.asked else []
    wanted = walk(simulator, tokens, endpoint, big)
    small = walk(simulator, tokens, endpoint, endpoint.asked)
    assert small == wanted
    assert len(set(small)) == len(small)
    size = int(endpoint.asked[0][1]) if endpoint.asked else endpoint.usual
    assert len(small) > size


@each_paged
def test_pages_are_as_long_as_asked_or_usual(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint
) -> None:
    every = walk(simulator, tokens, endpoint, [])
    usual = get(simulator, tokens, endpoint, []).json()
    assert len(usual["data"]) == min(endpoint.usual, len(every))
    assert bool(usual["pagination"]) == (len(every) > endpoint.usual)
    if endpoint.asked:
        asked = get(simulator, tokens, endpoint, endpoint.asked).json()["data"]
        assert len(asked) == int(endpoint.asked[0][1])


def walk(
    simulator: Simulator, tokens: dict[str, str], endpoint: Endpoint, more: Params
) -> list[str]:
    """The keys of all items, page by page until one has no cursor."""
    found: list[str] = []
    cursor: Params = []
    while True:
        body = get(simulator, tokens, endpoint, [*more, *cursor]).json()
        found += [item[endpoint.key] for item in body["data"]]
        if not body["pagination"]:
            return found
        assert set(body["pagination"]) == {"cursor"}
        assert body["data"]
        cursor = [("after", body["pagination"]["cursor"])]


@pytest.mark.usefixtures("_stopped_clock")
def test_before_leads_back(simulator: Simulator, tokens: dict[str, str]) -> None:
    streams = next(endpoint for endpoint in PAGED if endpoint.path == "/streams")
    first = get(simulator, tokens, streams, [("first", "5")]).json()
    after = [("first", "5"), ("after", first["pagination"]["cursor"])]
    second = get(simulator, tokens, streams, after).json()
    before = [("first", "5"), ("before", second["pagination"]["cursor"])]
    assert get(simulator, tokens, streams, before).json()["data"] == first["data"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_errors(simulator: Simulator, tokens: dict[str, str], refusal: Refusal) -> None:
    headers = {"Client-Id": simulator.client_id if refusal.client_id is None else refusal.client_id}
    if refusal.token != "none":
        headers["Authorization"] = f"Bearer {tokens[refusal.token]}"
    answer = simulator.http.get(
        f"{simulator.url}/helix{refusal.path}",
        params=httpx.QueryParams(tuple(refusal.query)),
        headers={name: text for name, text in headers.items() if text},
    )
    body = answer.json()
    assert answer.status_code == refusal.status
    assert set(body) == {"error", "status", "message"}
    assert body["status"] == refusal.status
    assert body["error"] == {400: "Bad Request", 401: "Unauthorized"}[refusal.status]
    assert isinstance(body["message"], str)
    if refusal.message:
        assert body["message"] == refusal.message


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/users/follows", 404), ("GET", "/nothing", 404), ("PUT", "/users", 405)],
)
def test_what_is_not_there(
    simulator: Simulator, app_token: str, method: str, path: str, status: int
) -> None:
    answer = simulator.helix(method, path, token=app_token)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "status", "message"}


class TestMeanings:
    """What the table's columns cannot say."""

    def data(
        self, simulator: Simulator, token: str, path: str, **params: str | list[str]
    ) -> list[dict[str, Any]]:
        """The `data` of an answer."""
        answer = simulator.helix("GET", path, token=token, params=params)
        return list(answer.json()["data"])

    def test_users_are_found_by_id_and_by_login_and_unknown_ones_are_left_out(
        self, simulator: Simulator, app_token: str
    ) -> None:
        found = self.data(
            simulator, app_token, "/users", login=["Ada_Streams", "nobody"], id=["700000002", "1"]
        )
        assert [one["login"] for one in found] == ["ada_streams", "bob_watches"]

    def test_email_is_shown_to_its_owner_with_the_scope_only(
        self, simulator: Simulator, ada_token: str, bare_token: str
    ) -> None:
        (own,) = self.data(simulator, ada_token, "/users")
        assert own["email"] == "ada@example.com"
        assert "email" not in self.data(simulator, bare_token, "/users")[0]
        assert "email" not in self.data(simulator, ada_token, "/users", login="bob_watches")[0]

    def test_an_unconfirmed_email_is_not_shown(self, simulator: Simulator) -> None:
        token = simulator.log_in("eve_no_mail", "user:read:email")["access_token"]
        assert not self.data(simulator, token, "/users")[0].get("email")

    def test_search_matches_the_beginning_of_the_login(
        self, simulator: Simulator, app_token: str
    ) -> None:
        found = self.data(simulator, app_token, "/search/channels", query="ADA_str")
        assert [one["broadcaster_login"] for one in found] == ["ada_streams"]
        assert self.data(simulator, app_token, "/search/channels", query="da_str") == []
        assert self.data(simulator, app_token, "/search/channels", query="%") == []

    def test_search_for_live_ones_matches_name_and_category_too(
        self, simulator: Simulator, app_token: str
    ) -> None:
        found = self.data(
            simulator, app_token, "/search/channels", query="software and", live_only="true"
        )
        assert "ada_streams" in [one["broadcaster_login"] for one in found]
        assert all(one["is_live"] and one["started_at"] for one in found)

    def test_search_tells_an_empty_start_for_who_is_offline(
        self, simulator: Simulator, app_token: str
    ) -> None:
        (found,) = self.data(simulator, app_token, "/search/channels", query="tag_tina")
        assert (found["is_live"], found["started_at"]) == (False, "")

    def test_search_passes_over_who_has_not_streamed_for_six_months(
        self, simulator: Simulator, app_token: str
    ) -> None:
        assert self.data(simulator, app_token, "/search/channels", query="bob_watches") == []

    def test_streams_lists_live_ones_only_and_the_most_watched_first(
        self, simulator: Simulator, app_token: str
    ) -> None:
        found = self.data(simulator, app_token, "/streams", user_id=[ADA, "700000008"])
        assert [one["user_login"] for one in found] == ["ada_streams"]
        assert "{width}x{height}" in found[0]["thumbnail_url"]
        viewers = [one["viewer_count"] for one in self.data(simulator, app_token, "/streams")]
        assert viewers == sorted(viewers, reverse=True)

    @pytest.mark.parametrize(("name", "shown"), [("game_id", "game_id"), ("language", "language")])
    def test_streams_are_narrowed(
        self, simulator: Simulator, app_token: str, name: str, shown: str
    ) -> None:
        wanted = self.data(simulator, app_token, "/streams")[0][shown]
        found = self.data(simulator, app_token, "/streams", **{name: wanted, "first": "100"})
        assert found
        assert {one[shown] for one in found} == {wanted}

    def test_channels_tell_also_of_who_is_offline(
        self, simulator: Simulator, app_token: str
    ) -> None:
        (found,) = self.data(simulator, app_token, "/channels", broadcaster_id="700000008")
        assert found["title"] == '<b>bold</b> & "quotes"'
        assert found["game_name"] == "Software and Game Development"

    def test_followers_are_the_newest_first(self, simulator: Simulator, ada_token: str) -> None:
        simulator.control.event("channel.follow", "ada_streams", user="dan_plays")
        found = self.data(simulator, ada_token, "/channels/followers", broadcaster_id=ADA)
        assert found[0]["user_login"] == "dan_plays"
        times = [one["followed_at"] for one in found]
        assert times == sorted(times, reverse=True)

    @pytest.mark.parametrize("kind", ["app", "bare", "stranger"])
    def test_followers_without_permission_are_only_counted(
        self, simulator: Simulator, tokens: dict[str, str], kind: str
    ) -> None:
        stranger = simulator.log_in("bob_watches", "moderator:read:followers")["access_token"]
        token = stranger if kind == "stranger" else tokens[kind]
        params = {"broadcaster_id": ADA}
        body = simulator.helix("GET", "/channels/followers", token=token, params=params).json()
        own = simulator.helix("GET", "/channels/followers", token=tokens["user"], params=params)
        assert body["data"] == []
        assert body["total"] == own.json()["total"] > 0

    def test_followers_are_shown_to_a_moderator(self, simulator: Simulator) -> None:
        token = simulator.log_in("grace_mods", "moderator:read:followers")["access_token"]
        assert self.data(simulator, token, "/channels/followers", broadcaster_id=ADA)

    def test_one_follower_can_be_asked_for(self, simulator: Simulator, ada_token: str) -> None:
        asked = {"broadcaster_id": ADA, "user_id": "700000005"}
        assert self.data(simulator, ada_token, "/channels/followers", **asked) == []
        simulator.control.event("channel.follow", "ada_streams", user="eve_no_mail")
        (found,) = self.data(simulator, ada_token, "/channels/followers", **asked)
        assert found["user_login"] == "eve_no_mail"

    def test_followed_is_the_newest_first_and_can_be_narrowed(
        self, simulator: Simulator, ada_token: str
    ) -> None:
        simulator.control.event("channel.follow", "tag_tina", user="ada_streams")
        found = self.data(simulator, ada_token, "/channels/followed", user_id=ADA)
        assert found[0]["broadcaster_login"] == "tag_tina"
        narrowed = self.data(
            simulator, ada_token, "/channels/followed", user_id=ADA, broadcaster_id="700000008"
        )
        assert narrowed == found[:1]

    def test_followed_streams_are_those_of_followed_channels(
        self, simulator: Simulator, ada_token: str
    ) -> None:
        followed = self.data(simulator, ada_token, "/channels/followed", user_id=ADA, first="100")
        live = self.data(simulator, ada_token, "/streams/followed", user_id=ADA)
        ids = {one["broadcaster_id"] for one in followed}
        assert {one["user_id"] for one in live} <= ids

    def test_games_are_found_by_exact_name(self, simulator: Simulator, app_token: str) -> None:
        (found,) = self.data(simulator, app_token, "/games", name="Just Chatting")
        assert found["id"] == "509658"
        assert "{width}x{height}" in found["box_art_url"]
        assert self.data(simulator, app_token, "/games", name="Just") == []
