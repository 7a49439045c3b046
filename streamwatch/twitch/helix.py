"""Twitch's Helix API.

Source: https://dev.twitch.tv/docs/api/reference
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

import httpx

from streamwatch.twitch.answers import json_object, refuse
from streamwatch.twitch.broadcasts import Clip, Schedule, Video
from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchRefused,
    TwitchUnavailable,
)
from streamwatch.twitch.payloads import (
    ChannelInformation,
    FollowedChannel,
    FoundChannel,
    LiveStream,
    Profile,
    Promise,
    rfc3339,
    words,
)

TIMEOUT = httpx.Timeout(5.0)
MAX_PAGES = 1_000  # A list that repeats its cursor for ever must end somewhere.
LIMIT_HEADERS = ("Limit", "Remaining", "Reset")
LONGEST_PATIENCE_SECONDS = 120.0
PATIENT_TRIES = 5
# Nobody has so many followers; more is no number.
MOST_FOLLOWERS = 10**12

Params = Sequence[tuple[str, str]]


class TokenSource(Protocol):
    """Where a client's token comes from."""

    def current(self) -> str:
        """The token to use now."""

    def renew(self, dead: str) -> str:
        """Another token, after Twitch refused `dead`."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Twitch's bucket of points as an answer told it at `seen_at`; times are Unix seconds."""

    limit: int
    remaining: int
    reset_at: int
    seen_at: float

    def points_at(self, now: float) -> float:
        """What the bucket holds at `now` if nobody took any: it fills in a minute."""
        elapsed = max(0.0, now - self.seen_at)
        return min(self.limit, self.remaining + elapsed * self.limit / 60)


class _HeldToken:
    """A `TokenSource` of one token, for threads that must not ask the database for another."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renew(self, dead: str) -> str:
        raise TokenRefused(401, f"held token of {len(dead)} characters refused")


@dataclass(frozen=True, slots=True)
class PromisePage:
    """A hundred promises of Twitch's list; `cursor` leads to the next page, "" at the end."""

    promises: Sequence[Promise]
    cursor: str


@dataclass(frozen=True, slots=True)
class TotalCost:
    """What all EventSub subscriptions of the application cost together, and may cost."""

    total_cost: int
    max_total_cost: int


