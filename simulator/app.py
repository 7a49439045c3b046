"""The Starlette application: which address leads where."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from simulator import (
    chat_page,
    consent,
    control,
    control_page,
    eventsub_socket,
    oauth,
    pictures,
    player,
)
from simulator.helix import archive, eventsub, follows, people, streams
from simulator.helix.calls import Handler, endpoint, error_response
from simulator.local_twitch import LocalTwitch
from simulator.pages import STATIC, page

log = logging.getLogger("simulator")

Alarm = Callable[[], None]


def create_app(twitch: LocalTwitch, alarm: Alarm) -> Starlette:
    """The application around `twitch`; `alarm` is called when courier or life have died."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        works = (twitch.courier.run(), twitch.life.run(), twitch.keep_house())
        tasks = [asyncio.create_task(work) for work in works]
        for task in tasks:
            task.add_done_callback(lambda done: _watch(done, alarm))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            twitch.store.close()

    app = Starlette(
        routes=[*_oauth(), _helix(), *_sockets(), *_frames(), *_control(), *_pictures()],
        exception_handlers={HTTPException: _not_here},
        lifespan=lifespan,
    )
    app.state.twitch = twitch
    return app


def _watch(task: asyncio.Task[None], alarm: Alarm) -> None:
    with suppress(asyncio.CancelledError):
        if error := task.exception():
            log.critical("The local Twitch is broken", exc_info=error)
            alarm()


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _oauth() -> list[Route]:
    return [
        Route("/oauth2/authorize", consent.ask, methods=["GET"]),
        Route("/oauth2/authorize", consent.decide, methods=["POST"]),
        Route("/oauth2/token", oauth.token, methods=["POST"]),
        Route("/oauth2/validate", oauth.validate, methods=["GET"]),
        Route("/oauth2/revoke", oauth.revoke, methods=["POST"]),
    ]


def _helix() -> Mount:
    reads: dict[str, Handler] = {
        "/users": people.users,
        "/search/channels": people.search_channels,
        "/channels": people.channels,
        "/games": people.games,
        "/games/top": people.top_games,
        "/videos": archive.videos,
        "/clips": archive.clips,
        "/schedule": archive.schedule,
        "/streams": streams.streams,
        "/streams/followed": streams.followed,
        "/channels/followers": follows.followers,
        "/channels/followed": follows.followed,
    }
    routes = [Route(path, endpoint(handler), methods=["GET"]) for path, handler in reads.items()]
    subscriptions = {"GET": eventsub.show, "POST": eventsub.create, "DELETE": eventsub.delete}
    routes += [
        Route("/eventsub/subscriptions", endpoint(handler), methods=[method])
        for method, handler in subscriptions.items()
    ]
    return Mount("/helix", routes=routes)


def _sockets() -> list[BaseRoute]:
    return [
        WebSocketRoute("/ws", eventsub_socket.serve),
        WebSocketRoute("/embed/{login}/chat/lines", chat_page.lines),
    ]


def _frames() -> list[Route]:
    return [
        Route("/player/", player.show, methods=["GET"]),
        Route("/player/state", player.state, methods=["GET"]),
        Route("/embed/{login}/chat", chat_page.show, methods=["GET"]),
        Route("/embed/{login}/chat", chat_page.write, methods=["POST"]),
        Route("/clips/embed", player.clip_frame, methods=["GET"]),
        Route("/clips/{slug}", player.clip_page, methods=["GET"]),
        Route("/videos/{id}", player.video_page, methods=["GET"]),
    ]


def _control() -> list[Route | Mount]:
    return [
        Route("/health", _health, methods=["GET"]),
        Route("/", control_page.show, methods=["GET"]),
        Route("/do/{what}", control_page.do, methods=["POST"]),
        Route("/control/events", control.events, methods=["POST"]),
        Route("/control/world", control.world, methods=["POST"]),
        Route("/control/world", control.show_world, methods=["GET"]),
        Route("/control/faults", control.faults, methods=["POST"]),
        Route("/control/faults", control.show_faults, methods=["GET"]),
        Route("/control/people", control.show_people, methods=["GET"]),
        Route("/control/messages", control.show_messages, methods=["GET"]),
        Route("/control/log", control.show_log, methods=["GET"]),
        Route("/control/visits", control.show_visits, methods=["GET"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]


def _pictures() -> list[Route]:
    size = "{width:int}x{height:int}"
    return [
        Route(f"/pictures/live-{{id}}-{size}.svg", pictures.thumbnail, methods=["GET"]),
        Route(f"/pictures/game-{{id}}-{size}.svg", pictures.box_art, methods=["GET"]),
        Route(f"/pictures/video-{{id}}-{size}.svg", pictures.moment, methods=["GET"]),
        Route(f"/pictures/clip-{{id}}-{size}.svg", pictures.moment, methods=["GET"]),
        Route("/pictures/{id}.svg", pictures.profile, methods=["GET"]),
    ]


async def _not_here(request: Request, error: Exception) -> Response:
    """404 and 405 in the words of the place: Helix and control in JSON, the rest as a page."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(("/helix", "/control", "/oauth2")):
        response: Response = error_response(error.status_code, error.detail)
    else:
        response = page(request, "error.html", {"reason": error.detail}, status=error.status_code)
    response.headers.update(error.headers or {})
    return response
