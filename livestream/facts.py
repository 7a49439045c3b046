"""What is said about a stream while it plays: on the air or ended, title, category, viewers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Max
from django.utils import timezone

from activity.models import Broadcast
from livestream import asking
from livestream.asking import Kept
from livestream.channels import Channel
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import LiveStream

# An end that is older is not what a viewer waits to hear of.
RECENT = timedelta(hours=12)
# Of a number of viewers that is older nothing is said.
VIEWERS_SECONDS = 120
STREAMS = asking.Kind("stream", fresh_seconds=20, kept_seconds=6 * 3600)


@dataclass(frozen=True, slots=True)
class Airing:
    """What Get Streams last said of a channel; `ended_at` is when it was first not listed."""

    stream: LiveStream | None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """About a channel now. `is_live` is None while nobody knows.

    `viewers` is None when unknown, `ended_at` when the end is long ago or was not heard of.
    """

    channel: Channel
    is_live: bool | None = None
    title: str = ""
    category_name: str = ""
    viewers: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    problem: str = ""


def facts_of(channels: Sequence[Channel], twitch: Helix | None) -> list[Facts]:
    """What is known about these channels (1 query when one is off the air, else none).

    At most one call to Twitch, 5 s a phase, for all of them and for everybody who watches them;
    without `twitch` none.
    """
    ids = [one.twitch_id for one in channels if one.twitch_id]
    if twitch is None:
        airings = asking.known(STREAMS, ids)
    else:
        airings = asking.ask(STREAMS, ids, partial(_airings, twitch))
    ended = _ended(channels)
    return [_facts(one, airings.get(one.twitch_id), ended) for one in channels]


def _airings(twitch: Helix, ids: Sequence[str], before: Mapping[str, Kept]) -> dict[str, Airing]:
    live = {one.twitch_id: one for one in twitch.live_streams(ids)}
    return {one: _airing(live.get(one), before.get(one)) for one in ids}


def _airing(stream: LiveStream | None, before: Kept | None) -> Airing:
    if stream is not None or before is None:
        return Airing(stream)
    was: Airing = before.value
    return Airing(None, ended_at=timezone.now() if was.stream else was.ended_at)


def _ended(channels: Sequence[Channel]) -> dict[int, datetime]:
    """When the last broadcast of each watched streamer ended who is off the air."""
    pks = [one.streamer.pk for one in channels if one.streamer and not one.streamer.is_live]
    if not pks:
        return {}
    last = Broadcast.objects.filter(streamer__in=pks, ended_at__isnull=False)
    ends = last.order_by().values_list("streamer").annotate(Max("ended_at"))
    return {pk: ended_at for pk, ended_at in ends if ended_at > timezone.now() - RECENT}


def _facts(channel: Channel, kept: Kept | None, ended: Mapping[int, datetime]) -> Facts:
    airing: Airing | None = kept.value if kept else None
    viewers = _viewers(kept, airing)
    if streamer := channel.streamer:
        return Facts(
            channel,
            is_live=streamer.is_live,
            title=streamer.title,
            category_name=streamer.category_name,
            viewers=viewers if streamer.is_live else None,
            started_at=streamer.live_started_at if streamer.is_live else None,
            ended_at=ended.get(streamer.pk),
        )
    if airing is None:
        kind, name = (STREAMS, channel.twitch_id)
        return Facts(channel, problem=asking.trouble(kind, name))
    if airing.stream is None:
        return Facts(channel, is_live=False, ended_at=airing.ended_at)
    on_air = _of_stream(channel, airing.stream)
    return replace(on_air, viewers=viewers)


def _of_stream(channel: Channel, stream: LiveStream) -> Facts:
    return Facts(
        channel,
        is_live=True,
        title=stream.title,
        category_name=stream.category_name,
        started_at=stream.started_at,
    )


def _viewers(kept: Kept | None, airing: Airing | None) -> int | None:
    if kept is None or airing is None or airing.stream is None:
        return None
    is_new = kept.as_of > timezone.now() - timedelta(seconds=VIEWERS_SECONDS)
    return max(0, airing.stream.viewer_count) if is_new else None
