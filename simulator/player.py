"""`/player/`, videos and clips: pages that show a picture where Twitch shows one that moves."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator import pictures
from simulator.archive import Clip, NotKept, Video
from simulator.clock import rfc3339
from simulator.framing import framed
from simulator.local_twitch import LocalTwitch, of
from simulator.pages import page
from simulator.people import NoSuchPerson, Person

NOBODY = "There is no channel called {login}."
NO_VIDEO = "There is no such video (any more)."
NO_CLIP = "There is no such clip (any more)."
NOTHING = "The address names neither a channel nor a video."
SIZE = {"width": 1280, "height": 720}


async def show(request: Request) -> Response:
    """GET /player/?channel=|video=&parent=&muted=&autoplay="""
    twitch, query = of(request), request.query_params
    if query.get("video"):
        return _recorded(request, lambda: twitch.archive.video(query["video"].lstrip("v")))
    if not query.get("channel"):
        return framed(request, "framed.html", {"sentence": NOTHING}, status=400)
    try:
        person = _present(twitch, query["channel"])
    except NoSuchPerson as error:
        sentence = NOBODY.format(login=error)
        return framed(request, "framed.html", {"sentence": sentence}, status=404)
    return framed(request, "player.html", _switches(request) | _live(twitch, person))


async def state(request: Request) -> Response:
    """GET /player/state?channel=: which stream is on, and how many watch it."""
    twitch = of(request)
    try:
        person = _present(twitch, request.query_params.get("channel", ""))
    except NoSuchPerson:
        return JSONResponse({"stream": "", "viewers": 0, "title": ""}, status_code=404)
    return JSONResponse(
        {
            "stream": person["stream_id"] or "",
            "viewers": twitch.people.viewers(person),
            "title": person["title"],
        },
        headers={"Cache-Control": "no-store"},
    )


async def clip_frame(request: Request) -> Response:
    """GET /clips/embed?clip=&parent="""
    twitch, slug = of(request), request.query_params.get("clip", "")
    return _recorded(request, lambda: twitch.archive.clip(slug))


async def video_page(request: Request) -> Response:
    """GET /videos/<id>: where Twitch's own page of a video is."""
    twitch, number = of(request), request.path_params["id"]
    return _own_page(request, lambda: twitch.archive.video(number))


async def clip_page(request: Request) -> Response:
    """GET /clips/<slug>: where Twitch's own page of a clip is."""
    twitch, slug = of(request), request.path_params["slug"]
    return _own_page(request, lambda: twitch.archive.clip(slug))


def _present(twitch: LocalTwitch, login: str) -> Person:
    person = twitch.people.by_login(login)
    if person["gone"]:
        raise NoSuchPerson(login)
    return person


def _switches(request: Request) -> dict[str, Any]:
    """Twitch's defaults: it plays at once, and is heard."""
    query = request.query_params
    return {
        "muted": query.get("muted", "false") == "true",
        "plays": query.get("autoplay", "true") != "false",
    }


def _live(twitch: LocalTwitch, person: Person) -> dict[str, Any]:
    live = person["stream_id"] is not None
    picture = pictures.thumbnail_url("", person) if live else pictures.profile_url("", person)
    return {
        "person": person,
        "live": live,
        "picture": picture.format(**SIZE),
        "begun_at": rfc3339(person["started_at"]) if live else "",
        "seconds": int(twitch.clock.now() - person["started_at"]) if live else 0,
        "viewers": twitch.people.viewers(person),
        "category": twitch.people.category_name(person["category_id"]),
    }


def _moment(request: Request, found: Video | Clip) -> dict[str, Any]:
    twitch = of(request)
    return {
        "person": twitch.people.get(found.person_id),
        "title": found.title,
        "seconds": int(found.seconds),
        "picture": f"/pictures/{found.word}-{found.id}-1280x720.svg",
    }


def _recorded(request: Request, look_up: Any) -> Response:
    try:
        found: Video | Clip = look_up()
    except NotKept as missing:
        sentence = NO_CLIP if missing.word == Clip.word else NO_VIDEO
        return framed(request, "framed.html", {"sentence": sentence}, status=404)
    return framed(request, "recording.html", _switches(request) | _moment(request, found))


def _own_page(request: Request, look_up: Any) -> Response:
    try:
        found: Video | Clip = look_up()
    except NotKept as missing:
        sentence = NO_CLIP if missing.word == Clip.word else NO_VIDEO
        return page(request, "error.html", {"reason": sentence}, status=404)
    return page(request, "moment.html", _moment(request, found))
