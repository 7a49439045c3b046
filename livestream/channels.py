"""Which channels the logins in an address mean: from the database, else from Twitch."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import Exists, OuterRef

from livestream import asking
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Profile
from subscriptions.models import Streamer, Subscription

logger = logging.getLogger(__name__)

PROFILES = asking.Kind("profile", fresh_seconds=600, kept_seconds=24 * 3600)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel on the page. `twitch_id` is "" while Twitch has not said who it is.

    `streamer` is the row of one that somebody watches, whose snapshot is kept true.
    """

    login: str
    twitch_id: str = ""
    display_name: str = ""
    picture_url: str = ""
    streamer: Streamer | None = None

    @property
    def name(self) -> str:
        """What people read."""
        return self.display_name or self.login


@dataclass(frozen=True, slots=True)
class Found:
    """The channels of some logins in their order, and the logins that Twitch does not know."""

    channels: Sequence[Channel]
    unknown: Sequence[str]


def find(logins: Sequence[str], twitch: Helix) -> Found:
    """The channels of these logins (1 query).

    One call to Twitch, at most 5 s a phase, when the database and the last 10 min know one not.
    Without an answer a channel is only its login.
    """
    streamers = _watched(logins)
    others = [login for login in logins if login not in streamers]
    profiles = asking.ask(PROFILES, others, partial(_profiles, twitch)) if others else {}
    unknown = [one for one, kept in profiles.items() if kept.value is None]
    return Found(
        channels=[
            of_streamer(streamers[one]) if one in streamers else _of_profile(one, profiles)
            for one in logins
            if one not in unknown
        ],
        unknown=unknown,
    )


def of_streamer(streamer: Streamer) -> Channel:
    """The channel of a row."""
    return Channel(
        streamer.login,
        streamer.twitch_id,
        streamer.display_name,
        streamer.picture_url,
        streamer,
    )


def _watched(logins: Sequence[str]) -> dict[str, Streamer]:
    """The rows that somebody's subscription keeps true; of two the one last heard of."""
    is_watched = Exists(Subscription.objects.filter(streamer=OuterRef("pk")))
    rows = Streamer.objects.filter(is_watched, login__in=logins).order_by("name_as_of", "pk")
    return {row.login: row for row in rows}


def _profiles(
    twitch: Helix, logins: Sequence[str], _: Mapping[str, asking.Kept]
) -> dict[str, Profile | None]:
    found = {one.login: one for one in twitch.profiles(logins=logins) if one.twitch_id}
    return {login: found.get(login) for login in logins}


def _of_profile(login: str, profiles: Mapping[str, asking.Kept]) -> Channel:
    if login not in profiles:
        return Channel(login)
    profile: Profile = profiles[login].value
    return Channel(login, profile.twitch_id, profile.display_name, profile.picture_url)
