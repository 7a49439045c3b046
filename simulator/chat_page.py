"""`/embed/<login>/chat`: a room in which the simulator's people write to each other.

It works without JavaScript by forms; with it, new lines arrive by a WebSocket, as many
windows as there may be: of other connections a browser keeps only six to a host.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from simulator.chat_payloads import badges
from simulator.clock import rfc3339_nanoseconds
from simulator.control import from_elsewhere
from simulator.framing import framed
from simulator.local_twitch import LocalTwitch, of
from simulator.orders import BadInput, text
from simulator.people import NoSuchPerson, Person
from simulator.visitor import forget, remember, visitor

SHOWN = 100
NOBODY = "There is no channel called {login}."
LOG_IN_FIRST = "Log in to write."
ELSEWHERE = "Another site's page must not write here."


async def show(request: Request) -> Response:
    """GET: the room, its last lines, and a form to write with."""
    twitch = of(request)
    try:
        room = _room(twitch, request.path_params["login"])
    except NoSuchPerson as error:
        sentence = NOBODY.format(login=error)
        return framed(request, "framed.html", {"sentence": sentence}, status=404)
    rows = twitch.chat.after(room["id"], 0, SHOWN)
    context = {
        "room": room,
        "me": visitor(request),
        "cast": twitch.people.who_can_log_in(),
        "lines": [_line(twitch, room, row) for row in rows],
        "last": rows[-1]["id"] if rows else 0,
        "theme": "dark" if "darkpopout" in request.query_params else "light",
        "here": f"/embed/{room['login']}/chat",
        "query": _kept(request),
        "wrong": request.query_params.get("wrong", ""),
    }
    return framed(request, "chat.html", context)


async def write(request: Request) -> Response:
    """POST: a line, or another person to write as; 303 back, or JSON for a script."""
    twitch = of(request)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    if from_elsewhere(request):
        return _answer(request, 403, ELSEWHERE)
    try:
        room = _room(twitch, request.path_params["login"])
    except NoSuchPerson as error:
        return _answer(request, 404, NOBODY.format(login=error))
    if "log_out" in form:
        forget(back := _back(request))
        return back
    if "log_in" in form:
        return _log_in(request, form["log_in"])
    me = visitor(request)
    if me is None:
        return _answer(request, 403, LOG_IN_FIRST)
    try:
        said = text({"text": form.get("text", "").strip()}, "text")
    except BadInput as error:
        return _answer(request, 400, f"Not sent. {error}.")
    twitch.world.write(me, room, said)
    return _answer(request, 200, "")


async def lines(websocket: WebSocket) -> None:
    """WebSocket: the lines after `?after=`, and each new one."""
    twitch = of(websocket)
    await websocket.accept()
    try:
        room = _room(twitch, websocket.path_params["login"])
    except NoSuchPerson:
        await websocket.close()
        return
    after = websocket.query_params.get("after", "0")
    number = int(after) if after.isascii() and after.isdigit() and len(after) < 16 else 0
    works = [
        asyncio.create_task(_send(twitch, websocket, room, number)),
        asyncio.create_task(_until_gone(websocket)),
    ]
    try:
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for work in works:
            work.cancel()


async def _send(twitch: LocalTwitch, websocket: WebSocket, room: Person, number: int) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            # Had before looking, so that nothing written in between is overlooked.
            news = twitch.chat.news(room["id"])
            for row in twitch.chat.after(room["id"], number, SHOWN):
                await websocket.send_json(_line(twitch, room, row))
                number = row["id"]
            await news.wait()


async def _until_gone(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _room(twitch: LocalTwitch, login: str) -> Person:
    room = twitch.people.by_login(login)
    if room["gone"]:
        raise NoSuchPerson(login)
    return room


def _line(twitch: LocalTwitch, room: Person, row: sqlite3.Row) -> dict[str, Any]:
    chatter = twitch.people.get(row["user_id"])
    return {
        "id": row["id"],
        "at": rfc3339_nanoseconds(row["at_ns"]),
        "name": row["name"],
        "login": row["login"],
        "text": row["text"],
        "badges": [badge["set_id"] for badge in badges(twitch.people, chatter, room)],
    }


def _log_in(request: Request, login: str) -> Response:
    try:
        person = of(request).people.by_login(login)
    except NoSuchPerson:
        return _answer(request, 400, "Nobody is called so (any more).")
    if person["gone"] or not person["can_log_in"]:
        return _answer(request, 400, f"{person['login']} cannot log in.")
    remember(back := _back(request), person)
    return back


def _kept(request: Request) -> str:
    """What goes along from page to page: whose frame it is, and how it looks."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "wrong"]
    return urlencode(kept)


def _back(request: Request, wrong: str = "") -> RedirectResponse:
    query = "&".join(filter(None, [_kept(request), urlencode({"wrong": wrong}) if wrong else ""]))
    return RedirectResponse(f"{request.url.path}?{query}", status_code=303)


def _answer(request: Request, status: int, sentence: str) -> Response:
    """For a script its status and sentence; for a form the page again, with the sentence."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"sentence": sentence}, status_code=status)
    return _back(request, sentence)
