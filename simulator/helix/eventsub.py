"""EventSub subscriptions.

https://dev.twitch.tv/docs/api/reference#create-eventsub-subscription and the two after it
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from simulator.helix import reading
from simulator.helix.asking import read_wish
from simulator.helix.calls import Call, HelixError, answer_data
from simulator.subscriptions import NOBODY, PAGE, Refused

FILTERS = ("status", "type", "user_id", "subscription_id")


async def create(call: Call) -> Response:
    """POST: 202 with the subscription: pending, then the challenge follows, or enabled."""
    twitch = call.twitch
    asked = await read_wish(call)
    if twitch.faults.take("cost_limit"):
        raise HelixError(429, "maximum total cost exceeded")
    try:
        with twitch.store.transaction():
            row = twitch.subscriptions.create(asked)
            if asked.session_id:
                twitch.sessions.belongs(asked.session_id, asked.user_id)
            else:
                twitch.outbox.challenge(row)
    except Refused as refused:
        more = {"id": refused.existing} if refused.existing else {}
        raise HelixError(refused.status, refused.message, **more) from None
    if twitch.faults.take("already_exists"):
        raise HelixError(409, "subscription already exists", id=row["id"])
    data = [twitch.subscriptions.listed(row)]
    return JSONResponse({"data": data, **_totals(call)}, status_code=202)


async def show(call: Call) -> Response:
    """GET: 100 a page, oldest first; a user token lists what its WebSockets have."""
    query = call.request.query_params
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    if len(filters) > 1:
        raise HelixError(400, f"The filters {' and '.join(filters)} exclude each other")
    after = reading.cursor(query)
    rows = call.twitch.subscriptions.page(_owner(call), after.end if after else 0, **filters)
    shown = rows[:PAGE]
    ends = (shown[0]["seq"], shown[-1]["seq"]) if shown else (0, 0)
    return answer_data(
        [call.twitch.subscriptions.listed(row) for row in shown],
        **_totals(call),
        pagination=reading.pagination(*ends, more=len(rows) > PAGE),
    )


async def delete(call: Call) -> Response:
    """DELETE: 204; 404 when there is none with that id among the token's."""
    wanted = reading.need(call.request.query_params, "id")
    if call.twitch.subscriptions.of(_owner(call), wanted) is None:
        raise HelixError(404, "subscription not found")
    call.twitch.subscriptions.delete(wanted)
    return Response(status_code=204)


def _owner(call: Call) -> str:
    return call.token.user_id or NOBODY


def _totals(call: Call) -> dict[str, Any]:
    subscriptions, owner = call.twitch.subscriptions, _owner(call)
    return {
        "total": subscriptions.total(owner),
        "total_cost": subscriptions.total_cost(owner),
        "max_total_cost": subscriptions.max_total_cost(owner),
    }
