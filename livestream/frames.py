"""PubSub's frames: reading what a client sends, and writing what it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from livestream.topics import BAD_MESSAGE, BAD_TOPIC, Refusal

LARGEST: Final = 16 * 1024
MOST_TOPICS: Final = 50
PONG: Final = '{"type":"PONG"}'
RECONNECT: Final = '{"type":"RECONNECT"}'


class BadFrame(Exception):
    """Nothing that a client of PubSub sends: not JSON, no object, or one of those below."""


class TooLarge(BadFrame):
    """More than 16 KiB."""


class TooMany(BadFrame):
    """One more than anybody needs."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a client sent; `problem` is PubSub's word where it makes no sense."""

    type: str
    nonce: str = ""
    topics: tuple[str, ...] = ()
    auth_token: str = ""
    problem: Refusal | None = None


def read(text: str) -> Frame:
    """The frame in `text`.

    Raises:
        BadFrame: it is none at all.
    """
    if len(text) > LARGEST or len(text.encode(errors="replace")) > LARGEST:
        raise TooLarge("too large")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame("not JSON") from error
    if not isinstance(found, dict):
        raise BadFrame("no object")
    nonce = found.get("nonce", "")
    match found:
        case {"type": "PING"}:
            return Frame("PING")
        case {"type": "LISTEN" | "UNLISTEN" as kind} if isinstance(nonce, str):
            return _about_topics(kind, nonce, found.get("data"))
    problem = Refusal(BAD_MESSAGE, "StreamWatch understands PING, LISTEN and UNLISTEN.")
    return Frame("", nonce if isinstance(nonce, str) else "", problem=problem)


def _about_topics(kind: str, nonce: str, data: Any) -> Frame:
    topics = data.get("topics") if isinstance(data, dict) else None
    if not isinstance(topics, list) or not topics or not all(map(_is_text, topics)):
        problem = Refusal(BAD_MESSAGE, "data.topics has to be a list of topics.")
        return Frame(kind, nonce, problem=problem)
    if len(topics) > MOST_TOPICS:
        problem = Refusal(BAD_TOPIC, f"A connection listens on {MOST_TOPICS} topics at most.")
        return Frame(kind, nonce, problem=problem)
    token = data.get("auth_token") or ""
    if not _is_text(token):
        problem = Refusal(BAD_MESSAGE, "data.auth_token has to be a text.")
        return Frame(kind, nonce, problem=problem)
    return Frame(kind, nonce, tuple(dict.fromkeys(topics)), token)


def response(nonce: str, error: str = "", *, sentence: str = "") -> str:
    """The answer to LISTEN or UNLISTEN; only our own page is told a `sentence` besides."""
    answer = {"type": "RESPONSE", "nonce": nonce, "error": error}
    return _text({**answer, "sentence": sentence} if sentence else answer)


def message(topic: str, payload: object) -> str:
    """The payload is JSON in JSON, as it always was."""
    return _text({"type": "MESSAGE", "data": {"topic": topic, "message": _text(payload)}})


def auth_revoked(topics: list[str]) -> str:
    """Nothing more comes of these; the connection stays."""
    return _text({"type": "AUTH_REVOKED", "data": {"topics": topics}})


def _text(what: object) -> str:
    return json.dumps(what, separators=(",", ":"))


def _is_text(what: object) -> bool:
    return isinstance(what, str)
