"""Which of Twitch's messages lie encrypted, and are blanked soon."""

from __future__ import annotations

import pytest

from livestream.event_types import TYPES
from streamwatch.twitch.eventsub import is_private

RECORDED = {"stream.online", "stream.offline", "channel.update", "channel.raid", "channel.follow"}
OF_CONSENTS = {"user.authorization.grant", "user.authorization.revoke"}


def test_what_is_recorded_and_shown_anyway_is_open() -> None:
    assert {one for one in TYPES if not is_private(one)} == RECORDED
    assert not any(is_private(one) for one in OF_CONSENTS)


@pytest.mark.parametrize(
    "kind",
    ["user.whisper.message", "user.update", "automod.message.hold", "channel.ban", "of.tomorrow"],
)
def test_all_else_is_private(kind: str) -> None:
    assert is_private(kind)
