"""How much one viewer may listen on in one process."""

from __future__ import annotations

from unittest.mock import Mock

import pytest
from django.utils import timezone

from livestream.listening import Listening, Right
from livestream.shares import MOST_CONNECTIONS, MOST_COSTLY, Shares
from livestream.topics import Refusal, needs, parse


def listening_on(text: str, viewer: int = 1) -> Listening:
    topic = parse(text, resolve=lambda _login: None)
    user = Mock(pk=viewer, twitch_id="5")
    return Listening(text, topic, needs(topic, viewer_id="5"), Right(user), timezone.now())


def refused(shares: Shares, new: Listening, connection: int) -> str:
    with pytest.raises(Refusal) as caught:
        shares.take([new], connection=connection)
    return caught.value.word


def test_ten_connections_of_a_viewer_and_no_more_until_one_ends() -> None:
    shares = Shares()
    held = [listening_on("whispers.5") for _ in range(MOST_CONNECTIONS)]
    for number, one in enumerate(held):
        shares.take([one], connection=number)
    new = listening_on("whispers.5")
    assert refused(shares, new, 99) == "ERR_SERVER"
    # Another's, and more over one that is there.
    shares.take([listening_on("whispers.5", viewer=2)], connection=99)
    shares.take([listening_on("channel.cheer.5")], connection=0)
    shares.give_back([held[3]], connection=3)
    shares.take([new], connection=99)


def test_costly_topics_are_counted_over_all_connections_each_once() -> None:
    shares = Shares()
    topics = [listening_on(f"stream.online.{number}") for number in range(MOST_COSTLY)]
    for number, one in enumerate(topics):
        shares.take([one], connection=number % 2)
    shares.take([listening_on("stream.online.0")], connection=1)
    more = listening_on("stream.online.4711")
    assert refused(shares, more, 1) == "ERR_BADTOPIC"
    shares.take([listening_on("whispers.5")], connection=1)
    shares.give_back(topics[1:2], connection=1)
    shares.take([more], connection=1)


def test_whoever_has_gone_leaves_nothing_behind() -> None:
    shares = Shares()
    held = [listening_on("whispers.5", viewer=viewer) for viewer in (1, 1, 2)]
    for one in held:
        shares.take([one], connection=7)
    shares.give_back(held, connection=7)
    shares.give_back(held, connection=7)
    assert not shares._held
