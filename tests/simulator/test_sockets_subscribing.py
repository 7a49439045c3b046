"""Who gets which subscription on a WebSocket: TWITCH.md sections 2 and 4."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from simulator.testing import Simulator, running
from tests.simulator.sockets import ask, body_for, connected, listed, subscribe

ADA, BOB, GRACE, HANA = "700000001", "700000002", "700000010", "700000006"
FORBIDDEN = "subscription missing proper authorization"


def user(simulator: Simulator, login: str, *scopes: str) -> str:
    """A user token."""
    return str(simulator.log_in(login, *scopes)["access_token"])


def test_it_is_enabled_at_once_and_tells_the_connection(simulator: Simulator) -> None:
    token = user(simulator, "ada_streams", "user:read:email")
    with connected(simulator) as socket:
        body = body_for(socket, "stream.online", broadcaster_user_id=BOB)
        answer = ask(simulator, token, body)
        assert answer.status_code == 202
        (made,) = answer.json()["data"]
        assert made["status"] == "enabled"
        assert made["transport"] == {
            "method": "websocket",
            "session_id": socket.id,
            "connected_at": socket.session["connected_at"],
        }
        told = {name: answer.json()[name] for name in ("total", "total_cost", "max_total_cost")}
        assert told == {"total": 1, "total_cost": 1, "max_total_cost": 10}
        # What the application has for its callbacks is another list.
        assert listed(simulator, simulator.app_token()) == []
        assert listed(simulator, token) == [made]


class TestRefusals:
    def test_an_app_token_is_a_400(self, simulator: Simulator) -> None:
        with connected(simulator) as socket:
            body = body_for(socket, "stream.online", broadcaster_user_id=ADA)
            answer = ask(simulator, simulator.app_token(), body)
        assert answer.status_code == 400
        assert answer.json()["message"] == "invalid transport and auth combination"

    def test_a_session_that_is_gone_is_a_400(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams")
        with connected(simulator) as socket:
            simulator.control.fault("ws_drop")
            socket.close_code()
            body = body_for(socket, "stream.online", broadcaster_user_id=ADA)
            answer = ask(simulator, token, body)
        assert answer.status_code == 400
        assert "session does not exist or has already disconnected" in answer.json()["message"]

    def test_two_users_on_one_socket_are_a_400(self, simulator: Simulator) -> None:
        with connected(simulator) as socket:
            subscribe(
                simulator, user(simulator, "bob_watches"), socket, "stream.online",
                broadcaster_user_id=ADA,
            )  # fmt: skip
            body = body_for(socket, "stream.offline", broadcaster_user_id=ADA)
            answer = ask(simulator, user(simulator, "ada_streams"), body)
        assert answer.status_code == 400
        assert "different users" in answer.json()["message"]

    def test_what_the_application_itself_is_told_is_a_400(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams")
        with connected(simulator) as socket:
            body = body_for(socket, "user.authorization.revoke", client_id=simulator.client_id)
            assert ask(simulator, token, body).status_code == 400

    @pytest.mark.parametrize(
        ("login", "scope", "kind", "condition", "status"),
        [
            ("bob_watches", "user:read:whispers", "user.whisper.message", {"user_id": BOB}, 202),
            ("bob_watches", "user:manage:whispers", "user.whisper.message", {"user_id": BOB}, 202),
            ("bob_watches", "user:read:email", "user.whisper.message", {"user_id": BOB}, 403),
            ("ada_streams", "user:read:whispers", "user.whisper.message", {"user_id": BOB}, 403),
            (
                "grace_mods",
                "moderator:read:followers",
                "channel.follow",
                {"broadcaster_user_id": ADA, "moderator_user_id": GRACE},
                202,
            ),
            (
                "hana_games",
                "moderator:read:followers",
                "channel.follow",
                {"broadcaster_user_id": ADA, "moderator_user_id": HANA},
                403,
            ),
            (
                "hana_games",
                "moderator:read:followers",
                "channel.follow",
                {"broadcaster_user_id": ADA, "moderator_user_id": ADA},
                403,
            ),
            (
                "bob_watches",
                "user:read:chat",
                "channel.chat.message",
                {"broadcaster_user_id": ADA, "user_id": BOB},
                202,
            ),
        ],
    )
    def test_the_token_speaks_for_its_user(
        self,
        simulator: Simulator,
        login: str,
        scope: str,
        kind: str,
        condition: dict[str, str],
        status: int,
    ) -> None:
        # That the other one has consented does not help.
        user(simulator, "bob_watches", "user:read:whispers")
        user(simulator, "ada_streams", "moderator:read:followers")
        token = user(simulator, login, scope)
        with connected(simulator) as socket:
            answer = ask(simulator, token, body_for(socket, kind, **condition))
        assert answer.status_code == status
        if status == 403:
            assert answer.json()["message"] == FORBIDDEN

    def test_moderation_needs_each_of_its_scopes(self, simulator: Simulator) -> None:
        scopes = [
            f"moderator:read:{what}"
            for what in (
                "blocked_terms", "chat_settings", "unban_requests", "banned_users",
                "chat_messages", "warnings", "moderators", "vips",
            )
        ]  # fmt: skip
        scopes[3] = "moderator:manage:banned_users"
        with connected(simulator) as socket:
            body = body_for(
                socket, "channel.moderate", broadcaster_user_id=ADA, moderator_user_id=ADA
            ) | {"version": "2"}
            narrow = user(simulator, "ada_streams", *scopes[:-1])
            assert ask(simulator, narrow, body).json()["message"] == FORBIDDEN
            assert ask(simulator, user(simulator, "ada_streams", *scopes), body).status_code == 202


class TestLimits:
    def test_the_same_on_one_socket_is_a_409_with_the_id(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams")
        with connected(simulator) as socket:
            made = subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=ADA)
            body = body_for(socket, "stream.online", broadcaster_user_id=ADA)
            again = ask(simulator, token, body)
        assert (again.status_code, again.json()["id"]) == (409, made["id"])

    def test_a_fourth_socket_connects_and_gets_nothing(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams")
        kinds = ("stream.online", "stream.offline", "channel.update", "user.update")
        answers = []
        with ExitStack() as stack:
            for kind in kinds:
                socket = stack.enter_context(connected(simulator))
                key = "user_id" if kind == "user.update" else "broadcaster_user_id"
                answers.append(ask(simulator, token, body_for(socket, kind, **{key: ADA})))
            # Another user has three of their own.
            bob = user(simulator, "bob_watches")
            subscribe(simulator, bob, socket, "stream.online", broadcaster_user_id=ADA)
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert answers[3].json()["message"] == "number of websocket transports limit exceeded"

    def test_a_reconnected_socket_counts_once(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams")
        with ExitStack() as stack:
            opened = [stack.enter_context(connected(simulator)) for _ in range(3)]
            for socket, person in zip(opened, (ADA, BOB, GRACE), strict=True):
                subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=person)
            simulator.control.fault("ws_reconnect")
            told = opened[0].read("session_reconnect")["payload"]["session"]
            new = stack.enter_context(connected(simulator, url=told["reconnect_url"]))
            subscribe(simulator, token, new, "stream.offline", broadcaster_user_id=ADA)
        assert new.id == opened[0].id

    def test_beyond_ten_of_cost_it_is_a_429(self, simulator: Simulator) -> None:
        token = user(simulator, "ada_streams", "user:read:email")
        people = [one["id"] for one in simulator.control.people() if not one["can_log_in"]]
        with connected(simulator) as socket:
            for person in people[:10]:
                subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=person)
            body = body_for(socket, "stream.online", broadcaster_user_id=people[10])
            refused = ask(simulator, token, body)
            assert (refused.status_code, refused.json()["message"]) == (
                429, "maximum total cost exceeded",
            )  # fmt: skip
            # Whoever authorised the client costs nothing.
            free = subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=ADA)
            assert free["cost"] == 0
            (oldest, *_) = listed(simulator, token)
            gone = simulator.helix(
                "DELETE", "/eventsub/subscriptions", token=token, params={"id": oldest["id"]}
            )
            assert gone.status_code == 204
            assert ask(simulator, token, body).status_code == 202

    def test_more_than_300_on_one_socket_are_a_429(self) -> None:
        with running(streamers=301, points_a_minute=10_000) as simulator:
            token = user(simulator, "bob_watches", "user:read:chat")
            people = [one["id"] for one in simulator.control.people()][:301]
            with connected(simulator) as socket:
                answers = [
                    ask(
                        simulator,
                        token,
                        body_for(
                            socket,
                            "channel.chat.message",
                            broadcaster_user_id=person,
                            user_id=BOB,
                        ),
                    ).status_code
                    for person in people
                ]
        assert answers == [202] * 300 + [429]


def test_only_its_own_user_deletes_it(simulator: Simulator) -> None:
    token = user(simulator, "ada_streams")
    with connected(simulator) as socket:
        made = subscribe(simulator, token, socket, "stream.online", broadcaster_user_id=ADA)
        others = (user(simulator, "bob_watches"), simulator.app_token(), token)
        deleted = [
            simulator.helix(
                "DELETE", "/eventsub/subscriptions", token=one, params={"id": made["id"]}
            ).status_code
            for one in others
        ]
        simulator.control.event("stream.online", "ada_streams")
        assert listed(simulator, token) == []
    assert deleted == [404, 404, 204]
