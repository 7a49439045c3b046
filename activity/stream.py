"""`GET /activity/stream/`: server-sent events for open pages.

A small Starlette application in front of Django: a stream that went through a Django view would
hold a thread for as long as it lives. It reads session and subscriptions once and lets go of
the database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from urllib.parse import urlsplit

import anyio
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from accounts.sessions import viewer_of_session
from activity import live_rows
from streamwatch.live import Event, Stream, tailer
from subscriptions import live_states
from subscriptions.models import Subscription

logger = logging.getLogger(__name__)

PATH = "/activity/stream/"
PING_SECONDS = 15
# A viewer who was logged out elsewhere is shown nothing new after at most so long.
RECHECK_SECONDS = 60.0
RETRY_MS = 1000
STOP_SECONDS = 1.0
END = Event("end")


async def stream(request: Request) -> Response:
    """The viewer's stream; 400, 403 or 503 in one line when there is none."""
    if not _is_same_site(request):
        return PlainTextResponse("Streams are for StreamWatch's own pages.", 403)
    after = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        return PlainTextResponse("after must be an activity id", 400)
    session_key = request.cookies.get(settings.SESSION_COOKIE_NAME, "")
    try:
        streamer_ids = await tailer.in_thread(_streamers_of, session_key)
    except DatabaseError:
        logger.warning("stream refused: database away")
        return PlainTextResponse("The database does not answer.", 503, {"Retry-After": "5"})
    if streamer_ids is None:
        return PlainTextResponse("Log in first.", 403)
    opened, stopping = Stream(streamer_ids), anyio.Event()
    return EventSourceResponse(
        _events(opened, streamer_ids, session_key, int(after), stopping),
        ping=PING_SECONDS,
        headers={"Cache-Control": "no-store"},
        shutdown_event=stopping,
        shutdown_grace_period=STOP_SECONDS,
    )


async def _events(
    stream: Stream,
    streamer_ids: Collection[int],
    session_key: str,
    after: int,
    stopping: anyio.Event,
) -> AsyncIterator[ServerSentEvent]:
    # Before the backlog is read, so that nothing falls between the two.
    tailer.open(stream)
    ending = asyncio.create_task(_end(stream, stopping))
    try:
        yield ServerSentEvent(comment="open", retry=RETRY_MS)
        for event in await tailer.in_thread(_backlog, streamer_ids, after):
            yield _sent(event)
        while True:
            news = await stream.next(seconds=RECHECK_SECONDS)
            if news is END:
                return
            if news is not None:
                yield _sent(news)
            elif await tailer.in_thread(_streamers_of, session_key) is None:
                return
    except DatabaseError:
        # The page comes again, and reads its fragments meanwhile.
        logger.warning("stream ended: database away")
    finally:
        ending.cancel()
        tailer.close(stream)


async def _end(stream: Stream, stopping: anyio.Event) -> None:
    """The process is told to stop: a stream ends whole, and the page opens another elsewhere."""
    await stopping.wait()
    stream.put(END)


def _sent(event: Event) -> ServerSentEvent:
    return ServerSentEvent(data=event.html, event=event.kind, id=event.id or None)


def _streamers_of(session_key: str) -> list[int] | None:
    viewer = viewer_of_session(session_key) if session_key else None
    if viewer is None:
        return None
    return list(Subscription.objects.of(viewer).values_list("streamer_id", flat=True))


def _backlog(streamer_ids: Collection[int], after: int) -> list[Event]:
    if not streamer_ids:
        return []
    return live_rows.missed(streamer_ids, after) + live_states.recent(streamer_ids)


def _is_same_site(request: Request) -> bool:
    """Whether a page of ours asks: the host is ours, and the origin, where given, the same."""
    host = request.headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == settings.PUBLIC_URL or urlsplit(origin).netloc == host


application = Starlette(routes=[Route(PATH, stream, methods=["GET"])])
