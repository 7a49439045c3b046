"""Pictures of people, streams and games, drawn as small SVGs."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import Response

from simulator.archive import NotKept
from simulator.content import CATEGORIES
from simulator.local_twitch import of
from simulator.people import NoSuchPerson, Person

DAY = 86_400
MOST_PIXELS = 4_000
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
    ' viewBox="0 0 300 300" preserveAspectRatio="xMidYMid slice">'
    '<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1">'
    '<stop offset="0" stop-color="hsl({hue} 62% 46%)"/>'
    '<stop offset="1" stop-color="hsl({other} 68% 28%)"/></linearGradient></defs>'
    '<rect width="300" height="300" fill="url(#g)"/>'
    '<circle cx="{x}" cy="{y}" r="110" fill="#fff" fill-opacity=".12"/>'
    '<text x="150" y="150" dy=".36em" text-anchor="middle" font-family="sans-serif"'
    ' font-weight="700" font-size="{size}" fill="#fff">{letters}</text></svg>'
)


def profile_url(origin: str, person: Person) -> str:
    """Where the picture of a person is."""
    return f"{origin}/pictures/{person['id']}.svg"


def thumbnail_url(origin: str, person: Person) -> str:
    """Where a stream's picture is, with Twitch's places for width and height."""
    return f"{origin}/pictures/live-{person['id']}-{{width}}x{{height}}.svg"


def box_art_url(origin: str, category_id: str) -> str:
    """Where a game's picture is, with Twitch's places for width and height."""
    return f"{origin}/pictures/game-{category_id}-{{width}}x{{height}}.svg"


async def profile(request: Request) -> Response:
    """GET /pictures/<id>.svg; 404 when nobody has the id."""
    person = _person(request)
    return _drawn(person["name"][:1], person["id"]) if person else _nothing()


async def thumbnail(request: Request) -> Response:
    """GET /pictures/live-<id>-<width>x<height>.svg"""
    person = _person(request)
    return _drawn("▶", person["id"], *_size(request)) if person else _nothing()


async def box_art(request: Request) -> Response:
    """GET /pictures/game-<id>-<width>x<height>.svg"""
    wanted = request.path_params["id"]
    name = next((row[1] for row in CATEGORIES if row[0] == wanted), "")
    return _drawn(name[:2], wanted, *_size(request)) if name else _nothing()


async def moment(request: Request) -> Response:
    """GET /pictures/video-<id>-<width>x<height>.svg and clip-<slug>-..."""
    wanted = request.path_params["id"]
    archive = of(request).archive
    try:
        (archive.clip if "/clip-" in request.url.path else archive.video)(wanted)
    except NotKept:
        return _nothing()
    return _drawn("▶", wanted, *_size(request))


def _person(request: Request) -> Person | None:
    try:
        return of(request).people.get(request.path_params["id"])
    except NoSuchPerson:
        return None


def _size(request: Request) -> tuple[int, int]:
    params = request.path_params
    return min(params["width"], MOST_PIXELS), min(params["height"], MOST_PIXELS)


def _drawn(letters: str, number: str, width: int = 300, height: int = 300) -> Response:
    """Colours follow from the id, so that a person keeps them."""
    chance = int("".join(filter(str.isdigit, number)) or 0) * 2_654_435_761 % 2**32
    hue = chance % 360
    drawing = SVG.format(
        width=width,
        height=height,
        hue=hue,
        other=(hue + 40 + chance // 360 % 60) % 360,
        x=60 + chance // 7 % 180,
        y=50 + chance // 11 % 200,
        size=150 if len(letters) == 1 else 110,
        letters=escape(letters.upper()),
    )
    headers = {"Cache-Control": f"public, max-age={DAY}"}
    return Response(drawing, media_type="image/svg+xml", headers=headers)


def _nothing() -> Response:
    return Response("No such picture.", status_code=404, media_type="text/plain")
