"""What happens in a channel and changes nothing in the world: only told, by order.

Each function makes the `event` object of EventSub from an order; OCCASIONS lists them.
https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from simulator import chat_payloads
from simulator.clock import rfc3339, rfc3339_nanoseconds
from simulator.local_twitch import LocalTwitch
from simulator.orders import BadInput, Order, one_of, person, text, whole, words
from simulator.payloads import naming
from simulator.people import Person

Occasion = Callable[[LocalTwitch, Person, Order], dict[str, Any]]

TIERS = ("1000", "2000", "3000")
GOALS = (
    "follow", "subscription", "subscription_count", "new_subscription", "new_subscription_count",
)  # fmt: skip
TRAINS = ("regular", "golden_kappa", "treasure")
MOST = 10_000_000
# Rewards, polls and the like have one id for each title.
REWARDS = uuid.UUID("7c1a4d5e-2f0b-4b63-9a57-0d1f6f3c9b11")


def known_by(kind: str, who: Person, title: str) -> str:
    """The id of what is called so: the same for the same title."""
    return str(uuid.uuid5(REWARDS, f"{kind}:{who['id']}:{title}"))


def moderator(twitch: LocalTwitch, who: Person, order: Order) -> Person:
    """The person in `moderator`, who moderates there; the broadcaster where nobody is named."""
    if not order.get("moderator"):
        return who
    found = person(twitch, order, "moderator")
    if found["id"] != who["id"] and not twitch.people.moderates(found["id"], who["id"]):
        raise BadInput("moderator", f"{found['login']} does not moderate {who['login']}")
    return found


def _anybody(twitch: LocalTwitch, order: Order) -> dict[str, Any]:
    """The person in `user`, or three times null for somebody who stays unnamed."""
    if order.get("user"):
        return naming(person(twitch, order, "user"), "user")
    return {"user_id": None, "user_login": None, "user_name": None}


def _cheer(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    user = _anybody(twitch, order)
    bits = whole(order, "bits", most=MOST, usual=100)
    said = text(order, "text", empty=True)
    return {
        "is_anonymous": user["user_id"] is None,
        **user,
        **naming(who, "broadcaster_user"),
        "message": f"Cheer{bits} {said}".strip(),
        "bits": bits,
    }


def _use_bits(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    bits = whole(order, "bits", most=MOST, usual=100)
    said = text(order, "text", empty=True)
    fragments = [
        {name: one[name] for name in ("type", "text", "cheermote", "emote")}
        for one in chat_payloads.cheer_fragments(bits, said)
    ]
    return {
        **naming(who, "broadcaster_user"),
        **naming(person(twitch, order, "user"), "user"),
        "bits": bits,
        "type": "cheer",
        "message": {"text": f"Cheer{bits} {said}".strip(), "fragments": fragments},
        "power_up": None,
        "custom_power_up": None,
    }


def subscribe(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A paid sub begins."""
    return {
        **naming(person(twitch, order, "user"), "user"),
        **naming(who, "broadcaster_user"),
        "tier": one_of(order, "tier", TIERS),
        "is_gift": bool(whole(order, "is_gift", most=1, usual=0)),
    }


