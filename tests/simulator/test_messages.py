"""Messages to the callback: TWITCH.md section 3."""

from __future__ import annotations

import re

import pytest

from simulator.testing import Simulator, running, wait_for
from tests.simulator.callbacks import Answer, Callback, Received, listening, status, subscribe

ADA, BOB = "700000001", "700000002"
HEADERS = {
    "twitch-eventsub-message-id",
    "twitch-eventsub-message-retry",
    "twitch-eventsub-message-type",
    "twitch-eventsub-message-signature",
    "twitch-eventsub-message-timestamp",
    "twitch-eventsub-subscription-type",
    "twitch-eventsub-subscription-version",
}


def answer(status_code: int, content_type: str = "text/plain", body: bytes = b"") -> Answer:
    """An answer of the callback."""
    return status_code, content_type, body


class TestChallenge:
    def test_asks_with_the_pending_subscription(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        (challenge,) = callback.received
        assert set(challenge.headers) >= HEADERS
        assert challenge.headers["content-type"] == "application/json"
        assert challenge.headers["twitch-eventsub-message-type"] == "webhook_callback_verification"
        assert set(challenge.body) == {"challenge", "subscription"}
        subscription = challenge.body["subscription"]
        assert subscription["id"] == made
        assert subscription["status"] == "webhook_callback_verification_pending"
        assert status(simulator, made) == "enabled"

    @pytest.mark.parametrize(
        ("status_code", "content_type", "after"),
        [
            (204, "text/plain", None),
            (200, "text/plain", "something else"),
            (200, "text/plain", "\n"),
            (200, "application/json", ""),
            (403, "text/plain", ""),
            (302, "text/plain", ""),
        ],
        ids=["empty", "longer", "with a newline", "as JSON", "refused", "redirected"],
    )
    def test_a_wrong_answer_fails_the_verification(
        self,
        simulator: Simulator,
        callback: Callback,
        status_code: int,
        content_type: str,
        after: str | None,
    ) -> None:
        def answer_wrongly(received: Received) -> Answer:
            body = "" if after is None else received.body["challenge"] + after
            return answer(status_code, content_type, body.encode())

        callback.answer_challenge = answer_wrongly
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        assert status(simulator, made) == "webhook_callback_verification_failed"
        simulator.control.event("stream.online", "ada_streams")
        assert callback.of_kind("notification") == []

    def test_an_answer_that_does_not_come_in_time_fails_it(self) -> None:
        with running(answer_timeout=0.1) as simulator, listening() as callback:

            def wait_too_long(received: Received) -> Answer:
                wait_for(lambda: "failed" in status(simulator, made), "giving up")
                return answer(200, body=received.body["challenge"].encode())

            callback.answer_challenge = wait_too_long
            made = ""
            made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
            assert status(simulator, made) == "webhook_callback_verification_failed"

    def test_nothing_is_sent_while_it_is_pending(self, callback: Callback) -> None:
        with running(challenge_delay=60) as simulator:
            token = simulator.app_token()
            body = {
                "type": "stream.online",
                "version": "1",
                "condition": {"broadcaster_user_id": ADA},
                "transport": {"method": "webhook", "callback": callback.url, "secret": "x" * 10},
            }
            simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)
            assert simulator.control.event("stream.online", "ada_streams") == []


class TestNotification:
    def test_carries_the_seven_headers_and_the_envelope(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        ids = simulator.control.event("stream.online", "ada_streams")
        (told,) = callback.wait(1)
        assert {name for name in told.headers if name.startswith("twitch-")} == HEADERS
        assert ids == [told.id]
        assert told.headers["content-type"] == "application/json"
        assert told.headers["twitch-eventsub-message-retry"] == "0"
        assert told.headers["twitch-eventsub-subscription-type"] == "stream.online"
        assert told.headers["twitch-eventsub-subscription-version"] == "1"
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z",
            told.headers["twitch-eventsub-message-timestamp"],
        )
        assert set(told.body) == {"subscription", "event"}
        assert told.body["subscription"]["id"] == made
        assert told.body["subscription"]["status"] == "enabled"
        assert "secret" not in told.body["subscription"]["transport"]

    def test_goes_to_each_subscription_of_type_and_person_and_no_other(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        subscribe(simulator, callback, "stream.offline", broadcaster_user_id=ADA)
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=BOB)
        ids = simulator.control.event("stream.online", "ada_streams")
        assert len(ids) == 1
        simulator.control.settled(ids)
        assert [one.type for one in callback.of_kind("notification")] == ["stream.online"]

    def test_a_raid_reaches_both_sides(self, simulator: Simulator, callback: Callback) -> None:
        subscribe(simulator, callback, "channel.raid", from_broadcaster_user_id=ADA)
        subscribe(simulator, callback, "channel.raid", to_broadcaster_user_id=BOB)
        ids = simulator.control.event("channel.raid", "ada_streams", to="bob_watches", viewers=3)
        assert len(set(ids)) == 2
        first, second = callback.wait(2)
        assert first.body["event"] == second.body["event"]

    def test_after_deletion_nothing_comes(self, simulator: Simulator, callback: Callback) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        token = simulator.app_token()
        simulator.helix("DELETE", "/eventsub/subscriptions", token=token, params={"id": made})
        assert simulator.control.event("stream.online", "ada_streams") == []


