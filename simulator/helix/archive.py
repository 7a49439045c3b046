"""What is kept of streams: videos, clips, schedules."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from simulator.archive import WEEK, Clip, NotKept, Slot, Video
from simulator.clock import rfc3339
from simulator.helix import reading
from simulator.helix.calls import Call, HelixError, answer_data
from simulator.people import Person

T = TypeVar("T", Video, Clip)
KINDS = ("all", "archive", "highlight", "upload")
PERIODS = {"all": 0, "day": 86_400, "week": WEEK, "month": 30 * 86_400}
SORTS: dict[str, Callable[[Video], float]] = {
    "time": lambda video: -video.begun_at,
    "trending": lambda video: -video.views / (1 + video.seconds),
    "views": lambda video: -video.views,
}
# So many weeks ahead does a schedule tell.
WEEKS = 8
# The year 2100.
FARTHEST = 4_102_444_800
USUAL_SEGMENTS, MOST_SEGMENTS = 20, 25


async def videos(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-videos"""
    query = call.request.query_params
    kind, sort = _one_of(query, "type", KINDS), _one_of(query, "sort", tuple(SORTS), "time")
    since = call.twitch.clock.now() - PERIODS[_one_of(query, "period", tuple(PERIODS))]
    archive = call.twitch.archive
    found = _looked_up(call, "user_id", archive.video, archive.videos_of)
    if query.get("id") and not found:
        raise HelixError(404, "No videos were found")
    chosen = [
        video
        for video in found
        if kind in ("all", video.kind)
        and (query.get("period", "all") == "all" or video.begun_at > since)
    ]
    return _page(call, [_video(call, video) for video in sorted(chosen, key=SORTS[sort])])


