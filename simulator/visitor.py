"""Who the browser in front of the simulator is logged in as: a cookie, no password.

Consent logs in, and so does the form below a chat.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from simulator.local_twitch import of
from simulator.people import NoSuchPerson, Person

# Cookies know no ports: it must not be one that StreamWatch sets on the same host.
COOKIE = "local_twitch_person"
MONTH = 30 * 86_400


def visitor(request: Request) -> Person | None:
    """The person, unless nobody is logged in or the person is banned."""
    try:
        person = of(request).people.get(request.cookies.get(COOKIE, ""))
    except NoSuchPerson:
        return None
    return person if person["can_log_in"] and not person["gone"] else None


def remember(response: Response, person: Person) -> None:
    """Log the browser in. Lax reaches a frame on a page of the same host."""
    response.set_cookie(COOKIE, person["id"], max_age=MONTH, httponly=True, samesite="lax")


def forget(response: Response) -> None:
    """Log the browser out."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
