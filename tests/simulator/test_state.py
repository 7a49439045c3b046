"""What the state file keeps when the simulator is stopped and started again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from simulator.store import Store
from simulator.testing import running
from tests.simulator.callbacks import Callback, status, subscribe

ADA = "700000001"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state file that two runs share."""
    return tmp_path / "deep" / "simulator.sqlite3"


def test_tokens_grants_and_subscriptions_outlive_a_restart(state: Path, callback: Callback) -> None:
    with running(state=state) as simulator:
        access = simulator.log_in("ada_streams", "user:read:email")["access_token"]
        made = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
    with running(state=state) as simulator:
        me = simulator.helix("GET", "/users", token=access).json()["data"][0]
        assert me["email"] == "ada@example.com"
        assert status(simulator, made) == "enabled"
        simulator.control.event("stream.online", "ada_streams")
        callback.wait(1)


def test_what_was_not_delivered_is_delivered_after_a_restart(
    state: Path, callback: Callback
) -> None:
    callback.answer_others = lambda _: (500, "text/plain", b"")
    with running(state=state, retry_delays=(0.3, 0.3)) as simulator:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        ids = simulator.control.event("stream.online", "ada_streams")
        callback.wait(1)
    callback.answer_others = lambda _: (204, "text/plain", b"")
    with running(state=state) as simulator:
        (settled,) = simulator.control.settled(ids)
    assert settled["state"] == "delivered"
    assert [one.id for one in callback.of_kind("notification")] == ids * 2


def test_what_has_grown_too_old_meanwhile_is_given_up(state: Path, callback: Callback) -> None:
    callback.answer_others = lambda _: (500, "text/plain", b"")
    with running(state=state, retry_delays=(60.0,)) as simulator:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        ids = simulator.control.event("stream.online", "ada_streams")
        callback.wait(1)
    with sqlite3.connect(state) as database:
        database.execute("UPDATE messages SET sent_ns = sent_ns - 660000000000")
    database.close()
    with running(state=state) as simulator:
        (settled,) = simulator.control.settled(ids)
        assert settled["state"] == "failed"
    assert len(callback.of_kind("notification")) == 1


def test_ids_are_never_given_twice(state: Path, callback: Callback) -> None:
    streams: list[str] = []
    messages: list[str] = []
    for _ in range(2):
        with running(state=state) as simulator:
            token = simulator.app_token()
            subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
            for _ in range(3):
                messages += simulator.control.event("stream.online", "ada_streams")
                found = simulator.helix("GET", "/streams", token=token, params={"user_id": ADA})
                streams.append(found.json()["data"][0]["id"])
            simulator.control.fault("drop_subscription")
    assert len(set(streams)) == 6
    assert streams == sorted(streams, key=int)
    assert len(set(messages)) == len(messages) == 6


def test_the_speed_is_kept_unless_another_one_is_given(state: Path) -> None:
    with running(state=state, speed=None) as simulator:
        assert simulator.control.world()["speed"] == 1
        simulator.control.world(speed=0.5)
    with running(state=state, speed=None) as simulator:
        assert simulator.control.world()["speed"] == 0.5
    with running(state=state, speed=3.0) as simulator:
        assert simulator.control.world()["speed"] == 3


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite3")

    def fail() -> None:
        with store.transaction():
            store.set_meta("a", 1)
            with store.transaction():
                store.set_meta("b", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.get_meta("a", "none") == store.get_meta("b", "none") == "none"
    store.close()


def test_subscriptions_of_an_older_state_file_are_found_by_whom_they_name(
    state: Path, callback: Callback
) -> None:
    with running(state=state) as simulator:
        made = subscribe(simulator, callback, "channel.raid", to_broadcaster_user_id=ADA)
    with sqlite3.connect(state) as database:
        database.execute("DROP TABLE named")
        database.execute("DROP TRIGGER subscription_made")
        database.execute("DROP TRIGGER subscription_gone")
        database.execute("DROP INDEX subscriptions_session")
        database.execute("DROP INDEX subscriptions_user")
        for column in ("session_id", "user_id", "connected_ns", "ended_ns"):
            database.execute(f"ALTER TABLE subscriptions DROP COLUMN {column}")
    with running(state=state) as simulator:
        token = simulator.app_token()

        def named() -> list[str]:
            path = "/eventsub/subscriptions"
            answer = simulator.helix("GET", path, token=token, params={"user_id": ADA})
            return [one["id"] for one in answer.json()["data"]]

        assert named() == [made]
        other = subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        assert named() == [made, other]
        query = {"id": made}
        simulator.helix("DELETE", "/eventsub/subscriptions", token=token, params=query)
        assert named() == [other]
