"""Finding channels by the first letters of their login."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from accounts.models import User
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import FoundChannel, Profile
from subscriptions.forms import is_login
from subscriptions.models import Subscription

logger = logging.getLogger(__name__)

LIMIT = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A channel that matches, as the list shows it."""

    twitch_id: str
    login: str
    display_name: str
    picture_url: str
    title: str
    category_name: str
    is_live: bool
    is_subscribed: bool = False


def find_channels(*, user: User, query: str, twitch: Helix) -> list[Candidate]:
    """At most 20 channels for `query`, an exact match first (1 query).

    One call to Twitch, two when `query` may be a login that its search does not return (that
    knows only who streamed in the last 6 months), up to four when there is such an account. A
    query with blanks is tried without and with underscores. Each call takes at most 5 s a phase.

    Raises:
        TwitchError: Twitch did not answer the search, or refused it.
    """
    spellings = _spellings(query)
    found: dict[str, Candidate] = {}
    for spelling in spellings:
        channels = twitch.search_channels(spelling, limit=LIMIT)
        # A login that is none would have no address here.
        found |= {one.login: _candidate(one) for one in channels if is_login(one.login)}
    names = [name.lower() for name in spellings if is_login(name.lower())]
    missing = [name for name in names if name not in found]
    for candidate in _by_login(missing, twitch):
        found[candidate.login] = candidate
    ordered = sorted(found.values(), key=lambda one: one.login not in names)[:LIMIT]
    return _marked(ordered, user)


def _spellings(query: str) -> list[str]:
    """The query itself; no login has blanks, so those are left out or become underscores."""
    return [query] if " " not in query else [query.replace(" ", ""), query.replace(" ", "_")]


def _candidate(channel: FoundChannel) -> Candidate:
    return Candidate(
        twitch_id=channel.twitch_id,
        login=channel.login,
        display_name=channel.display_name or channel.login,
        picture_url=channel.picture_url,
        title=channel.title,
        category_name=channel.category_name,
        is_live=channel.is_live,
    )


def _by_login(logins: list[str], twitch: Helix) -> list[Candidate]:
    """Accounts of exactly these logins; fewer when Twitch does not answer, for a search did."""
    try:
        profiles = twitch.profiles(logins=logins) if logins else []
        return _with_channels([one for one in profiles if is_login(one.login)], twitch)
    except TwitchError as error:
        logger.warning("exact login not looked up: %s", error)
        return []


def _with_channels(profiles: list[Profile], twitch: Helix) -> list[Candidate]:
    if not profiles:
        return []
    twitch_ids = [profile.twitch_id for profile in profiles]
    channels = {channel.twitch_id: channel for channel in twitch.channels(twitch_ids)}
    live = {stream.twitch_id for stream in twitch.live_streams(twitch_ids)}
    return [
        Candidate(
            twitch_id=one.twitch_id,
            login=one.login,
            display_name=one.display_name or one.login,
            picture_url=one.picture_url,
            title=channels[one.twitch_id].title if one.twitch_id in channels else "",
            category_name=(
                channels[one.twitch_id].category_name if one.twitch_id in channels else ""
            ),
            is_live=one.twitch_id in live,
        )
        for one in profiles
    ]


def _marked(candidates: Iterable[Candidate], user: User) -> list[Candidate]:
    ids = [candidate.twitch_id for candidate in candidates]
    mine = set(
        Subscription.objects.of(user)
        .filter(streamer__twitch_id__in=ids)
        .values_list("streamer__twitch_id", flat=True)
    )
    return [replace(one, is_subscribed=one.twitch_id in mine) for one in candidates]
