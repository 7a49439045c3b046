"""Reads query parameters; what is wrong with one becomes a HelixError that names it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from simulator.helix.calls import HelixError

MOST_VALUES = 100


def need(query: QueryParams, name: str) -> str:
    """The value of a parameter that must be there."""
    value = query.get(name, "")
    if not value:
        raise HelixError(400, f'Missing required parameter "{name}"')
    return value


def several(query: QueryParams, *names: str) -> list[list[str]]:
    """All values of each parameter; together at most 100."""
    found = [[value for value in query.getlist(name) if value] for name in names]
    if sum(map(len, found)) > MOST_VALUES:
        raise HelixError(
            400, f"The number of values of {' and '.join(names)} together must be at most 100"
        )
    return found


def first(query: QueryParams, usual: int) -> int:
    """How many items a page is to hold, 1 to 100."""
    text = query.get("first", "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit()):
        raise HelixError(400, 'The parameter "first" was malformed: the value must be a number')
    if len(text) > 3 or not 1 <= int(text) <= MOST_VALUES:
        raise HelixError(
            400, 'The parameter "first" was malformed: the value must be between 1 and 100'
        )
    return int(text)


def flag(query: QueryParams, name: str) -> bool:
    """A parameter that is true or false; false when it is not there."""
    value = query.get(name, "").lower()
    if value not in ("", "true", "false"):
        raise HelixError(400, f'The parameter "{name}" was malformed: it must be true or false')
    return value == "true"


@dataclass(frozen=True)
class Cursor:
    """Where a page begins and ends; what is told outside is opaque."""

    begin: int
    end: int

    def text(self) -> str:
        """The cursor as it is told outside."""
        inside = json.dumps({"b": self.begin, "a": self.end}, separators=(",", ":"))
        return base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")


def cursor(query: QueryParams, name: str = "after") -> Cursor | None:
    """The cursor in a parameter; None where there is none."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        inside = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        found = Cursor(inside["b"], inside["a"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise HelixError(400, "The cursor is invalid") from None
    if not all(type(end) is int and 0 <= end < 2**62 for end in (found.begin, found.end)):
        raise HelixError(400, "The cursor is invalid")
    return found


def offset(query: QueryParams, page: int) -> int:
    """Where a page of `page` items begins in a list that is counted through, by its cursor."""
    if (after := cursor(query)) is not None:
        return after.end
    if (before := cursor(query, "before")) is not None:
        return max(0, before.begin - page)
    return 0


def pagination(begin: int, end: int, *, more: bool) -> dict[str, str]:
    """The `pagination` of an answer: empty on the last page."""
    return {"cursor": Cursor(begin, end).text()} if more else {}
