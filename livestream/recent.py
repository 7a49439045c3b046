"""What is shown under the player: the last recordings, clips, and the next scheduled streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from livestream import asking
from streamwatch.twitch.broadcasts import Clip, Schedule, Video
from streamwatch.twitch.helix import Helix

SHOWN = 4
CLIP_DAYS = 30


@dataclass(frozen=True, slots=True)
class Part:
    """One of the three: the word in its address, its heading, and how Twitch is asked."""

    word: str
    heading: str
    ask: Callable[[str, Helix], Any]


def videos(twitch_id: str, twitch: Helix) -> Sequence[Video]:
    """The last recordings that have an address (1 call)."""
    return [one for one in twitch.videos(twitch_id, limit=SHOWN) if one.url]


def clips(twitch_id: str, twitch: Helix) -> Sequence[Clip]:
    """The most watched clips of the last 30 days (1 call)."""
    now = timezone.now()
    began_at = now - timedelta(days=CLIP_DAYS)
    found = twitch.clips(twitch_id, began_at=began_at, ended_at=now, limit=SHOWN)
    return [one for one in found if one.url]


def schedule(twitch_id: str, twitch: Helix) -> Schedule:
    """The next streams that are announced and not called off (1 call)."""
    found = twitch.schedule(twitch_id, limit=2 * SHOWN)
    coming = [one for one in found.streams if not one.is_canceled and not _is_over(one.ends_at)]
    return Schedule(tuple(coming[:SHOWN]), found.vacation_ends_at)


def _is_over(ends_at: Any) -> bool:
    return ends_at is not None and ends_at < timezone.now()


PARTS = {
    one.word: one
    for one in (
        Part("videos", "Last recordings", videos),
        Part("clips", "Clips of the last 30 days", clips),
        Part("schedule", "Next streams", schedule),
    )
}


def recent(part: Part, twitch_id: str, twitch: Helix) -> Any:
    """What `part` shows of the channel; asked anew after 5 min, by one for all viewers.

    Raises:
        NoAnswer: Twitch has not answered, and nothing is known from before.
    """
    kind = asking.Kind(part.word, fresh_seconds=300, kept_seconds=3600)
    return asking.ask_one(kind, twitch_id, lambda: part.ask(twitch_id, twitch))
