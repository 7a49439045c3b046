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
    "user.authorization.grant": "{user_name} authorized the application.",
    "user.authorization.revoke": "{user_name} disconnected the application.",
    "user.removed": "{user_name} was banned.",
    "user.restored": "{user_name} is no longer banned.",
}


def happening(entry: dict[str, Any]) -> str:
    """One entry of the world's log."""
    values = {**entry["payload"]}
    values["category_name"] = values.get("category_name") or "without a category"
    return SENTENCES[entry["type"]].format(**values)


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
