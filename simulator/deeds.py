"""Makes things happen by order: reads what is asked, checks it, and has the world do it.

An order is a mapping as in `POST /control/events`: `type` is EventSub's, people are logins.
DEEDS holds what changes the world; what is only told stands in `occasions`, `chatter` and
`sequels`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from simulator.chatter import CHATTER
from simulator.local_twitch import LocalTwitch
from simulator.occasions import OCCASIONS, Occasion
from simulator.orders import BadInput, Order, person, refuse_others, text, whole
from simulator.people import Person
from simulator.sequels import SEQUELS
from simulator.world import Happened

LOGIN = re.compile(r"[a-z0-9_]{4,25}")
LONGEST_TITLE, LONGEST_NAME = 140, 100
MOST_VIEWERS = 10_000_000

Deed = Callable[[LocalTwitch, Person, Order], Happened]


def perform(twitch: LocalTwitch, order: Order) -> Happened:
    """Do what is ordered, at once; raises BadInput and then has done nothing."""
    kind = text(order, "type")
    if kind in TOLD:
        occasion, fields = TOLD[kind]
        refuse_others(order, "type", "broadcaster", *fields)
        who = person(twitch, order, "broadcaster")
        return twitch.world.tell(kind, who, occasion(twitch, who, order))
    if kind not in DEEDS:
        raise BadInput("type", f"{kind!r} is none of {', '.join([*DEEDS, *TOLD])}")
    deed, fields = DEEDS[kind]
    refuse_others(order, "type", "broadcaster", *fields)
    return deed(twitch, person(twitch, order, "broadcaster"), order)


def _go_live(twitch: LocalTwitch, who: Person, _: Order) -> Happened:
    return twitch.world.go_live(who)


def _go_offline(twitch: LocalTwitch, who: Person, _: Order) -> Happened:
    return twitch.world.go_offline(who)


def _update_channel(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    changes = {}
    if "title" in order:
        changes["title"] = text(order, "title", longest=LONGEST_TITLE, empty=True)
    if "category" in order:
        name = text(order, "category", empty=True)
        found = twitch.people.category_id(name)
        if found is None:
            raise BadInput("category", f"there is no category {name!r}")
        changes["category_id"] = found
    if "language" in order:
        changes["language"] = text(order, "language", longest=10)
    return twitch.world.update_channel(who, **changes)


def _raid(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    target = person(twitch, order, "to")
    if target["id"] == who["id"]:
        raise BadInput("to", "nobody raids himself")
    usual = twitch.people.viewers(who) or 25
    return twitch.world.raid(who, target, whole(order, "viewers", most=MOST_VIEWERS, usual=usual))


def _follow(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    follower = person(twitch, order, "user")
    if follower["id"] == who["id"]:
        raise BadInput("user", "nobody follows himself")
    return twitch.world.follow(follower, who)


def _update_user(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    changes = {}
    if "login" in order and text(order, "login") != who["login"]:
        login = changes["login"] = text(order, "login")
        if not LOGIN.fullmatch(login):
            raise BadInput("login", "must be 4 to 25 of a-z, 0-9 and _")
        if twitch.people.taken(login):
            raise BadInput("login", f"{login} is taken")
    if "name" in order:
        changes["name"] = text(order, "name", longest=LONGEST_NAME)
    if "description" in order:
        changes["description"] = text(order, "description", empty=True)
    return twitch.world.update_user(who, **changes)


def _whisper(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    return twitch.world.whisper(who, person(twitch, order, "to"), text(order, "text"))


def _write(twitch: LocalTwitch, who: Person, order: Order) -> Happened:
    return twitch.world.write(person(twitch, order, "user"), who, text(order, "text"))


def _revoke(twitch: LocalTwitch, who: Person, _: Order) -> Happened:
    return twitch.world.revoke_authorization(who)


def _ban(twitch: LocalTwitch, who: Person, _: Order) -> Happened:
    return twitch.world.remove_user(who)


def _restore(twitch: LocalTwitch, who: Person, _: Order) -> Happened:
    return twitch.world.restore_user(who)


# The deed of each type, and which fields it takes beside `type` and `broadcaster`.
DEEDS: dict[str, tuple[Deed, tuple[str, ...]]] = {
    "stream.online": (_go_live, ()),
    "stream.offline": (_go_offline, ()),
    "channel.update": (_update_channel, ("title", "category", "language")),
    "channel.raid": (_raid, ("to", "viewers")),
    "channel.follow": (_follow, ("user",)),
    "user.update": (_update_user, ("login", "name", "description")),
    "user.whisper.message": (_whisper, ("to", "text")),
    "channel.chat.message": (_write, ("user", "text")),
    "user.authorization.revoke": (_revoke, ()),
    # No types of EventSub; what follows from a ban is told as revocations.
    "user.removed": (_ban, ()),
    "user.restored": (_restore, ()),
}
# What is only told, by the same rules.
TOLD: dict[str, tuple[Occasion, tuple[str, ...]]] = {**OCCASIONS, **CHATTER, **SEQUELS}
