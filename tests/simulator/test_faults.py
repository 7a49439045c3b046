"""Troubles on command."""

from __future__ import annotations

import hashlib
import hmac
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulator.testing import NotDone, Simulator, running, wait_for
from tests.simulator.callbacks import SECRET, Callback, Received, body_of, status, subscribe

ADA = "700000001"


def games(simulator: Simulator, token: str) -> httpx.Response:
    """A call of Helix that works."""
    return simulator.helix("GET", "/games", token=token, params={"id": "743"})


def waiting(simulator: Simulator) -> list[str]:
    """The faults that are still to come."""
    answer = simulator.http.get(f"{simulator.url}/control/faults")
    return [one["fault"] for one in answer.json()["waiting"]]


def is_signed(received: Received) -> bool:
    """Whether the signature is the one Twitch's page on webhooks tells to compute."""
    signed = (
        received.headers["twitch-eventsub-message-id"]
        + received.headers["twitch-eventsub-message-timestamp"]
    ).encode() + received.raw
    wanted = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return wanted == received.headers["twitch-eventsub-message-signature"]


def age(received: Received) -> timedelta:
    """How old the message says it is."""
    stamp = received.headers["twitch-eventsub-message-timestamp"]
    return datetime.now(UTC) - datetime.fromisoformat(f"{stamp[:19]}+00:00")


