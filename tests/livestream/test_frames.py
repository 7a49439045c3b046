"""PubSub's frames: what a client may send, and what it is told when it sends something else."""

from __future__ import annotations

import json

import pytest

from livestream.frames import LARGEST, BadFrame, auth_revoked, message, read, response


def listen(**changes: object) -> str:
    data = {"topics": ["whispers.1"], "auth_token": "abc"}
    return json.dumps({"type": "LISTEN", "nonce": "n1", "data": data, **changes})


def test_reads_what_old_programs_send() -> None:
    assert read('{"type": "PING"}').type == "PING"
    frame = read(listen())
    assert (frame.type, frame.nonce, frame.topics) == ("LISTEN", "n1", ("whispers.1",))
    assert frame.auth_token == "abc"
    assert frame.problem is None
    assert read('{"type":"UNLISTEN","data":{"topics":["a","a","b"]}}').topics == ("a", "b")


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "1", "null", '"PING"', "{", "[" * 5000, "\ud800", "NaN", " " * (LARGEST + 1)],
)
def test_what_is_no_frame_at_all_ends_the_connection(text: str) -> None:
    with pytest.raises(BadFrame):
        read(text)


def test_letters_of_several_bytes_count_as_several() -> None:
    with pytest.raises(BadFrame, match="too large"):
        read(json.dumps({"type": "PING", "x": "ü" * (LARGEST // 2)}, ensure_ascii=False))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{}", "ERR_BADMESSAGE"),
        ('{"type": 1}', "ERR_BADMESSAGE"),
        ('{"type": "listen"}', "ERR_BADMESSAGE"),
        ('{"type": "LISTEN"}', "ERR_BADMESSAGE"),
        (listen(nonce=1), "ERR_BADMESSAGE"),
        (listen(data=[]), "ERR_BADMESSAGE"),
        (listen(data={"topics": []}), "ERR_BADMESSAGE"),
        (listen(data={"topics": "whispers.1"}), "ERR_BADMESSAGE"),
        (listen(data={"topics": [None]}), "ERR_BADMESSAGE"),
        (listen(data={"topics": ["a"], "auth_token": 5}), "ERR_BADMESSAGE"),
        (listen(data={"topics": [f"a.{n}" for n in range(51)]}), "ERR_BADTOPIC"),
    ],
)
def test_what_makes_no_sense_is_answered(text: str, word: str) -> None:
    problem = read(text).problem
    assert problem is not None
    assert problem.word == word


def test_a_payload_is_json_in_json() -> None:
    sent = json.loads(message("whispers.1", {"type": "x"}))
    assert sent["type"] == "MESSAGE"
    assert sent["data"]["topic"] == "whispers.1"
    assert json.loads(sent["data"]["message"]) == {"type": "x"}


def test_an_old_program_reads_no_field_it_does_not_know() -> None:
    assert json.loads(response("n")) == {"type": "RESPONSE", "nonce": "n", "error": ""}
    told = json.loads(response("n", "ERR_BADAUTH", sentence="Log in."))
    assert told["sentence"] == "Log in."
    assert json.loads(auth_revoked(["a"])) == {"type": "AUTH_REVOKED", "data": {"topics": ["a"]}}
