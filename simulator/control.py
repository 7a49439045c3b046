"""The control API: whatever shall happen at the local Twitch, as JSON.

    POST /control/events   {"type", "broadcaster", ...}        202 {"message_ids": [...]}
    POST /control/world    {"speed", "seed"}, either or both   200 the world as it is then
    POST /control/faults   {"fault", "count", "path"}          200 what is to go wrong then
    GET  /control/world, /control/faults, /control/people, /control/messages
    GET  /control/log, /control/visits: all that happened, all calls of Helix that were answered,
         oldest first; ?after=<id> goes on

Bad input: 400 {"error", "status", "message", "field"}.

The types of events, with the fields that each takes, stand in `deeds`, `occasions`,
`chatter` and `sequels`; the faults in `faults`: those that begin with ws_ happen at once to
every WebSocket of EventSub. So that tests need not wait, SIMULATOR_SOCKET_PACE makes the times
of WebSockets shorter, for example 5: keepalives come within 2 s instead of 10, as the welcome
then tells.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator import deeds, orders
from simulator.faults import DEED_FAULTS, FAULTS, SOCKET_FAULTS
from simulator.life import FASTEST
from simulator.local_twitch import LocalTwitch, of
from simulator.orders import BadInput, Order
from simulator.sessions import CUT, ENDINGS

MOST = 10_000
PAGE = 1_000
BIGGEST_SEED = 2**53

Endpoint = Callable[[Request], Awaitable[Response]]


def from_elsewhere(request: Request) -> bool:
    """Whether a page of another site sent this; such a one must not order anything."""
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")


def _ordered(handler: Callable[[LocalTwitch, Order], Response]) -> Endpoint:
    async def answer(request: Request) -> Response:
        if from_elsewhere(request):
            return _bad(403, "origin", "another site's page must not order anything")
        try:
            return handler(of(request), await _read(request))
        except BadInput as error:
            return _bad(400, error.field, str(error))

    return answer


def _bad(status: int, field: str, message: str) -> JSONResponse:
    error = "Forbidden" if status == 403 else "Bad Request"
    body = {"error": error, "status": status, "message": message, "field": field}
    return JSONResponse(body, status)


async def _read(request: Request) -> Order:
    try:
        order = json.loads(await request.body())
    except ValueError:
        raise BadInput("body", "must be JSON") from None
    if not isinstance(order, dict):
        raise BadInput("body", "must be a JSON object")
    return order


@_ordered
def events(twitch: LocalTwitch, order: Order) -> Response:
    """POST /control/events: something happens at once."""
    happened = deeds.perform(twitch, order)
    return JSONResponse({"message_ids": happened.message_ids}, status_code=202)


@_ordered
def world(twitch: LocalTwitch, order: Order) -> Response:
    """POST /control/world: how fast the world lives, and from which seed."""
    set_world(twitch, order)
    return JSONResponse(_world(twitch))


def set_world(twitch: LocalTwitch, order: Order) -> None:
    """Set `speed` (0 to 1000; 0 stands still) and `seed` (0 to 2**53); raises BadInput."""
    orders.refuse_others(order, "speed", "seed")
    speed = _speed(order["speed"]) if "speed" in order else None
    if "seed" in order:
        twitch.life.set_seed(orders.whole(order, "seed", most=BIGGEST_SEED, usual=0))
    if speed is not None:
        twitch.life.set_speed(speed)


def _speed(value: Any) -> float:
    try:
        speed = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        speed = math.nan
    if not 0 <= speed <= FASTEST:
        raise BadInput("speed", f"must be a number from 0 to {FASTEST:.0f}")
    return speed


@_ordered
def faults(twitch: LocalTwitch, order: Order) -> Response:
    """POST /control/faults: something goes wrong `count` times (1 unless given)."""
    order_fault(twitch, order)
    return _faults(twitch)


def order_fault(twitch: LocalTwitch, order: Order) -> None:
    """Have `fault` happen `count` times, on paths beginning with `path`; raises BadInput."""
    orders.refuse_others(order, "fault", "count", "path")
    fault = orders.text(order, "fault")
    if fault not in FAULTS:
        raise BadInput("fault", f"{fault!r} is none of {', '.join(FAULTS)}")
    count = orders.whole(order, "count", most=MOST, usual=1)
    path = orders.text(order, "path", empty=True)
    if fault in SOCKET_FAULTS and count:
        _trouble_sockets(twitch, fault)
        return
    if fault not in DEED_FAULTS and fault not in SOCKET_FAULTS:
        twitch.faults.order(fault, count, path)
        return
    for _ in range(count):
        _do_now(twitch, fault)


def _do_now(twitch: LocalTwitch, fault: str) -> None:
    if fault == "none":
        twitch.faults.clear()
    elif fault == "expire_tokens":
        twitch.tokens.expire_all()
    elif (oldest := twitch.subscriptions.oldest_enabled()) is not None:
        if fault == "drop_subscription":
            twitch.subscriptions.delete(oldest)
        else:
            twitch.outbox.revoke(oldest, "authorization_revoked")


def _trouble_sockets(twitch: LocalTwitch, fault: str) -> None:
    if fault == "ws_reconnect":
        twitch.sessions.ask_to_reconnect()
    elif fault == "ws_silent":
        twitch.sessions.hush()
    elif fault == "ws_drop":
        twitch.sessions.end_all(CUT)
    else:
        twitch.sessions.end_all(ENDINGS[int(fault.rpartition("_")[2])])


async def show_world(request: Request) -> Response:
    """GET /control/world"""
    return JSONResponse(_world(of(request)))


async def show_faults(request: Request) -> Response:
    """GET /control/faults: those that can be ordered, and those still to come."""
    return _faults(of(request))


async def show_people(request: Request) -> Response:
    """GET /control/people?q=: everybody, or those with q in login or name."""
    twitch = of(request)
    rows = twitch.people.listed(request.query_params.get("q", ""), set(), 0, MOST)
    found = [
        {
            "id": row["id"],
            "login": row["login"],
            "name": row["name"],
            "live": row["stream_id"] is not None,
            "title": row["title"],
            "category": twitch.people.category_name(row["category_id"]),
            "banned": bool(row["gone"]),
            "can_log_in": bool(row["can_log_in"]),
        }
        for row in rows
    ]
    return JSONResponse({"people": found})


async def show_messages(request: Request) -> Response:
    """GET /control/messages: the last hundred, newest first, with what became of them."""
    return JSONResponse({"messages": of(request).outbox.newest(100)})


async def show_log(request: Request) -> Response:
    """GET /control/log?after=: what happened, and what became of each message about it."""
    return _page(request, "log", of(request).world.log_after)


async def show_visits(request: Request) -> Response:
    """GET /control/visits?after=: the calls of Helix that were answered."""
    return _page(request, "visits", of(request).visits.after)


def _page(request: Request, name: str, read: Callable[[int, int], list[Any]]) -> Response:
    try:
        after = orders.whole(dict(request.query_params), "after", most=2**53, usual=0)
    except BadInput as error:
        return _bad(400, error.field, str(error))
    return JSONResponse({name: read(after, PAGE)})


def _world(twitch: LocalTwitch) -> dict[str, Any]:
    people, live = twitch.people.counts()
    life = twitch.life
    return {"speed": life.speed, "seed": life.seed, "people": people, "live": live}


def _faults(twitch: LocalTwitch) -> Response:
    return JSONResponse({"known": FAULTS, "waiting": twitch.faults.waiting()})
