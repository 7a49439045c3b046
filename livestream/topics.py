"""What a viewer types, as a topic: whose it is, what it needs, or why it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from livestream.catalogue import KINDS, VIEWER, Kind
from livestream.event_types import (
    FOR_THE_APPLICATION,
    IN_OWN_CHAT,
    TYPES,
    EventSubType,
    Names,
    is_chat,
)

BAD_MESSAGE: Final = "ERR_BADMESSAGE"
BAD_AUTH: Final = "ERR_BADAUTH"
SERVER: Final = "ERR_SERVER"
BAD_TOPIC: Final = "ERR_BADTOPIC"

LONGEST: Final = 200
# The old name that takes a login even where it is all digits.
BY_LOGIN: Final = "video-playback"
ID: Final = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
LOGIN: Final = re.compile(r"[a-z0-9_]{1,25}", re.ASCII)
_KINDS: Final[Mapping[str, Kind]] = {kind.word: kind for kind in KINDS}
_LIVING: Final = [kind.word for kind in KINDS if not kind.is_dead]

Resolve = Callable[[str], str | None]


class Refusal(Exception):
    """PubSub's error word, and a sentence for people."""

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(f"{word}: {sentence}")
        self.word = word
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Topic:
    """A living kind of topic, and the Twitch ids in it."""

    kind: Kind
    ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """As it is written, with ids."""
        return ".".join((self.kind.word, *self.ids))

    @property
    def channel_id(self) -> str:
        """The channel, or account, that it is about."""
        return self.ids[-1]


@dataclass(frozen=True, slots=True)
class Need:
    """What Twitch has to promise. Any one of `scopes` will do, none is needed when it is empty.

    One of them may be several words, all of which are needed.
    """

    type: str
    version: str
    condition: Mapping[str, str]
    scopes: tuple[str, ...]


def parse(text: str, *, resolve: Resolve) -> Topic:
    """The topic that `text` names; a login in the place of an id is given to `resolve`.

    Raises:
        Refusal: the topic is unknown or dead, lacks an id, or Twitch knows no such login.
    """
    wanted = text.strip().lower()
    if not wanted or len(wanted) > LONGEST:
        raise Refusal(BAD_TOPIC, f"A topic looks like {_example('whispers')}.")
    kind = _kind(wanted)
    if kind.is_dead:
        raise Refusal(BAD_TOPIC, _why_dead(kind))
    parts = wanted[len(kind.word) + 1 :].split(".") if wanted != kind.word else []
    # Who moderates was left out by some old programs.
    if len(parts) != len(kind.whose) and len(parts) != 1:
        raise Refusal(BAD_TOPIC, f"This topic is written {kind.pattern}, each an id or a login.")
    return Topic(kind, tuple(_id(kind, part, resolve) for part in parts))


def needs(topic: Topic, *, viewer_id: str) -> tuple[Need, ...]:
    """What Twitch has to promise, in the name of the viewer with that Twitch id.

    Raises:
        Refusal: the topic is somebody else's.
    """
    channel_id = _channel(topic, viewer_id)
    return tuple(
        Need(one.name, one.version, condition, _alternatives(one))
        for one in map(TYPES.__getitem__, topic.kind.types)
        for condition in _conditions(one, topic.kind, channel_id, viewer_id)
    )


def missing(
    topic: Topic, *, viewer_id: str, scopes: Collection[str], over_webhook: bool = False
) -> tuple[str, ...]:
    """The narrowest scopes that the viewer still has to allow.

    Over a webhook it is the application that listens: for chat it needs a scope more.

    Raises:
        Refusal: the topic is somebody else's.
    """
    is_own = _channel(topic, viewer_id) == viewer_id
    return missing_for(topic.kind, scopes=scopes, over_webhook=over_webhook, is_own=is_own)


