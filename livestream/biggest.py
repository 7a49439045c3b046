"""The biggest streams on Twitch, for viewers of whose streamers nobody is live."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from livestream import asking
from livestream.channels import Channel
from livestream.facts import Facts
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import LiveStream
from subscriptions.forms import is_login

SHOWN = 12
BIGGEST = asking.Kind("biggest", fresh_seconds=60, kept_seconds=600)
EVERYBODY = "all"


def biggest(twitch: Helix) -> Sequence[Facts]:
    """The 12 streams with the most viewers, asked anew after a minute (2 calls, 5 s a phase each).

    Raises:
        NoAnswer: Twitch has not answered, and nothing is known from before.
    """
    found: Sequence[Facts] = asking.ask_one(BIGGEST, EVERYBODY, partial(_biggest, twitch))
    return found


def known_biggest() -> Sequence[Facts] | None:
    """The same as far as it is known; None when Twitch would have to be asked."""
    kept = asking.known(BIGGEST, [EVERYBODY]).get(EVERYBODY)
    return kept.value if kept else None


def _biggest(twitch: Helix) -> Sequence[Facts]:
    # Some have no address here, or come twice while they are counted.
    streams = {one.login: one for one in twitch.biggest_streams(limit=2 * SHOWN)}
    largest = sorted(streams.values(), key=lambda one: -one.viewer_count)
    usable = [one for one in largest if is_login(one.login) and one.twitch_id][:SHOWN]
    pictures = _pictures([one.twitch_id for one in usable], twitch)
    return [_facts(one, pictures.get(one.twitch_id, "")) for one in usable]


def _pictures(twitch_ids: Sequence[str], twitch: Helix) -> dict[str, str]:
    try:
        return {one.twitch_id: one.picture_url for one in twitch.profiles(twitch_ids=twitch_ids)}
    except TwitchError:
        # A letter stands in for a picture.
        return {}


def _facts(stream: LiveStream, picture_url: str) -> Facts:
    return Facts(
        Channel(stream.login, stream.twitch_id, stream.display_name, picture_url),
        is_live=True,
        title=stream.title,
        category_name=stream.category_name,
        viewers=max(0, stream.viewer_count),
        started_at=stream.started_at,
    )
