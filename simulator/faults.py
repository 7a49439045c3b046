"""Troubles that somebody ordered: each is used up by the next `count` occasions.

Kept in memory only: a simulator started again is well again.
"""

from __future__ import annotations

from dataclasses import dataclass

HELIX, TOKEN = "/helix", "/oauth2/token"

# Spoil answers. Each is meant for the paths beginning with the second word, unless the order
# names other ones.
ANSWER_FAULTS = {
    "helix_down": ("Helix answers 503", HELIX),
    "helix_error": ("Helix answers 500", HELIX),
    "helix_garbage": ("Helix answers 200 with something that is not JSON", HELIX),
    "helix_slow": ("Helix answers only after ten seconds", HELIX),
    "rate_limited": ("Helix answers 429, the bucket being empty", HELIX),
    "token_refused": ("Helix answers 401, taking the token for invalid", HELIX),
    "oauth_down": ("the token endpoint answers 503", TOKEN),
    "oauth_error": ("the token endpoint answers 500", TOKEN),
    "oauth_garbage": ("the token endpoint answers 200 with something that is not JSON", TOKEN),
    "oauth_limited": ("the token endpoint answers 429", TOKEN),
    "oauth_slow": ("the token endpoint answers only after ten seconds", TOKEN),
    "odd_status": ("Helix answers 520, as a proxy does", HELIX),
    # A good answer that suffers on its way, or is from another year; of /oauth2 by path.
    "cut_off": ("Helix hangs up in the middle of its answer", HELIX),
    "half_body": ("Helix answers with half of its JSON", HELIX),
    "unknown_fields": ("Helix answers with fields that nobody knows", HELIX),
    "null_names": ("Helix answers with null for every name", HELIX),
    "nanoseconds": ("Helix answers with nine digits in the fractions of seconds", HELIX),
    "repeated_page": ("a list of Helix gives a cursor that leads to the same page", HELIX),
    "unknown_status": ("Helix lists subscriptions with a status that nobody knows", HELIX),
}
# Spoil the making of an EventSub subscription.
SUBSCRIBING_FAULTS = {
    "already_exists": "the subscription is made, but the answer is 409 with its id",
    "cost_limit": "no subscription is made, the answer is 429: maximum total cost exceeded",
    "webhook_callback_verification_failed": (
        "the challenge is taken as failed, whatever the callback answers"
    ),
}
# Spoil the first sending of a notification.
MESSAGE_FAULTS = {
    "bad_signature": "the signature is wrong; the next try is right",
    "early": "the timestamp is 11 minutes ahead; the next try is right",
    "late": "the timestamp is 11 minutes old; the next try is right",
    "lost": "the notification is never sent",
    "out_of_order": "the notification is held back, so that later ones overtake it",
    "repeated": "the notification is sent twice with the same id",
}
# Of these, what can happen to one that goes over a WebSocket.
SOCKET_MESSAGE_FAULTS = ("lost", "out_of_order", "repeated")
# Happen at once to every open WebSocket of EventSub.
SOCKET_FAULTS = {
    "ws_reconnect": "every WebSocket is asked to reconnect (at once)",
    "ws_drop": "every WebSocket is cut off without a word (at once)",
    "ws_silent": "every WebSocket stays open and says nothing any more (at once)",
    **{
        f"ws_close_{code}": f"every WebSocket is closed with {code} (at once)"
        for code in range(4000, 4008)
    },
}
# Happen at once, `count` times.
DEED_FAULTS = {
    "drop_subscription": "the oldest enabled subscription vanishes without a word (at once)",
    "revoke_subscription": "the oldest enabled subscription is revoked (at once)",
    "expire_tokens": "every access token expires (at once)",
    "none": "all ordered faults are forgotten (at once)",
}
FAULTS = {
    **{name: words for name, (words, _) in ANSWER_FAULTS.items()},
    **SUBSCRIBING_FAULTS,
    **MESSAGE_FAULTS,
    **DEED_FAULTS,
    **SOCKET_FAULTS,
}


@dataclass
class Order:
    """One ordered fault: how often still, and on paths beginning how ("" for all)."""

    fault: str
    left: int
    path: str = ""


class Faults:
    """What is still to go wrong."""

    def __init__(self) -> None:
        self._orders: list[Order] = []

    def order(self, fault: str, count: int, path: str = "") -> None:
        """The next `count` occasions go wrong; a count of 0 takes back what was ordered."""
        if count == 0:
            self._orders = [order for order in self._orders if order.fault != fault]
            return
        _, usual_path = ANSWER_FAULTS.get(fault, ("", ""))
        self._orders.append(Order(fault, count, path or usual_path))

    def clear(self) -> None:
        """Nothing is to go wrong any more."""
        self._orders.clear()

    def waiting(self) -> list[dict[str, str | int]]:
        """What is ordered and not used up yet, oldest first."""
        return [{"fault": o.fault, "count": o.left, "path": o.path} for o in self._orders]

    def take(self, *names: str, path: str = "") -> str:
        """The first ordered fault among `names` that fits `path`, or ""; uses it up by one."""
        for order in self._orders:
            if order.fault in names and path.startswith(order.path):
                order.left -= 1
                if order.left <= 0:
                    self._orders.remove(order)
                return order.fault
        return ""
