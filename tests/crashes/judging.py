"""Whether what is recorded equals what happened, where Twitch could tell.

Twitch told of a thing when a message about it was delivered, or when it answered a reading that
shows it, once more than workers were killed meanwhile (each may have taken one answer with it).
What it did not tell may be missing, and is listed as untold by the rule that says why; whatever
is recorded must have happened, at its time and once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise, zip_longest
from typing import Any

from tests.crashes.truth import (
    SLACK,
    Activity,
    Deed,
    Patience,
    Records,
    Segment,
    Stream,
    World,
    streams_of,
)

CHANGES = {"title": "changed", "category": "changed", "login": "renamed", "name": "renamed"}


@dataclass
class Verdict:
    """What does not agree, and what Twitch could not tell."""

    wrong: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    # How many things happened that must be, and are, recorded.
    right: int = 0

    def expect(self, holds: bool, what: str) -> None:
        """`what` is wrong unless it holds."""
        if not holds:
            self.wrong.append(what)

    def thing(self, *, is_recorded: bool, is_told: bool, what: str, rule: str) -> None:
        """Something that happened: missing is wrong where Twitch told, and listed where not."""
        if is_told:
            self.expect(is_recorded, f"missing: {what}")
            self.right += is_recorded
        else:
            self.untold.append(f"{what}: {rule}{', yet known' if is_recorded else ''}")

    def __str__(self) -> str:
        lines = [f"{self.right} things that Twitch told are recorded", f"{len(self.wrong)} wrong:"]
        lines += [*self.wrong, f"{len(self.untold)} that Twitch could not tell:", *self.untold]
        return "\n  ".join(lines)


@dataclass(frozen=True)
class _State:
    """A value from a moment on."""

    value: str
    at: datetime
    heard_at: datetime | None
    # The last message before it about the same: within the lag of which polls are not believed.
    pushed_at: datetime | None


def judge(before: Records, world: World, after: Records, patience: Patience) -> Verdict:
    """The whole day."""
    judging = _Judging(before, world, after, patience)
    judging.streams()
    judging.raids()
    for name in CHANGES:
        judging.changes(name)
    judging.snapshots()
    judging.broadcasts()
    return judging.verdict


class _Judging:
    def __init__(self, before: Records, world: World, after: Records, patience: Patience) -> None:
        self.verdict = Verdict()
        self._before, self._after, self._world, self._patience = before, after, world, patience
        self._deeds = world.deeds(after.heard)
        self._streams = streams_of(before, self._deeds)
        self._by_key: dict[tuple[str, str], Activity] = {}
        for one in after.activities:
            self._by_key[one.whose, one.key] = one
            self.verdict.expect(one.is_announced, f"not announced: {one}")
        for message_id, worked_at in after.heard.items():
            is_done = worked_at is not None
            self.verdict.expect(is_done, f"acknowledged, and not worked at: {message_id}")

    # --- On and off the air

    def streams(self) -> None:
        """Beginnings and ends by the world's stream ids, and nothing beside them."""
        keys = set()
        for streams in self._streams.values():
            for number, stream in enumerate(streams):
                keys |= {
                    (stream.whose, f"{kind}:{stream.stream_id}") for kind in ("online", "offline")
                }
                if stream.online:
                    self._beginning(stream, stream.online)
                if stream.offline:
                    self._end(stream, stream.offline, streams[number + 1 :])
        for one in self._after.activities:
            if one.kind in ("online", "offline"):
                self.verdict.expect((one.whose, one.key) in keys, f"invented: {one}")

    def _beginning(self, stream: Stream, deed: Deed) -> None:
        known = self._by_key.get((stream.whose, f"online:{stream.stream_id}"))
        self.verdict.thing(
            is_recorded=known is not None,
            is_told=self._began_surely(stream) is not None,
            what=f"{_when(deed.at)} {deed.event['broadcaster_user_login']} went live",
            rule="no message, and over before a reading that no kill spoilt",
        )
        if known:
            self.verdict.expect(known.at == stream.began_at, f"{deed.at} is not when {known}")

    def _began_surely(self, stream: Stream) -> datetime | None:
        """When we knew that it was on the air, at the latest; None where Twitch did not tell."""
        deed, end = stream.online, stream.offline.at if stream.offline else None
        if deed is None:
            return stream.began_at
        if deed.told:
            return deed.heard_at or deed.at
        answers = self._world.answers("streams", deed.at, end)
        lost = self._world.lost(deed.at, end)
        return answers[lost] if len(answers) > lost else None

    def _end(self, stream: Stream, deed: Deed, later: Sequence[Stream]) -> None:
        known = self._by_key.get((stream.whose, f"offline:{stream.stream_id}"))
        begun = [one.online for one in later if one.online]
        until = begun[0].at if begun else None
        began = self._began_surely(stream)
        is_read = False
        if began is not None:
            # Two rounds in a row lack it, when it is older than Twitch's lists lag.
            since = max(deed.at, began, stream.began_at + self._patience.cache_lag + SLACK)
            is_read = self._world.said("streams", since, until, 2)
        self.verdict.thing(
            is_recorded=known is not None,
            is_told=deed.told or is_read,
            what=f"{_when(deed.at)} {deed.event['broadcaster_user_login']} went offline",
            rule="no message, and back on the air before two rounds that no kill spoilt",
        )
        if known is None:
            return
        # Where no message told of it, it ended at the latest where the next one began of which
        # we know: another that came and went meanwhile, untold as well, leaves no trace.
        known_later = [
            one for one in later if (one.whose, f"online:{one.stream_id}") in self._by_key
        ]
        beginning = known_later[0].began_at if known_later else None
        latest = deed.at if deed.told else beginning
        is_within = deed.at - SLACK <= known.at and (latest is None or known.at <= latest + SLACK)
        self.verdict.expect(is_within, f"{deed.at} is not when {known}")
        lasted = known.details["lasted_seconds"]
        true = (known.at - stream.began_at).total_seconds()
        is_true = lasted is None or abs(lasted - true) <= 1
        self.verdict.expect(is_true, f"lasted {true}, not as {known}")

    # --- Raids

    def raids(self) -> None:
        """Each once for either side, by messages alone."""
        taken: set[str] = set()
        for deed in self._deeds:
            if deed.kind == "channel.raid":
                for side, other, kind in (("to", "from", "raid_in"), ("from", "to", "raid_out")):
                    self._raid(deed, side, other, kind, taken)
        for one in self._after.activities:
            if one.kind in ("raid_in", "raid_out"):
                self.verdict.expect(f"{one.whose} {one.key}" in taken, f"invented: {one}")

    def _raid(self, deed: Deed, side: str, other: str, kind: str, taken: set[str]) -> None:
        whose, actor = (deed.event[f"{one}_broadcaster_user_id"] for one in (side, other))
        if whose not in self._before.streamers:
            return
        found = [
            one
            for one in self._after.activities
            if (one.whose, one.kind, one.actor) == (whose, kind, actor)
            and one.details == {"viewers": deed.event["viewers"]}
            and abs(one.at - deed.at) <= SLACK
        ]
        taken |= {f"{one.whose} {one.key}" for one in found}
        self.verdict.expect(len(found) < 2, f"doubled: {found}")
        names = [deed.event[f"{one}_broadcaster_user_login"] for one in ("from", "to")]
        self.verdict.thing(
            is_recorded=bool(found),
            is_told=deed.told,
            what=f"{_when(deed.at)} {names[0]} raided {names[1]} ({kind})",
            rule="Twitch tells of raids by messages alone",
        )

    # --- Titles, categories, names

    def changes(self, name: str) -> None:
        """The values of one field make a chain from the first to the last, in their order."""
        recorded: defaultdict[str, list[Activity]] = defaultdict(list)
        for one in self._after.activities:
            if one.kind == CHANGES[name] and name in one.details:
                recorded[one.whose].append(one)
        for whose, snapshot in self._before.streamers.items():
            states = self._states(whose, name, str(snapshot[name]))
            self._chain(name, states, recorded[whose], str(snapshot[name]))

    def _states(self, whose: str, name: str, value: str) -> list[_State]:
        """What the field was made, one after the other."""
        states: list[_State] = []
        pushed_at: datetime | None = None
        for deed in self._deeds:
            if deed.kind not in ("channel.update", "user.update") or deed.whose != whose:
                continue
            if (new := _value(deed, name)) not in (None, value):
                heard_at = (deed.heard_at or deed.at) if deed.told else None
                states.append(_State(str(new), deed.at, heard_at, pushed_at))
                value = str(new)
            if deed.told:
                pushed_at = deed.at
        return states

    def _chain(
        self, name: str, states: Sequence[_State], recorded: Sequence[Activity], first: str
    ) -> None:
        olds = [one.details[name]["old"] for one in recorded]
        news = [one.details[name]["new"] for one in recorded]
        self.verdict.expect(olds == [first, *news][: len(olds)], f"no chain of {name}: {recorded}")
        order = {state.value: number for number, state in enumerate(states)}
        invented = [value for value in news if value not in order]
        self.verdict.expect(not invented, f"invented as {name}: {invented}")
        places = [order[value] for value in news if value in order]
        self.verdict.expect(all(a < b for a, b in pairwise(places)), f"{name} not in order: {news}")
        by_value = {one.details[name]["new"]: one for one in recorded}
        for state, following in zip_longest(states, states[1:]):
            known = by_value.get(state.value)
            self.verdict.thing(
                is_recorded=known is not None,
                is_told=self._was_told(name, state, following),
                what=f"{_when(state.at)} {name} became {state.value!r}",
                rule="changed again before a message or a reading said so",
            )
            if known:
                is_after = known.at >= state.at - self._patience.merged - SLACK
                is_before = following is None or known.at <= following.at + SLACK
                self.verdict.expect(is_after and is_before, f"{state.at} is not when {known}")

    def _was_told(self, name: str, state: _State, following: _State | None) -> bool:
        """The last value always: whatever is so in the end, readings say."""
        if following is None:
            return True
        if state.heard_at is not None and state.heard_at < following.at:
            return True
        if CHANGES[name] == "renamed":
            # Any message about the streamer keeps readings of names from being believed.
            return False
        since = state.at
        if state.pushed_at is not None:
            since = max(since, state.pushed_at + self._patience.cache_lag + SLACK)
        return self._world.said("channels", since, following.at, 1)

    # --- As it is now

    def snapshots(self) -> None:
        """In the end everything that is shown is as it is at Twitch."""
        for whose, first in self._before.streamers.items():
            true: dict[str, Any] = dict(first)
            for deed in self._deeds:
                if deed.whose == whose and deed.kind in ("channel.update", "user.update"):
                    true |= {n: v for n in CHANGES if (v := _value(deed, n)) is not None}
            streams = self._streams.get(whose, [])
            live = streams[-1] if streams and not streams[-1].offline else None
            true["stream_id"] = live.stream_id if live else ""
            true["started_at"] = live.began_at if live else None
            shown = self._after.streamers[whose]
            self.verdict.expect(shown == true, f"shown is {shown}, true {true}")

    # --- Segments and Broadcasts

    def broadcasts(self) -> None:
        """A Segment for each stream we know of, in Broadcasts as long as these."""
        by_stream = {(one.whose, one.stream_id): one for one in self._after.segments}
        for streams in self._streams.values():
            for stream in streams:
                if segment := by_stream.pop((stream.whose, stream.stream_id), None):
                    self._segment(stream, segment)
                else:
                    keys = {
                        (stream.whose, f"{k}:{stream.stream_id}") for k in ("online", "offline")
                    }
                    self.verdict.expect(not keys & self._by_key.keys(), f"no segment: {stream}")
        self.verdict.expect(not by_stream, f"invented: {list(by_stream)}")
        parts: defaultdict[int, list[Segment]] = defaultdict(list)
        for segment in self._after.segments:
            parts[segment.broadcast].append(segment)
        self.verdict.expect(parts.keys() == self._after.broadcasts.keys(), "empty Broadcasts")
        for number, segments in parts.items():
            ends = [one.end for one in segments]
            known = [end for end in ends if end is not None]
            true = (segments[0].began_at, max(known) if len(known) == len(ends) else None)
            is_right = self._after.broadcasts.get(number) == true
            self.verdict.expect(is_right, f"Broadcast {number} is not {segments}")
        self._gaps()

    def _segment(self, stream: Stream, segment: Segment) -> None:
        if segment.is_beginning_known:
            is_right = segment.began_at == stream.began_at
            self.verdict.expect(is_right, f"{stream} is not {segment}")
        if stream.offline is None:
            self.verdict.expect(segment.end is None, f"{stream} is live: {segment}")
            return
        end = self._by_key.get((stream.whose, f"offline:{stream.stream_id}"))
        if end is not None:
            is_right = segment.is_end_known and segment.end == max(end.at, segment.began_at)
        else:
            is_right = segment.end is not None and segment.end <= stream.offline.at + SLACK
        self.verdict.expect(is_right, f"{stream} does not end as {segment}")

    def _gaps(self) -> None:
        """Gaps shorter than the grace are within a Broadcast, others between two."""
        by_streamer: defaultdict[str, list[Segment]] = defaultdict(list)
        for segment in self._after.segments:
            by_streamer[segment.whose].append(segment)
        for one, following in _neighbours(by_streamer.values()):
            gap = following.began_at - (one.end or following.began_at)
            is_joined = one.broadcast == following.broadcast
            is_right = is_joined == (gap < self._patience.grace)
            self.verdict.expect(is_right, f"gap of {gap} between {one} and {following}")


def _neighbours(groups: Iterable[Sequence[Segment]]) -> Iterable[tuple[Segment, Segment]]:
    for group in groups:
        yield from pairwise(group)


def _value(deed: Deed, name: str) -> str | None:
    """What the deed made of the field; None where it is about others."""
    fields = {
        "channel.update": {"title": "title", "category": "category_name"},
        "user.update": {"login": "user_login", "name": "user_name"},
    }
    found = fields.get(deed.kind, {}).get(name)
    return None if found is None else str(deed.event[found])


def _when(at: datetime) -> str:
    return at.strftime("%H:%M:%S")