class TestOrders:
    def test_an_unknown_fault_is_refused_with_the_known_ones(self, simulator: Simulator) -> None:
        with pytest.raises(NotDone, match=r"helix_down.*bad_signature.*none") as refusal:
            simulator.control.fault("gremlins")
        assert "400" in str(refusal.value)

    def test_a_fault_happens_count_times(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_down", 2)
        assert [games(simulator, token).status_code for _ in range(3)] == [503, 503, 200]

    def test_a_count_of_0_takes_an_order_back(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_down", 100)
        simulator.control.fault("helix_error")
        simulator.control.fault("helix_down", 0)
        assert [games(simulator, token).status_code for _ in range(2)] == [500, 200]

    def test_none_takes_all_orders_back(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_down", 100)
        simulator.control.fault("none")
        assert games(simulator, token).status_code == 200

    def test_a_path_spares_the_others(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_down", path="/helix/users")
        assert games(simulator, token).status_code == 200
        users = simulator.helix("GET", "/users", token=token, params={"id": ADA})
        assert users.status_code == 503


class TestAnswers:
    def test_helix_down(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_down")
        assert games(simulator, token).json()["status"] == 503

    def test_helix_garbage(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("helix_garbage")
        answer = games(simulator, token)
        assert answer.status_code == 200
        with pytest.raises(ValueError, match="Expecting value"):
            answer.json()

    def test_who_was_slow_leaves_to_others_what_is_ordered_meanwhile(self) -> None:
        with running(slow_seconds=0.5) as simulator, ThreadPoolExecutor(1) as threads:
            token = simulator.app_token()
            simulator.control.fault("helix_slow")
            slow = threads.submit(games, simulator, token)
            wait_for(lambda: not waiting(simulator), "the slow one to come")
            simulator.control.fault("helix_down")
            assert slow.result().status_code == 200
            assert waiting(simulator) == ["helix_down"]
            assert games(simulator, token).status_code == 503

    def test_helix_slow(self) -> None:
        with running(slow_seconds=0.3) as simulator:
            token = simulator.app_token()
            simulator.control.fault("helix_slow")
            started = time.monotonic()
            assert games(simulator, token).status_code == 200
            assert time.monotonic() - started >= 0.3

    def test_rate_limited(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("rate_limited")
        answer = games(simulator, token)
        assert answer.status_code == 429
        assert answer.headers["ratelimit-remaining"] == "0"
        assert int(answer.headers["ratelimit-reset"]) > time.time()

    def test_token_refused(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("token_refused")
        assert games(simulator, token).status_code == 401
        assert games(simulator, token).status_code == 200

    def test_oauth_down(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("oauth_down")
        headers = {"Authorization": f"OAuth {token}"}
        validated = simulator.http.get(f"{simulator.auth_url}/validate", headers=headers)
        assert validated.status_code == 200
        with pytest.raises(NotDone, match="503"):
            simulator.app_token()
        assert simulator.app_token()

    def test_expire_tokens(self, simulator: Simulator, token: str) -> None:
        user = simulator.log_in("ada_streams")
        simulator.control.fault("expire_tokens")
        assert games(simulator, token).status_code == 401
        assert games(simulator, user["access_token"]).status_code == 401


class TestSubscribing:
    def test_already_exists(self, simulator: Simulator, token: str, callback: Callback) -> None:
        simulator.control.fault("already_exists")
        body = body_of("stream.online", {"broadcaster_user_id": ADA}, callback.url)
        answer = simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)
        assert answer.status_code == 409
        assert status(simulator, answer.json()["id"])

    def test_cost_limit(self, simulator: Simulator, token: str, callback: Callback) -> None:
        simulator.control.fault("cost_limit")
        body = body_of("stream.online", {"broadcaster_user_id": ADA}, callback.url)
        answers = [
            simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [429, 202]

    def test_webhook_callback_verification_failed(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        simulator.control.fault("webhook_callback_verification_failed")
        failed = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        assert status(simulator, failed) == "webhook_callback_verification_failed"
        again = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        assert status(simulator, again) == "enabled"

    def test_drop_subscription(self, simulator: Simulator, callback: Callback) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        simulator.control.fault("drop_subscription")
        assert status(simulator, made) == ""
        assert callback.of_kind("revocation") == []

    def test_revoke_subscription(self, simulator: Simulator, callback: Callback) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        simulator.control.fault("revoke_subscription")
        callback.wait(1, "revocation")
        assert status(simulator, made) == "authorization_revoked"


class TestMessages:
    @pytest.fixture
    def told(self, simulator: Simulator, callback: Callback) -> Callback:
        """A callback that takes what is rightly signed and of now, as it should."""
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)

        def check(one: Received) -> tuple[int, str, bytes]:
            right = is_signed(one) and abs(age(one)) < timedelta(minutes=10)
            return (204 if right else 403), "text/plain", b""

        callback.answer_others = check
        return callback

    def tell(self, simulator: Simulator, fault: str) -> list[str]:
        simulator.control.fault(fault)
        ids = simulator.control.event("stream.online", "ada_streams")
        simulator.control.settled(ids)
        return ids

    def test_bad_signature(self, simulator: Simulator, told: Callback) -> None:
        ids = self.tell(simulator, "bad_signature")
        tries = told.of_kind("notification")
        assert [is_signed(one) for one in tries] == [False, True]
        assert [one.id for one in tries] == ids * 2

    @pytest.mark.parametrize(("fault", "minutes"), [("late", 11), ("early", -11)])
    def test_wrong_timestamps(
        self, simulator: Simulator, told: Callback, fault: str, minutes: int
    ) -> None:
        self.tell(simulator, fault)
        first, second = told.of_kind("notification")
        assert is_signed(first)
        assert abs(age(first) - timedelta(minutes=minutes)) < timedelta(seconds=5)
        assert abs(age(second)) < timedelta(seconds=5)

    def test_repeated(self, simulator: Simulator, told: Callback) -> None:
        ids = self.tell(simulator, "repeated")
        assert [one.id for one in told.wait(2)] == ids * 2

    def test_lost(self, simulator: Simulator, told: Callback) -> None:
        self.tell(simulator, "lost")
        after = simulator.control.event("stream.online", "ada_streams")
        simulator.control.settled(after)
        assert [one.id for one in told.of_kind("notification")] == after

    def test_out_of_order(self, simulator: Simulator, told: Callback) -> None:
        simulator.control.fault("out_of_order")
        first = simulator.control.event("stream.online", "ada_streams")
        second = simulator.control.event("stream.online", "ada_streams")
        assert [one.id for one in told.wait(2)] == second + first


class TestSpoiltAnswers:
    """Good answers that suffer on their way, or are from another year."""

    def users(self, simulator: Simulator, token: str) -> httpx.Response:
        return simulator.helix("GET", "/users", token=token, params={"id": ADA})

    def test_odd_status(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("odd_status")
        assert self.users(simulator, token).status_code == 520

    def test_cut_off(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("cut_off")
        with pytest.raises(httpx.RemoteProtocolError):
            self.users(simulator, token)
        assert self.users(simulator, token).status_code == 200

    def test_half_body(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("half_body")
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            self.users(simulator, token).json()

    def test_unknown_fields(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("unknown_fields")
        answer = self.users(simulator, token).json()
        assert answer["of_tomorrow"] == {"a": [None, 1.5]}
        assert answer["data"][0]["login"] == "ada_streams"
        assert answer["data"][0]["z"] is True

    def test_null_names(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("null_names")
        (ada,) = self.users(simulator, token).json()["data"]
        assert (ada["login"], ada["display_name"]) == ("ada_streams", None)

    def test_nanoseconds(self, simulator: Simulator, token: str) -> None:
        simulator.control.fault("nanoseconds")
        (ada,) = self.users(simulator, token).json()["data"]
        assert ada["created_at"].endswith(".123456789Z")

    def test_repeated_page_and_unknown_status(
        self, simulator: Simulator, token: str, callback: Callback
    ) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        simulator.control.fault("unknown_status")
        assert status(simulator, made) == "of_tomorrow"
        assert status(simulator, made) == "enabled"
        simulator.control.fault("repeated_page")
        after = {"after": "eyJiIjowLCJhIjowfQ"}
        listed = simulator.helix("GET", "/eventsub/subscriptions", token=token, params=after)
        assert listed.json()["pagination"] == {"cursor": after["after"]}

    @pytest.mark.parametrize(
        ("fault", "answered"),
        [("oauth_error", "500"), ("oauth_limited", "429"), ("oauth_garbage", "Expecting value")],
    )
    def test_the_token_endpoint_too(self, simulator: Simulator, fault: str, answered: str) -> None:
        simulator.control.fault(fault)
        with pytest.raises((NotDone, ValueError), match=answered):
            simulator.app_token()
        assert simulator.app_token()
