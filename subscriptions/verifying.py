"""\"Is this the one?\": a channel as Twitch shows it now, before somebody subscribes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from streamwatch.twitch.errors import TwitchError
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import Profile
from subscriptions.forms import is_login
from subscriptions.models import Streamer, Subscription
from subscriptions.subscribing import StreamerNotFound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """What the verification form shows; `followers` is None when Twitch does not say."""

    twitch_id: str
    login: str
    display_name: str
    picture_url: str
    description: str
    created_at: datetime | None
    followers: int | None
    is_live: bool
    title: str
    category_name: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A channel, and what it is to the viewer; `former_login` when it was asked for by that."""

    channel: Channel
    already_subscribed: bool
    is_self: bool
    former_login: str = ""


def look_up(*, user: User, login: str, twitch: Helix) -> Verification:
    """The channel of `login`, or that of the streamer we knew by this login (2 queries).

    Four calls to Twitch, each at most 5 s a phase.

    Raises:
        StreamerNotFound: Twitch does not know the login: wrong, banned or renamed.
        TwitchError: Twitch did not answer, or refused.
    """
    if not is_login(login):
        raise StreamerNotFound(login)
    known = list(
        Streamer.objects.filter(login=login).order_by("pk").values_list("twitch_id", flat=True)[:10]
    )
    profiles = twitch.profiles(twitch_ids=known, logins=[login])
    profile = _meant(profiles, login)
    subscribed = Subscription.objects.of(user).filter(streamer__twitch_id=profile.twitch_id)
    return Verification(
        channel=_channel(profile, twitch),
        already_subscribed=subscribed.exists(),
        is_self=profile.twitch_id == user.twitch_id,
        former_login="" if profile.login == login else login,
    )


def _meant(profiles: Iterable[Profile], login: str) -> Profile:
    """Who has the login now, before those who had it when we last heard of them."""
    usable = [profile for profile in profiles if profile.twitch_id and is_login(profile.login)]
    if not usable:
        raise StreamerNotFound(login)
    return min(usable, key=lambda profile: profile.login != login)


def _channel(profile: Profile, twitch: Helix) -> Channel:
    channel = next(iter(twitch.channels([profile.twitch_id])), None)
    stream = next(iter(twitch.live_streams([profile.twitch_id])), None)
    return Channel(
        twitch_id=profile.twitch_id,
        login=profile.login,
        display_name=profile.display_name or profile.login,
        picture_url=profile.picture_url,
        description=profile.description,
        created_at=profile.created_at,
        followers=_followers(profile.twitch_id, twitch),
        is_live=stream is not None,
        title=channel.title if channel else "",
        category_name=channel.category_name if channel else "",
    )


def _followers(twitch_id: str, twitch: Helix) -> int | None:
    try:
        return twitch.follower_total(twitch_id)
    except TwitchError as error:
        # A number to recognise somebody by is worth no error.
        logger.warning("followers of %s unknown: %s", twitch_id, error)
        return None