class Helix:
    """Calls to `api_url` (`https://api.twitch.tv/helix`). Each takes at most 5 s a phase.

    Every method raises `TwitchUnavailable` when there is no usable answer and `TwitchRefused`
    (or a subclass) when Twitch says no. A 401 is tried once more with a renewed token.
    """

    def __init__(self, *, api_url: str, client_id: str, tokens: TokenSource) -> None:
        self._http = httpx.Client(timeout=TIMEOUT)
        self._url = api_url.rstrip("/")
        self._client_id = client_id
        self._tokens = tokens
        self._limits: dict[str, RateLimit] = {}  # At most one, shared with those that hold().

    @property
    def rate_limit(self) -> RateLimit | None:
        """What Twitch last told this process of the token's bucket; None before any answer."""
        return self._limits.get("")

    def hold(self) -> Self:
        """The same client, over the same connections, with the token of now.

        It reads nothing but Twitch, so threads may share it. A 401 is raised at once.
        """
        held = copy(self)
        held._tokens = _HeldToken(self._tokens.current())  # noqa: SLF001  # our own class
        return held

    def with_token(self, token: str) -> Self:
        """The same client, over the same connections, with a viewer's token and its bucket.

        Like those that hold(), for threads: a 401 is raised at once.
        """
        other = copy(self)
        other._tokens = _HeldToken(token)  # noqa: SLF001  # our own class
        other._limits = {}  # noqa: SLF001  # likewise
        return other

    def with_tokens(self, tokens: TokenSource) -> Self:
        """The same client, over the same connections, with a viewer's tokens and their bucket."""
        other = copy(self)
        other._tokens = tokens  # noqa: SLF001  # our own class
        other._limits = {}  # noqa: SLF001  # likewise
        return other

    def close(self) -> None:
        """Let go of open connections; the client cannot be used afterwards."""
        self._http.close()

    def profiles(
        self, *, twitch_ids: Sequence[str] = (), logins: Sequence[str] = ()
    ) -> list[Profile]:
        """Accounts by id or login, at most 100 together; unknown ones are left out."""
        params = [("id", value) for value in twitch_ids] + [("login", value) for value in logins]
        return [Profile.parse(item) for item in self._items("/users", params)]

    def search_channels(self, query: str, *, limit: int) -> list[FoundChannel]:
        """Channels whose login begins with `query` and that streamed in the last 6 months."""
        params = [("query", query), ("first", str(limit))]
        return [FoundChannel.parse(item) for item in self._items("/search/channels", params)]

    def live_streams(self, twitch_ids: Sequence[str]) -> list[LiveStream]:
        """The streams on the air among these accounts (at most 100)."""
        params = [("user_id", value) for value in twitch_ids] + [("first", "100")]
        return [LiveStream.parse(item) for item in self._items("/streams", params)]

    def biggest_streams(self, *, limit: int) -> list[LiveStream]:
        """The streams with the most viewers, at most 100, the biggest first."""
        return [LiveStream.parse(item) for item in self._items("/streams", [("first", f"{limit}")])]

    def videos(self, twitch_id: str, *, limit: int) -> list[Video]:
        """The recordings of the last broadcasts of the channel, newest first."""
        params = [("user_id", twitch_id), ("type", "archive"), ("first", str(limit))]
        return [Video.parse(item) for item in self._items("/videos", params)]

    def clips(
        self, twitch_id: str, *, began_at: datetime, ended_at: datetime, limit: int
    ) -> list[Clip]:
        """The most watched clips of the channel made between the two times."""
        params = [("broadcaster_id", twitch_id), ("first", str(limit))]
        params += [("started_at", rfc3339(began_at)), ("ended_at", rfc3339(ended_at))]
        return [Clip.parse(item) for item in self._items("/clips", params)]

    def schedule(self, twitch_id: str, *, limit: int) -> Schedule:
        """The next streams that the channel has announced; an empty one when it keeps none."""
        params = [("broadcaster_id", twitch_id), ("first", str(limit))]
        try:
            data = self._send("GET", "/schedule", params=params).get("data")
        except TwitchRefused as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
            data = {}
        if not isinstance(data, dict):
            raise TwitchUnavailable("schedule without its data")
        return Schedule.parse(data)

    def channels(self, twitch_ids: Sequence[str]) -> list[ChannelInformation]:
        """Title and category of these channels (at most 100), live or not."""
        params = [("broadcaster_id", value) for value in twitch_ids]
        return [ChannelInformation.parse(item) for item in self._items("/channels", params)]

    def follower_total(self, twitch_id: str) -> int | None:
        """How many follow the channel; None when Twitch does not say."""
        data = self._send("GET", "/channels/followers", params=[("broadcaster_id", twitch_id)])
        total = data.get("total")
        return total if type(total) is int and 0 <= total <= MOST_FOLLOWERS else None

    def followed_channels(self, user_id: str) -> Iterator[list[FollowedChannel]]:
        """Whom the token's own user follows, newest first, 100 a page; asks page by page.

        `TwitchUnavailable` also where pages repeat, for the rest of the list is not known then.
        """
        cursor, seen = "", {""}
        while len(seen) <= MAX_PAGES:
            params = [("user_id", user_id), ("first", "100"), ("after", cursor)]
            data = self._send("GET", "/channels/followed", params=params[: 3 if cursor else 2])
            yield [FollowedChannel.parse(item) for item in _list(data)]
            pagination = data.get("pagination")
            cursor = words(pagination, "cursor") if isinstance(pagination, dict) else ""
            if not cursor:
                return
            if cursor in seen:
                break
            seen.add(cursor)
        raise TwitchUnavailable("GET /channels/followed: the list does not end")

    def promises(
        self, *, user_id: str = "", type_name: str = "", subscription_id: str = ""
    ) -> Iterator[Promise]:
        """EventSub subscriptions of this application, oldest first, page by page.

        One of `user_id` (someone in the condition), `type_name` and `subscription_id` narrows;
        Twitch takes no two of them together. A page that
        leads to itself is no list (`TwitchUnavailable`): what it lacks may well be there.
        """
        filters = {"user_id": user_id, "type": type_name, "subscription_id": subscription_id}
        base = [(name, value) for name, value in filters.items() if value][:1]
        cursor = ""
        for _ in range(MAX_PAGES):
            page = self._promise_page(base, cursor)
            yield from page.promises
            if not page.cursor:
                return
            cursor = page.cursor

    def promise_page(self, cursor: str) -> PromisePage:
        """One page of all EventSub subscriptions of this application; `cursor` "" is the first."""
        return self._promise_page([], cursor)

    def _promise_page(self, base: list[tuple[str, str]], cursor: str) -> PromisePage:
        params = base + ([("after", cursor)] if cursor else [])
        data = self._send("GET", "/eventsub/subscriptions", params=params)
        pagination = data.get("pagination")
        following = words(pagination, "cursor") if isinstance(pagination, dict) else ""
        if following and following == cursor:
            raise TwitchUnavailable("a page of the list of subscriptions repeats")
        return PromisePage([Promise.parse(item) for item in _list(data)], following)

    def make_promise(
        self,
        *,
        type_name: str,
        version: str,
        condition: Mapping[str, str],
        callback: str,
        secret: str,
    ) -> Promise:
        """Ask for an EventSub subscription by webhook; Twitch sends its challenge afterwards.

        Raises `AlreadySubscribed` (409, with the existing id) and `LimitReached` (429) besides.
        """
        transport = {"method": "webhook", "callback": callback, "secret": secret}
        return self._make_promise(type_name, version, condition, transport)[0]

    def make_socket_promise(
        self, *, type_name: str, version: str, condition: Mapping[str, str], session_id: str
    ) -> tuple[Promise, TotalCost]:
        """Ask for an EventSub subscription by a WebSocket's session; with a viewer's token only.

        Also what all of that viewer's sockets cost now, and may cost. Raises as `make_promise`.
        """
        transport = {"method": "websocket", "session_id": session_id}
        promise, data = self._make_promise(type_name, version, condition, transport)
        total, most = data.get("total_cost"), data.get("max_total_cost")
        if not isinstance(total, int) or not isinstance(most, int):
            raise TwitchUnavailable("subscription answer without its cost")
        return promise, TotalCost(total, most)

    def _make_promise(
        self,
        type_name: str,
        version: str,
        condition: Mapping[str, str],
        transport: Mapping[str, str],
    ) -> tuple[Promise, dict[str, Any]]:
        body = {
            "type": type_name,
            "version": version,
            "condition": dict(condition),
            "transport": dict(transport),
        }
        data = self._send("POST", "/eventsub/subscriptions", json=body)
        found = _list(data)
        if not found:
            raise TwitchUnavailable("subscription answer without data")
        return Promise.parse(found[0]), data

    def total_cost(self) -> TotalCost:
        """What EventSub subscriptions cost and may cost; `TwitchUnavailable` if Twitch says not."""
        data = self._send("GET", "/eventsub/subscriptions", params=[("status", "enabled")])
        total, most = data.get("total_cost"), data.get("max_total_cost")
        if not isinstance(total, int) or not isinstance(most, int):
            raise TwitchUnavailable("list of subscriptions without its cost")
        return TotalCost(total, most)

    def end_promise(self, twitch_id: str) -> None:
        """Delete an EventSub subscription; `TwitchRefused` with status 404 if unknown."""
        self._send("DELETE", "/eventsub/subscriptions", params=[("id", twitch_id)])

    def _items(self, path: str, params: Params) -> list[dict[str, Any]]:
        return _list(self._send("GET", path, params=params)) if params else []

    def _send(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        token = self._tokens.current()
        try:
            return self._once(method, path, token, **options)
        except TokenRefused:
            return self._once(method, path, self._tokens.renew(token), **options)

    def _once(self, method: str, path: str, token: str, **options: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "Client-Id": self._client_id}
        try:
            response = self._http.request(method, self._url + path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise TwitchUnavailable(f"{method} {path}: {type(error).__name__}") from error
        self._note_limit(response)
        if not response.is_success:
            raise refuse(response)
        return json_object(response) if response.content else {}

    def _note_limit(self, response: httpx.Response) -> None:
        found = [response.headers.get(f"Ratelimit-{name}", "") for name in LIMIT_HEADERS]
        if all(text.isascii() and text.isdigit() for text in found):
            limit, remaining, reset_at = (int(text[:12]) for text in found)
            self._limits[""] = RateLimit(limit, remaining, reset_at, time.time())


class PatientHelix(Helix):
    """For work that has time: at most `at_once` requests in flight, and 429 is waited out.

    When points have run out, all its threads wait until Twitch's `Ratelimit-Reset`, at most
    2 minutes, and try again; the fifth such answer in a row is raised.
    """

    def __init__(self, *, at_once: int, api_url: str, client_id: str, tokens: TokenSource) -> None:
        super().__init__(api_url=api_url, client_id=client_id, tokens=tokens)
        self._places = threading.Semaphore(at_once)
        self._not_before = 0.0

    def _once(self, method: str, path: str, token: str, **options: Any) -> dict[str, Any]:
        for _ in range(PATIENT_TRIES - 1):
            try:
                return self._in_turn(method, path, token, **options)
            except LimitReached as error:
                if error.reset_at is None:
                    raise
                wait = min(max(error.reset_at - time.time(), 1.0), LONGEST_PATIENCE_SECONDS)
                self._not_before = max(self._not_before, time.monotonic() + wait)
        return self._in_turn(method, path, token, **options)

    def _in_turn(self, method: str, path: str, token: str, **options: Any) -> dict[str, Any]:
        while (seconds := self._not_before - time.monotonic()) > 0:
            time.sleep(seconds)
        with self._places:
            return super()._once(method, path, token, **options)


def _list(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = data.get("data")
    if not isinstance(items, list):
        raise TwitchUnavailable("answer without a data list")
    return [item for item in items if isinstance(item, dict)]
