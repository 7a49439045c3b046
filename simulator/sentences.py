"""What happened, in sentences for the control page."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from simulator.people import NoSuchPerson, People

SENTENCES = {
    "stream.online": "{broadcaster_user_name} went live.",
    "stream.offline": "{broadcaster_user_name} went offline.",
    "channel.update": "{broadcaster_user_name} streams {category_name} now: “{title}”.",
    "channel.raid": (
        "{from_broadcaster_user_name} raided {to_broadcaster_user_name} with {viewers} viewers."
    ),
    "channel.follow": "{user_name} followed {broadcaster_user_name}.",
    "user.update": "{user_login} is called {user_name}.",
    "user.whisper.message": "{from_user_name} whispered to {to_user_name}.",
    "channel.chat.message": "{chatter_user_name} wrote in the chat of {broadcaster_user_name}.",
    "channel.chat.notification": "The chat of {broadcaster_user_name} says: {system_message}",
    "channel.cheer": "Somebody cheered {bits} bits at {broadcaster_user_name}.",
    "channel.bits.use": "{user_name} used {bits} bits at {broadcaster_user_name}.",
    "channel.subscribe": "{user_name} has a paid sub of {broadcaster_user_name} now.",
    "channel.subscription.gift": "Somebody gave away {total} subs of {broadcaster_user_name}.",
    "channel.subscription.message": "{user_name} went on with a sub of {broadcaster_user_name}.",
    "channel.channel_points_custom_reward_redemption.add": (
        "{user_name} took a reward of {broadcaster_user_name}."
    ),
    "channel.moderate": "{moderator_user_name} moderated {broadcaster_user_name}: {action}.",
    "channel.poll.begin": "{broadcaster_user_name} asks in a poll: {title}",
    "channel.prediction.begin": "{broadcaster_user_name} lets viewers predict: {title}",
    "channel.hype_train.begin": "A hype train began at {broadcaster_user_name}.",
    "channel.ad_break.begin": "{broadcaster_user_name} shows ads for {duration_seconds} s.",
    "channel.goal.begin": "{broadcaster_user_name} has a goal now: {description}",
    "channel.shoutout.create": (
        "{broadcaster_user_name} gave a shoutout to {to_broadcaster_user_name}."
    ),
    "channel.ban": "{user_name} may not write at {broadcaster_user_name} any more.",
    "channel.unban": "{user_name} may write at {broadcaster_user_name} again.",
    "channel.suspicious_user.message": "{user_name} is watched at {broadcaster_user_name}.",
    "channel.chat.user_message_hold": "{user_name} waits at {broadcaster_user_name}.",
    "automod.message.hold": "A message of {user_name} to {broadcaster_user_name} was held.",
    "user.authorization.grant": "{user_name} authorized the application.",
    "user.authorization.revoke": "{user_name} disconnected the application.",
    "user.removed": "{user_name} was banned.",
    "user.restored": "{user_name} is no longer banned.",
}

# What goes on or ends in a channel.
OTHERS = "In the channel of {broadcaster_user_name}: "


def happening(entry: dict[str, Any]) -> str:
    """One entry of the world's log."""
    values = {**entry["payload"]}
    values["category_name"] = values.get("category_name") or "without a category"
    return SENTENCES.get(entry["type"], f"{OTHERS}{entry['type']}.").format(**values)


def about(subscription: sqlite3.Row, people: People) -> str:
    """Whose doings a subscription asks for, by login where there is one."""
    key, _, number = str(subscription["subject"]).partition(":")
    try:
        login: str = people.get(number)["login"]
    except NoSuchPerson:
        return "everybody" if key == "client_id" else number
    side = {"from_broadcaster_user_id": "from ", "to_broadcaster_user_id": "to "}.get(key, "")
    return side + login


def condition(subscription: sqlite3.Row) -> str:
    """The condition, for those who want to see it exactly."""
    return ", ".join(
        f"{key}={value}" for key, value in json.loads(subscription["condition"]).items()
    )