def missing_for(
    kind: Kind, *, scopes: Collection[str], over_webhook: bool = False, is_own: bool = False
) -> tuple[str, ...]:
    """As `missing`, for a channel that is not known yet: only whether it `is_own`."""
    wanted: dict[str, None] = {}
    for name in kind.types:
        groups = [*TYPES[name].groups]
        if over_webhook and is_chat(name):
            groups.append((FOR_THE_APPLICATION,))
            groups += [(IN_OWN_CHAT,)] if is_own else []
        wanted |= {group[0]: None for group in groups if not set(group) & set(scopes)}
    return tuple(wanted)


def _kind(wanted: str) -> Kind:
    """The longest word that the text begins with: a login may look like a part of another."""
    parts = wanted.split(".")
    for length in range(len(parts), 0, -1):
        if kind := _KINDS.get(".".join(parts[:length])):
            return kind
    close = get_close_matches(_word(parts), _LIVING, n=1, cutoff=0.0)
    raise Refusal(BAD_TOPIC, f"There is no such topic. The nearest is {_example(close[0])}.")


def _word(parts: list[str]) -> str:
    """What was probably meant to be the word: all before the first id."""
    words = [part for part in parts if not ID.fullmatch(part)]
    return ".".join(words[:-1] if len(words) == len(parts) > 1 else words)


def _example(word: str) -> str:
    return _KINDS[word].pattern


def _why_dead(kind: Kind) -> str:
    if kind.spelling == "eventsub":
        return (
            f"Twitch tells {kind.word} to applications alone, about everybody at once."
            f" The nearest topic is {_example(kind.nearest)}."
        )
    return (
        f"Twitch does not tell {kind.word} to anybody any more."
        f" The nearest topic is {_example(kind.nearest)}."
    )


def _id(kind: Kind, part: str, resolve: Resolve) -> str:
    if ID.fullmatch(part) and kind.word != BY_LOGIN:
        return part
    if not LOGIN.fullmatch(part):
        sentence = f"This topic is written {kind.pattern}, each an id or a login at Twitch."
        raise Refusal(BAD_TOPIC, sentence)
    twitch_id = resolve(part)
    if not twitch_id:
        raise Refusal(BAD_TOPIC, f"Twitch knows nobody with the login {part}.")
    return twitch_id


def _channel(topic: Topic, viewer_id: str) -> str:
    """The channel it is about, if the viewer may ask.

    `low-trust-users` was written both ways round: with who moderates first or last.
    """
    ids, whose = topic.ids, topic.kind.whose
    if topic.kind.word == "low-trust-users" and ids[0] != viewer_id and len(ids) == len(whose):
        return ids[0]
    # The only id of two is the channel's.
    for twitch_id, who in zip(ids, whose[-len(ids) :], strict=True):
        if who == VIEWER and twitch_id != viewer_id:
            mine = ".".join(
                (topic.kind.word, *(viewer_id if one == VIEWER else f"<{one}>" for one in whose))
            )
            raise Refusal(BAD_AUTH, f"That is somebody else's. Yours is {mine}.")
    return topic.channel_id


def _conditions(
    one: EventSubType, kind: Kind, channel_id: str, viewer_id: str
) -> Iterator[dict[str, str]]:
    channel = {"broadcaster_user_id": channel_id}
    match one.names:
        case Names.OWN_ACCOUNT:
            yield {"user_id": channel_id}
        case Names.MODERATED:
            yield {**channel, "moderator_user_id": viewer_id}
        case Names.CHAT:
            yield {**channel, "user_id": viewer_id}
        case Names.RAID:
            yield {"from_broadcaster_user_id": channel_id}
            if kind.spelling == "eventsub":
                yield {"to_broadcaster_user_id": channel_id}
        case _:
            yield channel


def _alternatives(one: EventSubType) -> tuple[str, ...]:
    """As Need has them."""
    if len(one.groups) > 1:
        return (" ".join(one.scopes),)
    return one.groups[0] if one.groups else ()
