"""What a reading of Twitch's lists says about streamers, as drafts for record().

Only what differs from the snapshot becomes a draft, so that a round in which nothing happened
locks nothing; record() compares again under its lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activity.comparing import CACHE_LAG
from activity.drafts import ChannelState, Draft, Named, Person, WentLive, WentOffline
from activity.models import Absence, Activity
from streamwatch.twitch.payloads import ChannelInformation, LiveStream, Profile
from subscriptions.models import Streamer

POLL = Activity.Source.POLL


@dataclass(frozen=True, slots=True)
class Moment:
    """When Twitch was asked, and when the round began in which it was."""

    asked_at: datetime
    round_began_at: datetime


@dataclass(slots=True)
class StreamsRead:
    """What Get Streams says: drafts, and the absences to write down once they are recorded."""

    drafts: list[Draft] = field(default_factory=list)
    noticed: list[Absence] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)  # Keys of absences that are over.

    def write_absences(self) -> None:
        """At most 2 queries. After record(): killed between, the next round says the same."""
        if self.settled:
            Absence.objects.filter(pk__in=self.settled).delete()
        if self.noticed:
            # Whoever was as far at the same time has noticed the same.
            Absence.objects.bulk_create(self.noticed, ignore_conflicts=True)


def read_streams(
    streamers: Sequence[Streamer], streams: Iterable[LiveStream], moment: Moment
) -> StreamsRead:
    """What the list of streams says about these streamers (1 query).

    The list lags by minutes and flaps just after a beginning. So what it lists proves only
    what was so CACHE_LAG ago, and a stream has ended when two rounds in a row lack it and it
    began longer ago than that; the first of the two is taken for the end.
    """
    listed = {stream.twitch_id: stream for stream in streams}
    absences = {
        absence.streamer_id: absence
        for absence in Absence.objects.filter(streamer__in=[one.pk for one in streamers])
    }
    result = StreamsRead()
    for streamer in streamers:
        absence = absences.get(streamer.pk)
        stream = listed.get(streamer.twitch_id)
        if stream is not None:
            result.drafts += _on_air(streamer, stream, moment)
        elif absence is not None and absence.stream_id == streamer.live_stream_id:
            if absence.noticed_at >= moment.round_began_at:
                continue  # Noticed in this very round, by a worker that was killed.
            result.drafts.append(_ended(streamer, absence.noticed_at))
        elif _may_have_ended(streamer, moment):
            result.noticed.append(
                Absence(
                    streamer=streamer,
                    stream_id=streamer.live_stream_id,
                    noticed_at=moment.asked_at,
                )
            )
        if absence is not None:
            result.settled.append(absence.pk)
    return result


def read_channels(
    streamers: Sequence[Streamer], channels: Iterable[ChannelInformation], asked_at: datetime
) -> list[Draft]:
    """Titles, categories and names that differ from what we know."""
    known = {streamer.twitch_id: streamer for streamer in streamers}
    drafts: list[Draft] = []
    for channel in channels:
        streamer = known.get(channel.twitch_id)
        if streamer is None:
            continue
        category = (channel.category_id, channel.category_name)
        if channel.category_id and not channel.category_name:
            # An answer of a bad day, as below: only no category at all has no name.
            category = (streamer.category_id, streamer.category_name)
        shown = (streamer.title, streamer.category_id, streamer.category_name)
        if shown != (channel.title, *category):
            drafts.append(
                ChannelState(
                    twitch_id=channel.twitch_id,
                    title=channel.title,
                    category_id=category[0],
                    category_name=category[1],
                    as_of=asked_at,
                    source=POLL,
                )
            )
        drafts += _named(streamer, channel, asked_at)
    return drafts


def read_profiles(
    streamers: Sequence[Streamer], profiles: Iterable[Profile], asked_at: datetime
) -> list[Draft]:
    """Names that differ from what we know."""
    known = {streamer.twitch_id: streamer for streamer in streamers}
    return [
        draft
        for profile in profiles
        if profile.twitch_id in known
        for draft in _named(known[profile.twitch_id], profile, asked_at)
    ]


def _on_air(streamer: Streamer, stream: LiveStream, moment: Moment) -> list[Draft]:
    if not stream.stream_id or not stream.started_at or stream.stream_id == streamer.live_stream_id:
        return []
    drafts: list[Draft] = []
    began_at = streamer.live_started_at
    if streamer.live_stream_id and began_at and began_at < stream.started_at:
        # Nobody streams twice at once: the former one was over by then.
        drafts.append(_ended(streamer, stream.started_at))
    went_live = WentLive(
        twitch_id=streamer.twitch_id,
        stream_id=stream.stream_id,
        started_at=stream.started_at,
        as_of=max(stream.started_at, moment.asked_at - CACHE_LAG),
        source=POLL,
    )
    return [*drafts, went_live]


def _ended(streamer: Streamer, at: datetime) -> WentOffline:
    # With the id: what began meanwhile must not be ended by it.
    return WentOffline(
        twitch_id=streamer.twitch_id, stream_id=streamer.live_stream_id, as_of=at, source=POLL
    )


def _may_have_ended(streamer: Streamer, moment: Moment) -> bool:
    began_at = streamer.live_started_at
    is_young = began_at is not None and moment.asked_at - began_at < CACHE_LAG
    return bool(streamer.live_stream_id) and not is_young


def _named(
    streamer: Streamer, told: ChannelInformation | Profile, asked_at: datetime
) -> list[Draft]:
    # Empty ones are answers of a bad day: nobody is called nothing.
    login = told.login.lower() or streamer.login
    name = told.display_name or streamer.display_name
    if (login, name) == (streamer.login, streamer.display_name):
        return []
    person = Person(twitch_id=streamer.twitch_id, login=login, display_name=name)
    return [Named(person=person, as_of=asked_at, source=POLL)]