def _give_subs(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    user, total = _anybody(twitch, order), whole(order, "total", most=1_000, usual=1)
    anonymous = user["user_id"] is None
    return {
        **user,
        **naming(who, "broadcaster_user"),
        "total": total,
        "tier": one_of(order, "tier", TIERS),
        "cumulative_total": None if anonymous else total,
        "is_anonymous": anonymous,
    }


def _resubscribe(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    return {
        **naming(person(twitch, order, "user"), "user"),
        **naming(who, "broadcaster_user"),
        "tier": one_of(order, "tier", TIERS),
        "message": {"text": text(order, "text", empty=True), "emotes": []},
        "cumulative_months": whole(order, "months", most=1_000, usual=2),
        "streak_months": None,
        "duration_months": 1,
    }


def redeem(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A viewer takes a reward."""
    title = text(order, "reward", empty=True) or "Hydrate"
    return {
        "id": str(uuid.uuid4()),
        **naming(who, "broadcaster_user"),
        **naming(person(twitch, order, "user"), "user"),
        "user_input": text(order, "text", empty=True),
        "status": "unfulfilled",
        "reward": {
            "id": known_by("reward", who, title),
            "title": title,
            "cost": whole(order, "cost", most=MOST, usual=100),
            "prompt": "",
        },
        "redeemed_at": rfc3339_nanoseconds(twitch.clock.now_ns()),
    }


def ask(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A poll."""
    title = text(order, "title", empty=True) or "What next?"
    votes = {"bits_votes": 0, "channel_points_votes": 0, "votes": 0}
    now, lasts = twitch.clock.now(), whole(order, "seconds", most=1_800, usual=60)
    return {
        "id": known_by("poll", who, title),
        **naming(who, "broadcaster_user"),
        "title": title,
        "choices": [
            {"id": str(number), "title": choice, **votes}
            for number, choice in enumerate(
                words(order, "choices", "Yes, No", fewest=2, most=5), start=1
            )
        ],
        "bits_voting": {"is_enabled": False, "amount_per_vote": 0},
        "channel_points_voting": {"is_enabled": False, "amount_per_vote": 0},
        "started_at": rfc3339(now),
        "ends_at": rfc3339(now + lasts),
    }


def predict(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A prediction."""
    now, lasts = twitch.clock.now(), whole(order, "seconds", most=1_800, usual=120)
    title = text(order, "title", empty=True) or "Will it work?"
    nobody = {"users": 0, "channel_points": 0, "top_predictors": []}
    return {
        "id": known_by("prediction", who, title),
        **naming(who, "broadcaster_user"),
        "title": title,
        "outcomes": [
            {"id": str(number), "title": outcome, "color": "pink" if number == 2 else "blue",
             **nobody}
            for number, outcome in enumerate(
                words(order, "outcomes", "Yes, No", fewest=2, most=10), start=1
            )
        ],
        "started_at": rfc3339(now),
        "locks_at": rfc3339(now + lasts),
    }  # fmt: skip


def start_train(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A hype train, of version 2."""
    user = person(twitch, order, "user")
    total, now = whole(order, "total", most=MOST, usual=700), twitch.clock.now()
    train = one_of(order, "train", TRAINS)
    level = max(1, whole(order, "level", most=100, usual=1))
    return {
        "id": known_by("train", who, train),
        **naming(who, "broadcaster_user"),
        "total": total,
        "progress": total,
        "goal": total + 1_000,
        "top_contributions": [{**naming(user, "user"), "type": "bits", "total": total}],
        "level": level,
        "shared_train_participants": None,
        "started_at": rfc3339(now),
        "expires_at": rfc3339(now + 300),
        "is_shared_train": False,
        "type": train,
        "all_time_high_level": level,
        "all_time_high_total": total,
    }


def _show_ads(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    requester = moderator(twitch, who, order)
    return {
        "duration_seconds": whole(order, "seconds", most=180, usual=60),
        "started_at": rfc3339(twitch.clock.now()),
        "is_automatic": False,
        **naming(who, "broadcaster_user"),
        **naming(requester, "requester_user"),
    }


def _shout_out(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    now = twitch.clock.now()
    return {
        **naming(who, "broadcaster_user"),
        **naming(person(twitch, order, "to"), "to_broadcaster_user"),
        **naming(moderator(twitch, who, order), "moderator_user"),
        "viewer_count": twitch.people.viewers(who),
        "started_at": rfc3339(now),
        "cooldown_ends_at": rfc3339(now + 120),
        "target_cooldown_ends_at": rfc3339(now + 3_600),
    }


def set_goal(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    """A goal."""
    kind = one_of(order, "goal", GOALS)
    return {
        "id": known_by("goal", who, kind),
        **naming(who, "broadcaster_user"),
        "type": kind,
        "description": text(order, "text", longest=40, empty=True),
        "current_amount": whole(order, "current", most=MOST, usual=0),
        "target_amount": whole(order, "target", most=MOST, usual=100),
        "started_at": rfc3339(twitch.clock.now()),
    }


# The maker of each type's event, and which fields it takes beside `type` and `broadcaster`.
OCCASIONS: dict[str, tuple[Occasion, tuple[str, ...]]] = {
    "channel.cheer": (_cheer, ("user", "bits", "text")),
    "channel.bits.use": (_use_bits, ("user", "bits", "text")),
    "channel.subscribe": (subscribe, ("user", "tier", "is_gift")),
    "channel.subscription.gift": (_give_subs, ("user", "tier", "total")),
    "channel.subscription.message": (_resubscribe, ("user", "tier", "months", "text")),
    "channel.channel_points_custom_reward_redemption.add": (
        redeem,
        ("user", "reward", "cost", "text"),
    ),
    "channel.poll.begin": (ask, ("title", "choices", "seconds")),
    "channel.prediction.begin": (predict, ("title", "outcomes", "seconds")),
    "channel.hype_train.begin": (start_train, ("user", "total", "level", "train")),
    "channel.ad_break.begin": (_show_ads, ("seconds", "moderator")),
    "channel.shoutout.create": (_shout_out, ("to", "moderator")),
    "channel.goal.begin": (set_goal, ("goal", "text", "current", "target")),
}
