"""The control API: DESIGN.md section 6."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from simulator.testing import Simulator
from tests.simulator.callbacks import Callback, subscribe

ADA, BOB, DAN = "700000001", "700000002", "700000004"


def post(simulator: Simulator, what: str, order: Any, **options: Any) -> httpx.Response:
    """Send an order."""
    content = json.dumps(order)
    return simulator.http.post(f"{simulator.url}/control/{what}", content=content, **options)


class TestEvents:
    @pytest.mark.parametrize(
        ("kind", "condition", "order", "wanted"),
        [
            (
                "channel.update",
                {"broadcaster_user_id": DAN},
                {"title": "New <b>title</b> 🎉", "category": "Chess"},
                {
                    "title": "New <b>title</b> 🎉",
                    "category_id": "743",
                    "category_name": "Chess",
                    "language": "en",
                    "content_classification_labels": [],
                },
            ),
            (
                "channel.raid",
                {"from_broadcaster_user_id": DAN},
                {"to": "bob_watches", "viewers": 9001},
                {"to_broadcaster_user_login": "bob_watches", "viewers": 9001},
            ),
            (
                "user.update",
                {"user_id": DAN},
                {"login": "dan_anew", "name": "Dan Anew ✨"},
                {"user_id": DAN, "user_login": "dan_anew", "user_name": "Dan Anew ✨"},
            ),
        ],
    )
    def test_answers_202_with_the_ids_of_what_is_sent(
        self,
        simulator: Simulator,
        callback: Callback,
        kind: str,
        condition: dict[str, str],
        order: dict[str, Any],
        wanted: dict[str, Any],
    ) -> None:
        subscribe(simulator, callback, kind, **condition)
        answer = post(simulator, "events", {"type": kind, "broadcaster": "dan_plays", **order})
        assert answer.status_code == 202
        assert set(answer.json()) == {"message_ids"}
        (told,) = callback.wait(1)
        assert answer.json()["message_ids"] == [told.id]
        event = told.body["event"]
        assert {name: event[name] for name in wanted} == wanted

    def test_follow_and_whisper_go_to_those_who_consented(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        simulator.log_in("bob_watches", "moderator:read:followers", "user:read:whispers")
        both = {"broadcaster_user_id": BOB, "moderator_user_id": BOB}
        subscribe(simulator, callback, "channel.follow", **both)
        subscribe(simulator, callback, "user.whisper.message", user_id=BOB)
        simulator.control.event("channel.follow", "bob_watches", user="dan_plays")
        simulator.control.event("user.whisper.message", "dan_plays", to="bob_watches", text="psst")
        events = {one.type: one.body["event"] for one in callback.wait(2)}
        assert events["channel.follow"]["user_login"] == "dan_plays"
        assert events["channel.follow"]["broadcaster_user_login"] == "bob_watches"
        assert events["user.whisper.message"]["to_user_login"] == "bob_watches"
        assert events["user.whisper.message"]["whisper"] == {"text": "psst"}

    def test_going_live_shows_in_helix_and_going_offline_ends_it(
        self, simulator: Simulator, token: str
    ) -> None:
        def streams() -> list[dict[str, Any]]:
            found = simulator.helix("GET", "/streams", token=token, params={"user_id": ADA})
            return list(found.json()["data"])

        assert streams() == []
        simulator.control.event("stream.online", "ada_streams")
        (first,) = streams()
        simulator.control.event("stream.online", "ada_streams")
        (second,) = streams()
        assert second["id"] != first["id"]
        simulator.control.event("stream.offline", "ada_streams")
        assert streams() == []

    def test_offline_names_the_stream_that_ended(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=ADA)
        subscribe(simulator, callback, "stream.offline", broadcaster_user_id=ADA)
        # Somebody off the air goes on it first, so that the message is true.
        assert len(simulator.control.event("stream.offline", "ada_streams")) == 2
        events = {one.type: one.body["event"] for one in callback.wait(2)}
        assert events["stream.online"]["id"] == events["stream.offline"]["id"]

    def test_login_and_name_can_be_changed_back(self, simulator: Simulator) -> None:
        simulator.control.event("user.update", "dan_plays", login="dan_elsewhere")
        simulator.control.event("user.update", "dan_elsewhere", login="dan_plays")
        assert [one["login"] for one in simulator.control.people("dan_plays")] == ["dan_plays"]

    @pytest.mark.parametrize(
        ("order", "field"),
        [
            ([], "body"),
            ({}, "type"),
            ({"type": "stream.nothing", "broadcaster": "ada_streams"}, "type"),
            ({"type": ["stream.online"], "broadcaster": "ada_streams"}, "type"),
            ({"type": "stream.online"}, "broadcaster"),
            ({"type": "stream.online", "broadcaster": "nobody_at_all"}, "broadcaster"),
            ({"type": "stream.online", "broadcaster": 7}, "broadcaster"),
            ({"type": "stream.online", "broadcaster": "ada_streams", "titel": "x"}, "titel"),
            ({"type": "channel.update", "broadcaster": "ada_streams", "title": "x" * 141}, "title"),
            ({"type": "channel.update", "broadcaster": "ada_streams", "title": "\ud800"}, "title"),
            (
                {"type": "channel.update", "broadcaster": "ada_streams", "category": "Chesss"},
                "category",
            ),
            ({"type": "stream.online", "broadcaster": "ada_streams", "\ud800": "x"}, "\\ud800"),
            ({"type": "channel.raid", "broadcaster": "ada_streams"}, "to"),
            ({"type": "channel.raid", "broadcaster": "ada_streams", "to": "ada_streams"}, "to"),
            *(
                (
                    {
                        "type": "channel.raid",
                        "broadcaster": "ada_streams",
                        "to": "bob_watches",
                        "viewers": viewers,
                    },
                    "viewers",
                )
                for viewers in (-1, 1.5, "many", True, None, 10**12)
            ),
            ({"type": "channel.follow", "broadcaster": "ada_streams"}, "user"),
            (
                {"type": "user.update", "broadcaster": "ada_streams", "login": "bob_watches"},
                "login",
            ),
            (
                {"type": "user.update", "broadcaster": "ada_streams", "login": "Not A Login"},
                "login",
            ),
            ({"type": "user.update", "broadcaster": "ada_streams", "name": ""}, "name"),
            ({"type": "user.whisper.message", "broadcaster": "ada_streams", "text": "x"}, "to"),
        ],
    )
    def test_bad_input_is_a_400_that_names_the_field(
        self, shared: Simulator, order: Any, field: str
    ) -> None:
        before = shared.inside(lambda twitch: len(twitch.world.log_newest(1000)))
        answer = post(shared, "events", order)
        assert answer.status_code == 400
        assert answer.json()["field"] == field
        assert answer.json()["message"].startswith(f"{field}: ")
        assert shared.inside(lambda twitch: len(twitch.world.log_newest(1000))) == before

    def test_what_is_no_json_is_a_400(self, shared: Simulator) -> None:
        answer = shared.http.post(f"{shared.url}/control/events", content=b"{")
        assert answer.status_code == 400

    @pytest.mark.parametrize("what", ["events", "world", "faults"])
    def test_another_sites_page_may_not_order(self, shared: Simulator, what: str) -> None:
        headers = {"Origin": "https://evil.example"}
        answer = post(shared, what, {"fault": "helix_down"}, headers=headers)
        assert answer.status_code == 403


class TestWorld:
    def test_speed_and_seed_are_set_and_told(self, simulator: Simulator) -> None:
        assert post(simulator, "world", {"speed": 20, "seed": 7}).status_code == 200
        world = simulator.http.get(f"{simulator.url}/control/world").json()
        assert (world["speed"], world["seed"]) == (20, 7)
        assert simulator.control.world(speed=0)["seed"] == 7

    @pytest.mark.parametrize(
        ("order", "field"),
        [
            ({"speed": "fast"}, "speed"),
            ({"speed": -1}, "speed"),
            ({"speed": 1001}, "speed"),
            ({"speed": True}, "speed"),
            ({"seed": 1.5}, "seed"),
            ({"sped": 1}, "sped"),
            ({"seed": 3, "speed": "fast"}, "speed"),
        ],
    )
    def test_bad_input_changes_nothing(
        self, shared: Simulator, order: dict[str, Any], field: str
    ) -> None:
        answer = post(shared, "world", order)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert shared.control.world()["seed"] == 1


class TestFaults:
    @pytest.mark.parametrize(
        ("order", "field"),
        [
            ({}, "fault"),
            ({"fault": "helix_down", "count": -1}, "count"),
            ({"fault": "helix_down", "count": "often"}, "count"),
            ({"fault": "helix_down", "path": 3}, "path"),
            ({"fault": "helix_down", "cuont": 3}, "cuont"),
        ],
    )
    def test_bad_input_orders_nothing(
        self, shared: Simulator, order: dict[str, Any], field: str
    ) -> None:
        answer = post(shared, "faults", order)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert shared.http.get(f"{shared.url}/control/faults").json()["waiting"] == []

    def test_the_answer_tells_what_is_still_to_come(self, simulator: Simulator) -> None:
        answer = post(simulator, "faults", {"fault": "bad_signature", "count": 3})
        assert answer.status_code == 200
        assert answer.json()["waiting"] == [{"fault": "bad_signature", "count": 3, "path": ""}]
        assert "bad_signature" in answer.json()["known"]


def test_health_says_ok(shared: Simulator) -> None:
    assert shared.http.get(f"{shared.url}/health").status_code == 200


def test_it_answers_as_localhost_and_as_127_0_0_1(shared: Simulator) -> None:
    address = shared.url.replace("localhost", "127.0.0.1")
    assert shared.http.get(f"{address}/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("/pictures/700000001.svg", 200),
        ("/pictures/live-700000001-320x180.svg", 200),
        ("/pictures/game-743-52x72.svg", 200),
        ("/pictures/1.svg", 404),
        ("/pictures/game-1-52x72.svg", 404),
    ],
)
def test_pictures_are_svgs(shared: Simulator, path: str, status_code: int) -> None:
    answer = shared.http.get(shared.url + path)
    assert answer.status_code == status_code
    if status_code == 200:
        assert answer.headers["content-type"] == "image/svg+xml"


class TestRecords:
    def test_the_log_tells_what_happened_and_what_became_of_the_messages(
        self, simulator: Simulator, callback: Callback
    ) -> None:
        subscribe(simulator, callback, "stream.online", broadcaster_user_id=DAN)
        told = simulator.control.event("stream.online", "dan_plays")
        simulator.control.settled(told)
        simulator.control.event("channel.raid", "dan_plays", to="ada_streams", viewers=7)
        online, raid = self.read(simulator, "log")
        assert online["messages"] == dict.fromkeys(told, "delivered")
        assert online["payload"]["broadcaster_user_id"] == DAN
        assert (raid["type"], raid["messages"]) == ("channel.raid", {})
        assert raid["at"] > online["at"]
        assert self.read(simulator, "log", after=online["id"]) == [raid]

    def test_the_visitors_book_tells_which_calls_were_answered(
        self, simulator: Simulator, token: str
    ) -> None:
        before = len(self.read(simulator, "visits"))
        for fault in ("none", "helix_down", "unknown_fields"):
            simulator.control.fault(fault)
            simulator.helix("GET", "/games", token=token, params={"id": "743"})
        found = [
            (one["method"], one["path"], one["status"], one["fault"])
            for one in self.read(simulator, "visits")[before:]
        ]
        assert found == [
            ("GET", "/helix/games", 200, ""),
            ("GET", "/helix/games", 503, "helix_down"),
            ("GET", "/helix/games", 200, "unknown_fields"),
        ]

    @pytest.mark.parametrize("what", ["log", "visits"])
    def test_where_to_go_on_must_be_a_number(self, simulator: Simulator, what: str) -> None:
        answer = simulator.http.get(f"{simulator.url}/control/{what}", params={"after": "x"})
        assert (answer.status_code, answer.json()["field"]) == (400, "after")

    def read(self, simulator: Simulator, what: str, **query: int) -> list[dict[str, Any]]:
        answer = simulator.http.get(f"{simulator.url}/control/{what}", params=query)
        found: list[dict[str, Any]] = answer.json()[what]
        return found
