"""`GET /`: the page on which people make things happen, and the forms on it.

Everything works without JavaScript: a form posts to `/do/<what>` and leads back here with
a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simulator import control, deeds, sentences
from simulator.content import CATEGORIES
from simulator.faults import (
    ANSWER_FAULTS,
    DEED_FAULTS,
    FAULTS,
    MESSAGE_FAULTS,
    SOCKET_FAULTS,
    SUBSCRIBING_FAULTS,
)
from simulator.life import FASTEST
from simulator.local_twitch import LocalTwitch, of
from simulator.orders import BadInput
from simulator.pages import page
from simulator.people import NoSuchPerson, Person

FOUND, LIVE, SUBSCRIPTIONS, MESSAGES, HAPPENINGS = 8, 20, 100, 25, 25
FAULT_GROUPS: dict[str, Iterable[str]] = {
    "Messages": MESSAGE_FAULTS,
    "Subscribing": SUBSCRIBING_FAULTS,
    "Helix and OAuth": ANSWER_FAULTS,
    "WebSockets": SOCKET_FAULTS,
    "At once": DEED_FAULTS,
}


async def show(request: Request) -> Response:
    """The page; `?q=` searches, `?who=<id>` chooses a person."""
    twitch, query = of(request), request.query_params
    wanted = query.get("q", "").strip()
    watched = twitch.subscriptions.watched()
    context = {
        "said": query.get("said", ""),
        "went_wrong": "wrong" in query,
        "q": wanted,
        "found": twitch.people.listed(wanted, watched, 0, FOUND),
        "watched": watched,
        "who": _chosen(twitch, query.get("who", ""), wanted),
        "cast": twitch.people.who_can_log_in(),
        "categories": [name for _, name, _ in CATEGORIES],
        "fastest": FASTEST,
        "told": list(deeds.TOLD),
        "fault_groups": {
            group: [(name, FAULTS[name]) for name in names] for group, names in FAULT_GROUPS.items()
        },
        "viewers": twitch.people.viewers,
        "category_name": twitch.people.category_name,
        "twitch": twitch,
    }
    return page(request, "control.html", context | _lists(twitch))


def _lists(twitch: LocalTwitch) -> dict[str, Any]:
    live = twitch.people.live()
    people, _ = twitch.people.counts()
    subscriptions = [
        {
            "row": row,
            "about": sentences.about(row, twitch.people),
            "condition": sentences.condition(row),
        }
        for row in twitch.subscriptions.newest(SUBSCRIPTIONS)
    ]
    happenings = [
        {"at": entry["at"], "text": sentences.happening(entry), "sent": len(entry["message_ids"])}
        for entry in twitch.world.log_newest(HAPPENINGS)
    ]
    return {
        "people_count": people,
        "live_count": len(live),
        "live": live[:LIVE],
        "subscriptions": subscriptions,
        "subscription_count": twitch.subscriptions.total(),
        "on_sockets": twitch.subscriptions.total_on_sockets(),
        "total_cost": twitch.subscriptions.total_cost(),
        "messages": twitch.outbox.newest(MESSAGES),
        "happenings": happenings,
    }


def _chosen(twitch: LocalTwitch, person_id: str, wanted: str) -> Person | None:
    """The person chosen by id, else whose login was typed, else the operator."""
    for look_up, value in (
        (twitch.people.get, person_id),
        (twitch.people.by_login, wanted),
        (twitch.people.get, twitch.operator_id),
    ):
        try:
            return look_up(value)
        except NoSuchPerson:
            continue
    return None


async def do(request: Request) -> Response:
    """POST /do/event, /do/world, /do/fault: as the control API; 303 back to the page."""
    twitch, what = of(request), request.path_params["what"]
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    who = form.pop("who", "")
    if control.from_elsewhere(request):
        return _back(who, "Another site's page must not order anything.", wrong=True)
    try:
        said = _do(twitch, what, form)
    except BadInput as error:
        return _back(who, f"Not done. {error}.", wrong=True)
    return _back(who, said)


def _do(twitch: LocalTwitch, what: str, form: dict[str, str]) -> str:
    if what == "world":
        control.set_world(twitch, form)
        life = twitch.life
        return f"The world lives at speed {life.speed:g} now; its seed is {life.seed}."
    if what == "fault":
        control.order_fault(twitch, form)
        return f"Ordered: {FAULTS[form['fault']]}."
    if what != "event":
        raise BadInput("address", "there is no such form")
    if form.get("viewers") == "":
        del form["viewers"]
    if form.pop("told", ""):
        form = _fields_of_the_type(form)
    happened = deeds.perform(twitch, form)
    return f"Done. Messages on their way: {len(happened.message_ids)}."


def _fields_of_the_type(form: dict[str, str]) -> dict[str, str]:
    """One form serves many types: what is empty, or no field of the type, is not ordered."""
    _, fields = deeds.TOLD.get(form.get("type", ""), (None, tuple(form)))
    known = ("type", "broadcaster", *fields)
    return {name: value for name, value in form.items() if value and name in known}


def _back(who: str, said: str, *, wrong: bool = False) -> Response:
    query = {"said": said} | ({"who": who} if who else {}) | ({"wrong": "1"} if wrong else {})
    return RedirectResponse(f"/?{urlencode(query)}", status_code=303)
