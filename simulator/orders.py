"""Reads what somebody orders: a mapping as in the control API, people being logins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.local_twitch import LocalTwitch
from simulator.people import NoSuchPerson, Person

LONGEST_TEXT = 500

Order = Mapping[str, Any]


class BadInput(Exception):
    """What was ordered cannot be done: `field` is the one to be changed, the text says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


def refuse_others(order: Order, *known: str) -> None:
    """Raises BadInput for a field that is none of `known`: a misspelt one would do nothing."""
    for name in order:
        if name not in known:
            # The name may hold what no answer can: see `text`.
            shown = name.encode("ascii", "backslashreplace").decode()
            raise BadInput(shown, f"is no field of this; the fields are {', '.join(known)}")


def person(twitch: LocalTwitch, order: Order, field: str) -> Person:
    """The person whose login stands in `field`."""
    try:
        return twitch.people.by_login(text(order, field))
    except NoSuchPerson as error:
        raise BadInput(field, f"nobody is called {str(error)!r}") from None


def text(order: Order, field: str, *, longest: int = LONGEST_TEXT, empty: bool = False) -> str:
    """The text in `field`."""
    value = order.get(field, "")
    if not isinstance(value, str):
        raise BadInput(field, "must be a text")
    if not value and not empty:
        raise BadInput(field, "is missing")
    if len(value) > longest:
        raise BadInput(field, f"must be at most {longest} characters long")
    # JSON can hold halves of characters, which no database and no message can.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise BadInput(field, "holds half a character")
    return value


def whole(order: Order, field: str, *, most: int, usual: int) -> int:
    """The number in `field`, 0 to `most`; forms send it as digits."""
    value = order.get(field, usual)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if type(value) is not int or not 0 <= value <= most:
        raise BadInput(field, f"must be a whole number from 0 to {most}")
    return value


def words(order: Order, field: str, usual: str, *, fewest: int, most: int) -> list[str]:
    """The words in `field`, which commas part."""
    found = [word.strip() for word in (text(order, field, empty=True) or usual).split(",")]
    if not all(found) or not fewest <= len(found) <= most:
        raise BadInput(field, f"must be {fewest} to {most} words with commas between them")
    return found


def one_of(order: Order, field: str, known: tuple[str, ...]) -> str:
    """The word in `field`, one of `known`; the first where it is not given."""
    value = text(order, field, empty=True) or known[0]
    if value not in known:
        raise BadInput(field, f"{value!r} is none of {', '.join(known)}")
    return value