class TestRetries:
    def test_the_same_message_comes_again_until_it_is_taken(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        answers = iter([answer(500), answer(404), answer(302), answer(204)])
        callback.answer_others = lambda _: next(answers)
        ids = simulator.control.event("stream.online", "ada_streams")
        (settled,) = simulator.control.settled(ids)
        tries = callback.of_kind("notification")
        assert [one.id for one in tries] == ids * 4
        assert len({one.raw for one in tries}) == 1
        retries = [one.headers["twitch-eventsub-message-retry"] for one in tries]
        assert retries == ["0", "1", "2", "3"]
        assert (settled["state"], settled["answer"]) == ("delivered", "204")

    def test_a_message_is_given_up_after_the_last_try(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        callback.answer_others = lambda _: answer(500)
        (settled,) = simulator.control.settled(
            simulator.control.event("stream.online", "ada_streams")
        )
        assert settled["state"] == "failed"
        assert len(callback.of_kind("notification")) == 6
        assert status(simulator, made) == "enabled"

    def test_others_do_not_wait_for_one_that_is_refused(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=BOB)
        refused = simulator.control.event("stream.online", "ada_streams")[0]
        callback.answer_others = lambda one: answer(500 if one.id == refused else 204)
        taken = simulator.control.event("stream.online", "bob_watches")
        (settled,) = simulator.control.settled(taken)
        assert settled["state"] == "delivered"


class TestRevocation:
    def test_many_messages_given_up_in_a_row_end_the_subscription(self, callback: Callback) -> None:
        with running(retry_delays=(), failures_allowed=3) as simulator:
            made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
            callback.answer_others = lambda one: answer(204 if one.kind == "revocation" else 500)
            for _ in range(3):
                assert status(simulator, made) == "enabled"
                simulator.control.settled(simulator.control.event("stream.online", "ada_streams"))
            (told,) = callback.wait(1, "revocation")
            assert status(simulator, made) == "notification_failures_exceeded"
            assert set(told.body) == {"subscription"}
            assert told.body["subscription"]["id"] == made
            assert told.body["subscription"]["status"] == "notification_failures_exceeded"
            assert simulator.control.event("stream.online", "ada_streams") == []

    def test_a_message_taken_in_between_starts_the_count_anew(self, callback: Callback) -> None:
        with running(retry_delays=(), failures_allowed=2) as simulator:
            made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
            for code in (500, 204, 500, 204):
                callback.answer_others = lambda _, code=code: answer(code)  # type: ignore[misc]
                simulator.control.settled(simulator.control.event("stream.online", "ada_streams"))
            assert status(simulator, made) == "enabled"

    def test_disconnecting_ends_what_rested_on_the_consent(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        simulator.log_in("ada_streams", "moderator:read:followers")
        resting = subscribe(
            simulator,
            callback,
            "channel.follow",
            broadcaster_user_id=ADA,
            moderator_user_id=ADA,
        )
        free = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        subscribe(simulator, callback, "user.authorization.revoke", client_id=simulator.client_id)
        simulator.control.event("user.authorization.revoke", "ada_streams")
        (ended,) = callback.wait(1, "revocation")
        assert ended.body["subscription"]["status"] == "authorization_revoked"
        assert status(simulator, resting) == "authorization_revoked"
        assert status(simulator, free) == "enabled"
        (told,) = callback.wait(1)
        assert told.body["event"] == {
            "client_id": simulator.client_id,
            "user_id": ADA,
            "user_login": "ada_streams",
            "user_name": "Ada_Streams",
        }

    def test_revoking_the_last_token_is_disconnecting(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        access = simulator.log_in("ada_streams", "moderator:read:followers")["access_token"]
        made = subscribe(
            simulator,
            callback,
            "channel.follow",
            broadcaster_user_id=ADA,
            moderator_user_id=ADA,
        )
        form = {"client_id": simulator.client_id, "token": access}
        simulator.http.post(f"{simulator.url}/oauth2/revoke", data=form)
        assert status(simulator, made) == "authorization_revoked"

    def test_a_ban_ends_every_subscription_that_names_the_person(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        online = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        other = subscribe(simulator, callback, "stream.online", broadcaster_user_id=BOB)
        simulator.control.event("user.removed", "ada_streams")
        (told,) = callback.wait(1, "revocation")
        assert told.body["subscription"]["status"] == "user_removed"
        assert status(simulator, online) == "user_removed"
        assert status(simulator, other) == "enabled"
        token = simulator.app_token()
        users = simulator.helix("GET", "/users", token=token, params={"login": "ada_streams"})
        assert users.json()["data"] == []
        simulator.control.event("user.restored", "ada_streams")
        users = simulator.helix("GET", "/users", token=token, params={"login": "ada_streams"})
        assert len(users.json()["data"]) == 1


def test_nothing_is_ever_sent_beyond_this_machine(simulator: Simulator, token: str) -> None:
    body = {
        "type": "stream.online",
        "version": "1",
        "condition": {"broadcaster_user_id": ADA},
        "transport": {"method": "webhook", "callback": "https://example.com/", "secret": "x" * 10},
    }
    answer = simulator.helix("POST", "/eventsub/subscriptions", token=token, json=body)
    made = answer.json()["data"][0]["id"]
    wait_for(lambda: "failed" in status(simulator, made), "the challenge's end")
    assert simulator.control.messages()[0]["answer"] == "not sent: not a loopback address"