async def clips(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-clips"""
    query, archive = call.request.query_params, call.twitch.archive
    begin, end = _moment(query, "started_at"), _moment(query, "ended_at")
    if begin is not None and end is None:
        end = begin + WEEK
    found = [
        clip
        for clip in _looked_up(call, "broadcaster_id", archive.clip, archive.clips_of)
        if (begin is None or begin <= clip.made_at)
        and (begin is None or end is None or clip.made_at <= end)
        and (not query.get("is_featured") or clip.featured == reading.flag(query, "is_featured"))
    ]
    found.sort(key=lambda clip: (-clip.views, clip.id))
    return _page(call, [_clip(call, clip) for clip in found])


async def schedule(call: Call) -> Response:
    """https://dev.twitch.tv/docs/api/reference#get-channel-stream-schedule"""
    query = call.request.query_params
    people = call.twitch.people.present([reading.need(query, "broadcaster_id")], [])
    slots = call.twitch.archive.slots_of(people[0]) if people else []
    if not slots:
        raise HelixError(404, "segments were not found")
    first = _first_segments(query)
    begin = reading.offset(query, first)
    since = _moment(query, "start_time") or call.twitch.clock.now()
    if not 0 <= since < FARTHEST:
        raise HelixError(400, 'The parameter "start_time" is too far away')
    (ids,) = reading.several(query, "id")
    segments = [one for one in _segments(call, slots, since) if not ids or one["id"] in ids]
    person = people[0]
    data = {
        "segments": segments[begin : begin + first],
        "broadcaster_id": person["id"],
        "broadcaster_name": person["name"],
        "broadcaster_login": person["login"],
        "vacation": None,
    }
    more = len(segments) > begin + first
    pages = reading.pagination(begin, begin + first, more=more)
    # The one list of Helix that stands in an object.
    return JSONResponse({"data": data, "pagination": pages})


def _looked_up(
    call: Call, whose: str, one: Callable[[str], T], of: Callable[[Person], list[T]]
) -> list[T]:
    """By exactly one of id, person and game, as the query names."""
    query = call.request.query_params
    ids, people, games = (reading.several(query, name)[0] for name in ("id", whose, "game_id"))
    if sum(map(bool, (ids, people, games))) != 1 or len(people) > 1 or len(games) > 1:
        raise HelixError(400, f"The request must name exactly one of id, {whose} and game_id")
    if ids:
        kept = [_or_none(one, wanted) for wanted in ids]
        return [each for each in kept if each is not None]
    twitch = call.twitch
    rows = twitch.people.present(people, []) if people else twitch.people.who_streamed()
    found = [each for row in rows for each in of(row)]
    return [each for each in found if not games or each.category_id == games[0]]


def _or_none(one: Callable[[str], T], wanted: str) -> T | None:
    try:
        return one(wanted)
    except NotKept:
        return None


def _page(call: Call, items: list[dict[str, Any]]) -> Response:
    query = call.request.query_params
    page = reading.first(query, 20)
    begin = reading.offset(query, page)
    more = len(items) > begin + page
    pages = reading.pagination(begin, begin + page, more=more)
    return answer_data(items[begin : begin + page], pagination=pages)


def _video(call: Call, video: Video) -> dict[str, Any]:
    person, origin = call.twitch.people.get(video.person_id), call.twitch.config.origin
    muted = [{"offset": video.muted[0], "duration": video.muted[1]}] if video.muted else None
    return {
        "id": video.id,
        "stream_id": video.stream_id or None,
        "user_id": person["id"],
        "user_login": person["login"],
        "user_name": person["name"],
        "title": video.title,
        "description": "",
        "created_at": rfc3339(video.begun_at),
        "published_at": rfc3339(video.begun_at),
        "url": f"{origin}/videos/{video.id}",
        "thumbnail_url": f"{origin}/pictures/video-{video.id}-%{{width}}x%{{height}}.svg",
        "viewable": "public",
        "view_count": video.views,
        "language": person["language"],
        "type": video.kind,
        "duration": _duration(video.seconds),
        "muted_segments": muted,
    }


def _duration(seconds: int) -> str:
    """3h21m10s, 21m10s or 10s, as Twitch writes it."""
    hours, minutes = seconds // 3600, seconds // 60 % 60
    parts = f"{hours}h" if hours else ""
    parts += f"{minutes}m" if hours or minutes else ""
    return f"{parts}{seconds % 60}s"


def _clip(call: Call, clip: Clip) -> dict[str, Any]:
    people, origin = call.twitch.people, call.twitch.config.origin
    person, maker = people.get(clip.person_id), people.get(clip.maker_id)
    return {
        "id": clip.id,
        "url": f"{origin}/clips/{clip.id}",
        "embed_url": f"{origin}/clips/embed?clip={clip.id}",
        "broadcaster_id": person["id"],
        "broadcaster_name": person["name"],
        "creator_id": maker["id"],
        "creator_name": maker["name"],
        "video_id": clip.video_id,
        "game_id": clip.category_id,
        "language": person["language"],
        "title": clip.title,
        "view_count": clip.views,
        "created_at": rfc3339(clip.made_at),
        "thumbnail_url": f"{origin}/pictures/clip-{clip.id}-480x272.svg",
        "duration": clip.seconds,
        "vod_offset": clip.offset if clip.video_id else None,
        "is_featured": clip.featured,
    }


def _segments(call: Call, slots: list[Slot], since: float) -> list[dict[str, Any]]:
    found = [
        (begin, slot, week)
        for slot in slots
        for week in range(_weeks(slot, since), _weeks(slot, since) + WEEKS)
        if (begin := slot.first + week * WEEK) >= since
    ]
    return [_segment(call, *one) for one in sorted(found, key=lambda one: one[0])]


def _weeks(slot: Slot, since: float) -> int:
    return max(0, int((since - slot.first) // WEEK))


def _segment(call: Call, begin: float, slot: Slot, week: int) -> dict[str, Any]:
    year, number, _ = datetime.fromtimestamp(begin, UTC).isocalendar()
    inside = {"segmentID": slot.id, "isoYear": year, "isoWeek": number}
    name = call.twitch.people.category_name(slot.category_id)
    end = rfc3339(begin + slot.seconds)
    return {
        "id": base64.b64encode(json.dumps(inside, separators=(",", ":")).encode()).decode(),
        "start_time": rfc3339(begin),
        "end_time": end,
        "title": slot.title,
        "canceled_until": end if slot.cancelled == week else None,
        "category": {"id": slot.category_id, "name": name} if name else None,
        "is_recurring": True,
    }


def _first_segments(query: QueryParams) -> int:
    first = reading.first(query, USUAL_SEGMENTS)
    if first > MOST_SEGMENTS:
        raise HelixError(
            400, 'The parameter "first" was malformed: the value must be between 1 and 25'
        )
    return first


def _one_of(query: QueryParams, name: str, known: tuple[str, ...], usual: str = "all") -> str:
    value = query.get(name) or usual
    if value not in known:
        raise HelixError(
            400, f'The parameter "{name}" was malformed: it must be one of {", ".join(known)}'
        )
    return value


def _moment(query: QueryParams, name: str) -> float | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise HelixError(400, f'The parameter "{name}" must be a time as in RFC 3339') from None
