"""Who gets which EventSub subscription: TWITCH.md section 2, EventSub endpoints."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from simulator.testing import Simulator, running, wait_for
from tests.simulator.callbacks import SECRET, Callback, body_of, status, subscribe

ADA, BOB, GRACE, HANA = "700000001", "700000002", "700000010", "700000006"
CALLBACK = "http://localhost:9/callback"


def ask(simulator: Simulator, token: str, body: Any) -> httpx.Response:
    """Ask for a subscription."""
    content = json.dumps(body)
    return simulator.helix("POST", "/eventsub/subscriptions", token=token, content=content)


def online(user_id: str = ADA, **transport: str) -> dict[str, Any]:
    """The body for stream.online about `user_id`."""
    body = body_of("stream.online", {"broadcaster_user_id": user_id}, CALLBACK)
    body["transport"].update(transport)
    return body


def test_answers_202_with_the_pending_subscription_and_the_sums(
    simulator: Simulator, token: str
) -> None:
    answer = ask(simulator, token, online())
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"data", "total", "total_cost", "max_total_cost"}
    (made,) = body["data"]
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "status": "webhook_callback_verification_pending",
        "type": "stream.online",
        "version": "1",
        "condition": {"broadcaster_user_id": ADA},
        "created_at": "",
        "transport": {"method": "webhook", "callback": CALLBACK},
        "cost": 1,
    }
    assert (body["total"], body["total_cost"], body["max_total_cost"]) == (1, 1, 10_000)
    assert SECRET not in answer.text


class TestBadBodies:
    @pytest.mark.parametrize(
        "change",
        [
            {"type": "stream.nothing"},
            {"version": "2"},
            {"version": 1},
            {"condition": {}},
            {"condition": {"broadcaster_user_id": "ada_streams"}},
            {"condition": {"broadcaster_user_id": 700000001}},
            {"condition": {"broadcaster_user_id": ADA, "\ud800": "x"}},
            {"condition": {"broadcaster_user_id": ADA, "user_id": ADA}},
            {"condition": None},
            {"transport": {}},
            {"transport": "webhook"},
        ],
    )
    def test_a_bad_field_is_a_400_in_helixs_words(
        self, shared: Simulator, change: dict[str, Any]
    ) -> None:
        answer = ask(shared, shared.app_token(), online() | change)
        assert answer.status_code == 400
        assert set(answer.json()) == {"error", "status", "message"}
        assert (answer.json()["error"], answer.json()["status"]) == ("Bad Request", 400)
        assert answer.json()["message"]

    @pytest.mark.parametrize(
        "transport",
        [
            {"secret": "nine char"},
            {"secret": "x" * 101},
            {"secret": "not äscii, and long enough"},
            {"callback": "http://example.com/callback"},
            {"callback": "https://example.com:8443/callback"},
            {"callback": "ftp://localhost/callback"},
            {"callback": "callback"},
            {"method": "pigeon"},
        ],
    )
    def test_a_bad_transport_is_a_400(self, shared: Simulator, transport: dict[str, str]) -> None:
        assert ask(shared, shared.app_token(), online(**transport)).status_code == 400

    @pytest.mark.parametrize("length", [10, 100])
    def test_secrets_of_10_and_100_characters_will_do(self, shared: Simulator, length: int) -> None:
        body = online(secret="s" * length, callback=f"{CALLBACK}/{length}")
        assert ask(shared, shared.app_token(), body).status_code == 202

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
    def test_what_is_no_json_object_is_a_400(self, shared: Simulator, content: bytes) -> None:
        token = shared.app_token()
        answer = shared.helix("POST", "/eventsub/subscriptions", token=token, content=content)
        assert answer.status_code == 400

    def test_a_raid_names_one_side_only(self, shared: Simulator) -> None:
        both = {"from_broadcaster_user_id": ADA, "to_broadcaster_user_id": BOB}
        token = shared.app_token()
        assert ask(shared, token, body_of("channel.raid", both, CALLBACK)).status_code == 400
        both["from_broadcaster_user_id"] = ""
        assert ask(shared, token, body_of("channel.raid", both, CALLBACK)).status_code == 202

    def test_a_user_token_does_not_go_with_a_webhook(self, shared: Simulator) -> None:
        access = shared.log_in("ada_streams", "user:read:email")["access_token"]
        answer = ask(shared, access, online())
        assert answer.status_code == 400
        assert answer.json()["message"] == "invalid transport and auth combination"

    def test_an_app_token_does_not_go_with_a_websocket(self, shared: Simulator) -> None:
        body = online() | {"transport": {"method": "websocket", "session_id": "x"}}
        answer = ask(shared, shared.app_token(), body)
        assert answer.status_code == 400
        assert answer.json()["message"] == "invalid transport and auth combination"


class TestConsent:
    def follow(self, moderator: str = ADA) -> dict[str, Any]:
        condition = {"broadcaster_user_id": ADA, "moderator_user_id": moderator}
        return body_of("channel.follow", condition, CALLBACK)

    def test_without_the_scope_it_is_a_403(self, simulator: Simulator, token: str) -> None:
        simulator.log_in("ada_streams", "user:read:email")
        answer = ask(simulator, token, self.follow())
        assert answer.status_code == 403
        assert answer.json() == {
            "error": "Forbidden",
            "status": 403,
            "message": "subscription missing proper authorization",
        }

    def test_the_broadcasters_grant_will_do(self, simulator: Simulator, token: str) -> None:
        simulator.log_in("ada_streams", "moderator:read:followers")
        answer = ask(simulator, token, self.follow())
        assert answer.status_code == 202
        assert answer.json()["data"][0]["cost"] == 0

    def test_a_moderators_grant_will_do(self, simulator: Simulator, token: str) -> None:
        simulator.log_in("grace_mods", "moderator:read:followers")
        assert ask(simulator, token, self.follow(GRACE)).status_code == 202

    def test_the_grant_of_somebody_else_will_not(self, simulator: Simulator, token: str) -> None:
        simulator.log_in("hana_games", "moderator:read:followers")
        assert ask(simulator, token, self.follow(HANA)).status_code == 403

    def test_another_clients_authorizations_are_none_of_ours(
        self, simulator: Simulator, token: str
    ) -> None:
        body = body_of("user.authorization.revoke", {"client_id": "other"}, CALLBACK)
        assert ask(simulator, token, body).status_code == 403
        body["condition"] = {"client_id": simulator.client_id}
        assert ask(simulator, token, body).status_code == 202


class TestCost:
    def test_somebody_who_granted_any_scope_costs_nothing(
        self, simulator: Simulator, token: str
    ) -> None:
        simulator.log_in("ada_streams", "user:read:email")
        body = ask(simulator, token, online()).json()
        assert (body["data"][0]["cost"], body["total_cost"]) == (0, 0)

    def test_beyond_the_limit_it_is_a_429(self) -> None:
        with running(max_total_cost=2, challenge_delay=60) as simulator:
            token = simulator.app_token()
            people = [person["id"] for person in simulator.control.people()][-3:]
            answers = [ask(simulator, token, online(person)) for person in people]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert answers[1].json()["total_cost"] == 2
        assert "cost" in answers[2].json()["message"]
        # Not the rate limit: points are left.
        assert int(answers[2].headers["ratelimit-remaining"]) > 0

    def test_a_failed_one_costs_nothing(self, simulator: Simulator, token: str) -> None:
        made = ask(simulator, token, online()).json()["data"][0]["id"]
        wait_for(lambda: status(simulator, made).endswith("failed"), "the refusal of port 9")
        listed = simulator.helix("GET", "/eventsub/subscriptions", token=token).json()
        assert (listed["total"], listed["total_cost"]) == (1, 0)


class TestTheSameAgain:
    def test_is_a_409_with_the_id_of_the_first(
        self, simulator: Simulator, token: str, callback: Callback
    ) -> None:
        first = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        again = ask(simulator, token, online(callback=callback.url))
        assert again.status_code == 409
        assert again.json() == {
            "error": "Conflict",
            "status": 409,
            "message": "subscription already exists",
            "id": first,
        }

    def test_is_allowed_after_it_failed(self, simulator: Simulator, token: str) -> None:
        made = ask(simulator, token, online()).json()["data"][0]["id"]
        wait_for(lambda: status(simulator, made).endswith("failed"), "the refusal of port 9")
        assert ask(simulator, token, online()).status_code == 202

    def test_three_callbacks_may_share_a_condition_and_no_more(
        self, simulator: Simulator, token: str, callback: Callback
    ) -> None:
        answers = [
            ask(simulator, token, online(callback=f"{callback.url}/{number}"))
            for number in range(4)
        ]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
        assert (
            answers[3].json()["message"] == "maximum subscriptions with type and condition exceeded"
        )


class TestDeletion:
    def delete(self, simulator: Simulator, token: str, **params: str) -> httpx.Response:
        return simulator.helix("DELETE", "/eventsub/subscriptions", token=token, params=params)

    def test_is_a_204_and_then_a_404(
        self, simulator: Simulator, token: str, callback: Callback
    ) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        gone = self.delete(simulator, token, id=made)
        assert (gone.status_code, gone.content) == (204, b"")
        assert status(simulator, made) == ""
        assert self.delete(simulator, token, id=made).status_code == 404

    def test_without_an_id_is_a_400(self, simulator: Simulator, token: str) -> None:
        assert self.delete(simulator, token).status_code == 400

    def test_by_a_user_token_finds_nothing(self, simulator: Simulator, callback: Callback) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        access = simulator.log_in("ada_streams")["access_token"]
        assert self.delete(simulator, access, id=made).status_code == 404
        assert status(simulator, made) == "enabled"


class TestList:
    def show(self, simulator: Simulator, token: str, **params: str) -> httpx.Response:
        return simulator.helix("GET", "/eventsub/subscriptions", token=token, params=params)

    def test_filters_find_what_they_name(
        self, simulator: Simulator, token: str, callback: Callback
    ) -> None:
        live = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        raid = subscribe(simulator, callback, "channel.raid", to_broadcaster_user_id=BOB)
        simulator.control.fault("webhook_callback_verification_failed")
        failed = subscribe(simulator, callback, "stream.offline", broadcaster_user_id=ADA)

        def ids(**params: str) -> list[str]:
            return [one["id"] for one in self.show(simulator, token, **params).json()["data"]]

        assert ids() == [live, raid, failed]  # oldest first
        assert ids(type="channel.raid") == [raid]
        assert ids(user_id=BOB) == [raid]
        assert ids(user_id=ADA) == [live, failed]
        assert ids(status="enabled") == [live, raid]
        assert ids(status="webhook_callback_verification_failed") == [failed]
        assert ids(subscription_id=live) == [live]
        assert ids(user_id="1") == []

    def test_two_filters_are_a_400(self, simulator: Simulator, token: str) -> None:
        answer = self.show(simulator, token, status="enabled", user_id=ADA)
        assert answer.status_code == 400

    def test_a_user_token_lists_its_own_websockets_only(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        access = simulator.log_in("ada_streams")["access_token"]
        body = self.show(simulator, access).json()
        assert (body["data"], body["total"], body["max_total_cost"]) == ([], 0, 10)
