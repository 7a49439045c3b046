"""What goes on and what ends, by order: told like its beginning, with what has changed.

A poll, prediction or goal is known by its title, so the same one goes on where a later order
names the same title.
"""

from __future__ import annotations

from typing import Any

from simulator import chatter, occasions
from simulator.clock import rfc3339, rfc3339_nanoseconds
from simulator.local_twitch import LocalTwitch
from simulator.occasions import Occasion, moderator
from simulator.orders import Order, one_of, person, whole
from simulator.payloads import naming
from simulator.people import Person

MOST = 10_000_000
HOUR = 3_600


def _without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


def _now(twitch: LocalTwitch) -> str:
    return rfc3339(twitch.clock.now())


def _end_poll(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    poll = _without(occasions.ask(twitch, who, order), "ends_at")
    status = one_of(order, "status", ("completed", "terminated", "archived"))
    return {**poll, "status": status, "ended_at": _now(twitch)}


def _lock_prediction(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    prediction = _without(occasions.predict(twitch, who, order), "locks_at")
    return {**prediction, "locked_at": _now(twitch)}


def _end_prediction(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    prediction = _without(occasions.predict(twitch, who, order), "locks_at")
    status = one_of(order, "status", ("resolved", "canceled"))
    winner = prediction["outcomes"][0]["id"] if status == "resolved" else None
    end = {"winning_outcome_id": winner, "status": status, "ended_at": _now(twitch)}
    return {**prediction, **end}


def _go_on_with_train(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    train = occasions.start_train(twitch, who, order)
    return _without(train, "all_time_high_level", "all_time_high_total")


def _end_train(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    train = _go_on_with_train(twitch, who, order)
    end = {
        "ended_at": _now(twitch),
        "cooldown_ends_at": rfc3339(twitch.clock.now() + HOUR),
    }
    return {**_without(train, "progress", "goal", "expires_at"), **end}


def _end_goal(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    goal = occasions.set_goal(twitch, who, order)
    achieved = goal["current_amount"] >= goal["target_amount"]
    return {**goal, "is_achieved": achieved, "ended_at": _now(twitch)}


def _settle_redemption(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    status = one_of(order, "status", ("fulfilled", "canceled"))
    return {**occasions.redeem(twitch, who, order), "status": status}


def _settle_held(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    status = one_of(order, "status", ("approved", "denied", "expired"))
    judge = naming(moderator(twitch, who, order), "moderator_user")
    return {**chatter.hold(twitch, who, order), **judge, "status": status}


def _settle_own(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    status = one_of(order, "status", ("approved", "denied", "invalid"))
    return {**chatter.hold_own(twitch, who, order), "status": status}


def _watch_user(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    return {
        **naming(who, "broadcaster_user"),
        **naming(moderator(twitch, who, order), "moderator_user"),
        **naming(person(twitch, order, "user"), "user"),
        "low_trust_status": one_of(order, "status", chatter.LOW_TRUST),
    }


def _receive_shoutout(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    return {
        **naming(who, "broadcaster_user"),
        **naming(person(twitch, order, "from"), "from_broadcaster_user"),
        "viewer_count": whole(order, "viewers", most=MOST, usual=25),
        "started_at": rfc3339_nanoseconds(twitch.clock.now_ns()),
    }


def _name(twitch: LocalTwitch, who: Person, order: Order) -> dict[str, Any]:
    return {
        **naming(person(twitch, order, "user"), "user"),
        **naming(who, "broadcaster_user"),
    }


SEQUELS: dict[str, tuple[Occasion, tuple[str, ...]]] = {
    "channel.subscription.end": (occasions.subscribe, ("user", "tier", "is_gift")),
    "channel.channel_points_custom_reward_redemption.update": (
        _settle_redemption,
        ("user", "reward", "cost", "text", "status"),
    ),
    "channel.poll.progress": (occasions.ask, ("title", "choices", "seconds")),
    "channel.poll.end": (_end_poll, ("title", "choices", "seconds", "status")),
    "channel.prediction.progress": (occasions.predict, ("title", "outcomes", "seconds")),
    "channel.prediction.lock": (_lock_prediction, ("title", "outcomes", "seconds")),
    "channel.prediction.end": (_end_prediction, ("title", "outcomes", "seconds", "status")),
    "channel.hype_train.progress": (_go_on_with_train, ("user", "total", "level", "train")),
    "channel.hype_train.end": (_end_train, ("user", "total", "level", "train")),
    "channel.goal.progress": (occasions.set_goal, ("goal", "text", "current", "target")),
    "channel.goal.end": (_end_goal, ("goal", "text", "current", "target")),
    "channel.shoutout.receive": (_receive_shoutout, ("from", "viewers")),
    "channel.suspicious_user.update": (_watch_user, ("user", "moderator", "status")),
    "channel.vip.add": (_name, ("user",)),
    "channel.vip.remove": (_name, ("user",)),
    "channel.moderator.add": (_name, ("user",)),
    "channel.moderator.remove": (_name, ("user",)),
    "channel.chat.user_message_update": (_settle_own, ("user", "text", "status")),
    "automod.message.update": (
        _settle_held,
        ("user", "moderator", "text", "category", "level", "status"),
    ),
}
