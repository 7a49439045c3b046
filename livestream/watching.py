"""The page of watching, put together: what plays, what else is live, and where links lead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from accounts.models import User
from livestream.addresses import LAYOUTS, Embedding, Wish, quoted
from livestream.biggest import known_biggest
from livestream.channels import Channel, find, of_streamer
from livestream.facts import Facts, facts_of
from streamwatch.twitch.helix import Helix
from subscriptions.models import Subscription

# The most a strip shows of the viewer's own.
MOST_LIVE = 50
MOST_INSTEAD = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A live stream in the strip; `add_url` is "" where it cannot be put beside the others."""

    facts: Facts
    url: str
    add_url: str
    is_playing: bool


@dataclass(frozen=True, slots=True)
class Now:
    """What is said of a stream now, and what to watch in its place when it has ended."""

    facts: Facts
    instead: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Slot:
    """A stream that plays, with its frame's address and where its buttons lead ("" for none)."""

    now: Now
    player_url: str
    is_audible: bool
    hear_url: str
    first_url: str
    close_url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of which one is chosen: a layout, or a chat room."""

    words: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """What is live: the viewer's own, and the biggest (None until Twitch was asked)."""

    mine: Sequence[Card]
    biggest: Sequence[Card] | None
    biggest_url: str

    def now(self, found: Iterable[Facts], wish: Wish) -> list[Now]:
        """What is said of the streams of this wish."""
        return [Now(one, self._instead(one.channel.login, wish)) for one in found]

    def _instead(self, login: str, wish: Wish) -> list[Card]:
        """The viewer's own that do not play, else the biggest, each in the place of `login`."""
        own = [one for one in self.mine if not one.is_playing]
        cards = own or [one for one in self.biggest or () if not one.is_playing]
        return [
            replace(one, url=wish.exchanging(login, one.facts.channel.login).url)
            for one in cards[:MOST_INSTEAD]
        ]


@dataclass(frozen=True, slots=True)
class Watching:
    """All that the page shows. `unknown` are logins that Twitch does not know."""

    wish: Wish
    slots: Sequence[Slot]
    strip: Strip
    layouts: Sequence[Choice]
    rooms: Sequence[Choice]
    room: Channel | None
    chat_url: str
    problems: Sequence[str]
    unknown: Sequence[str]


def watching(*, user: User, wish: Wish, embedding: Embedding, twitch: Helix) -> Watching:
    """The page for this wish; without logins the viewer's first live streamer, else the biggest.

    Up to 3 queries. Asks Twitch only who somebody is whom nobody here watches (1 call, 5 s a
    phase); what it says of the streams comes afterwards, by `facts_url`.
    """
    mine = live_of(user)
    if not wish.logins:
        wish = replace(wish, logins=[one.login for one in (mine or _biggest_channels())[:1]])
    found = find(wish.logins, twitch)
    wish = wish.of([one.login for one in found.channels])
    room = next((one for one in found.channels if one.login == wish.room), None)
    beside = strip(mine, wish)
    now = beside.now(facts_of(found.channels, None), wish)
    return Watching(
        wish=wish,
        slots=[_slot(one, wish, embedding) for one in now],
        strip=beside,
        layouts=_layouts(wish),
        rooms=[
            Choice(one.name, replace(wish, chat=one.login).url, one is room)
            for one in found.channels
        ],
        room=room,
        chat_url=embedding.chat_url(room.login) if room else "",
        problems=[*wish.problems, *(f"Twitch knows no {quoted(one)}." for one in found.unknown)],
        unknown=found.unknown,
    )


def live_of(user: User) -> list[Channel]:
    """The viewer's streamers that are on the air, who began last first (1 query)."""
    subscriptions = Subscription.objects.of(user).select_related("streamer")
    live = subscriptions.exclude(streamer__live_stream_id="")
    newest = live.order_by("-streamer__live_started_at", "streamer_id")[:MOST_LIVE]
    return [of_streamer(one.streamer) for one in newest]


def strip(mine: Sequence[Channel], wish: Wish) -> Strip:
    """The strip on the page of this wish; asks nobody."""
    biggest = known_biggest()
    own = {one.login for one in mine}
    return Strip(
        mine=cards(facts_of(mine, None), wish),
        biggest=None if biggest is None else cards(_without(biggest, own), wish),
        biggest_url=wish.biggest_url,
    )


def cards(found: Iterable[Facts], wish: Wish) -> list[Card]:
    """Live streams as the strip shows them."""
    return [
        Card(
            facts=one,
            url=wish.alone(one.channel.login).url,
            add_url=_add_url(one.channel.login, wish),
            is_playing=one.channel.login in wish.logins,
        )
        for one in found
    ]


def _without(found: Iterable[Facts], logins: set[str]) -> list[Facts]:
    return [one for one in found if one.channel.login not in logins]


def _add_url(login: str, wish: Wish) -> str:
    can_add = wish.logins and login not in wish.logins and not wish.is_full
    return wish.adding(login).url if can_add else ""


def _biggest_channels() -> list[Channel]:
    return [one.channel for one in known_biggest() or ()]


def _slot(now: Now, wish: Wish, embedding: Embedding) -> Slot:
    login = now.facts.channel.login
    is_audible = wish.sound == login
    is_alone = len(wish.logins) == 1
    return Slot(
        now=now,
        player_url=embedding.player_url(login, is_muted=not is_audible),
        is_audible=is_audible,
        hear_url=wish.hearing("" if is_audible else login).url,
        first_url="" if wish.logins[0] == login else wish.first(login).url,
        close_url="" if is_alone else wish.without(login).url,
    )


def _layouts(wish: Wish) -> list[Choice]:
    return [
        Choice(words, replace(wish, layout=layout).url, wish.layout == layout)
        for layout, words in LAYOUTS.items()
        if layout != "first" or len(wish.logins) > 1 or wish.layout == "first"
    ]
