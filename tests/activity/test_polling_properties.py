"""Push and poll together: whatever comes when, lags, is lost or repeated, each thing is once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from activity.drafts import Draft
from activity.models import Absence, Activity
from activity.readings import Moment, read_channels, read_streams
from activity.recording import record
from streamwatch.twitch.payloads import ChannelInformation, LiveStream
from subscriptions.models import Streamer
from tests.activity.saying import ANN, at, channel, live, offline, online
from tests.factories import make_streamer

LAG = 299  # Seconds that Twitch's lists may lag, and for which they flap after a beginning.
LATEST = 900  # Seconds that a message may take.
FIRST_TITLE = "Openings"

Telling = tuple[float, Callable[[], None]]


@dataclass
class Stream:
    """One stretch on the air, in seconds after START; `ended` None: it goes on."""

    id: str
    began: float
    ended: float | None = None


@dataclass
class Truth:
    """What Ann really did."""

    streams: list[Stream] = field(default_factory=list)
    titles: list[tuple[float, str]] = field(default_factory=list)

    def last_moment(self) -> float:
        moments = [0.0, *(moment for moment, _ in self.titles)]
        for stream in self.streams:
            moments += [stream.began, stream.ended or stream.began]
        return max(moments)

    def on_air(self, second: float) -> Stream | None:
        for stream in self.streams:
            if stream.began <= second and (stream.ended is None or second < stream.ended):
                return stream
        return None

    def title(self, second: float) -> str:
        return ([FIRST_TITLE] + [text for moment, text in self.titles if moment <= second])[-1]


@st.composite
def truths(draw: st.DrawFn) -> Truth:
    truth = Truth()
    clock = 0.0
    for number in range(draw(st.integers(0, 3))):
        clock += draw(st.integers(1, 1200))
        stream = Stream(f"s{number}", clock)
        truth.streams.append(stream)
        clock += draw(st.integers(1, 2400))
        stream.ended = clock
    goes_on: bool = draw(st.booleans())
    if truth.streams and goes_on:
        truth.streams[-1].ended = None
    clock = 0.0
    for number in range(draw(st.integers(0, 4))):
        clock += draw(st.integers(1, 900))
        truth.titles.append((clock, f"title {number}"))
    return truth


class World:
    """Tells Ann's truth by messages and by lists."""

    def __init__(self, truth: Truth, data: st.DataObject) -> None:
        self.truth = truth
        self.pushed: set[str] = set()
        self._data = data
        self._tellings: list[Telling] = []

    def arrivals(self) -> list[Telling]:
        """All messages that are not lost, some twice, and all readings, by when we hear them."""
        # Twitch has named the stream in an end only since June 2026.
        are_named = self._data.draw(st.booleans())
        for stream in self.truth.streams:
            self._message(stream.began, online(stream.id, stream.began), f"online:{stream.id}")
            if stream.ended is not None:
                end = offline(stream.id if are_named else "", stream.ended)
                self._message(stream.ended, end, f"offline:{stream.id}" if are_named else "")
        for moment, text in self.truth.titles:
            self._message(moment, channel(moment, text, "Chess"), text)
        self._readings()
        return sorted(self._tellings, key=lambda telling: telling[0])

    def _message(self, happened: float, draft: Draft, key: str) -> None:
        delays = self._data.draw(st.lists(st.integers(0, LATEST), max_size=2))
        for delay in delays:
            self.pushed.add(key)
            self._tellings.append((happened + delay, lambda: _record(draft)))

    def _readings(self) -> None:
        """Lists of streams may jump back and forth, titles only lag."""
        end = self.truth.last_moment() + LATEST
        clock, seen = 0.0, 0.0
        while clock < end:
            clock += self._data.draw(st.sampled_from([60, 60, 65, 90, 400]))
            lag = self._data.draw(st.integers(0, LAG))
            seen = max(seen, clock - self._data.draw(st.integers(0, LAG)))
            self._reading(clock, clock - lag, seen, flaps=self._data.draw(st.booleans()))
        for _ in range(3):
            clock += 400
            self._reading(clock, clock, clock, flaps=False)

    def _reading(self, clock: float, streams_at: float, titles_at: float, *, flaps: bool) -> None:
        def read() -> None:
            on_air = self.truth.on_air(streams_at)
            if on_air and flaps and clock - on_air.began < LAG:
                on_air = None
            poll(clock, on_air, self.truth.title(titles_at))

        self._tellings.append((clock, read))


def _record(draft: Draft) -> None:
    record([draft])


def poll(clock: float, on_air: Stream | None, title: str) -> None:
    """One round over Ann, as polling.py does it."""
    ann = Streamer.objects.get(twitch_id=ANN)
    listed = [LiveStream(on_air.id, ANN, at(on_air.began), "", "", "", 1)] if on_air else []
    streams = read_streams([ann], listed, Moment(at(clock), at(clock)))
    record(streams.drafts)
    streams.write_absences()
    told = ChannelInformation(ANN, "ann", "Ann", title, "ssehC", "Chess")
    record(read_channels([ann], [told], at(clock)))


class PollingProperties(TestCase):
    def begin(self) -> None:
        """As if nothing had been told. Not setUp, which Hypothesis calls once for all examples."""
        Activity.objects.all().delete()
        Absence.objects.all().delete()
        Streamer.objects.all().delete()
        make_streamer(
            twitch_id=ANN,
            login="ann",
            display_name="Ann",
            title=FIRST_TITLE,
            category_id="ssehC",
            category_name="Chess",
            live_as_of=at(-LAG),
        )

    @settings(max_examples=60)
    @given(truth=truths(), data=st.data())
    def test_everything_once_in_any_order_with_any_delay(
        self, truth: Truth, data: st.DataObject
    ) -> None:
        self.begin()
        world = World(truth, data)
        for _, tell in world.arrivals():
            tell()
        self.assert_streams(truth, world.pushed)
        self.assert_titles(truth)

    def assert_streams(self, truth: Truth, pushed: set[str]) -> None:
        rows = {row.dedupe_key: row for row in Activity.objects.exclude(kind="changed")}
        began = {f"online:{stream.id}": stream.began for stream in truth.streams}
        ended = {f"offline:{one.id}": one.ended for one in truth.streams if one.ended is not None}
        assert rows.keys() <= began.keys() | ended.keys()
        assert {key for key in pushed if ":" in key} <= rows.keys()  # No titles.
        for key, row in rows.items():
            if key in began:
                assert row.occurred_at == at(began[key])
            elif key in pushed:
                assert row.occurred_at == at(ended[key])
            else:
                # A list tells that it is over, not since when.
                assert row.occurred_at >= at(ended[key])
        last = truth.streams[-1] if truth.streams else None
        is_on_air = last is not None and last.ended is None
        assert live() == ((last.id, at(last.began)) if last and is_on_air else ("", None))

    def assert_titles(self, truth: Truth) -> None:
        ann = Streamer.objects.get(twitch_id=ANN)
        assert ann.title == truth.title(truth.last_moment())
        changes = [
            row.details["title"]
            for row in Activity.objects.filter(kind="changed").order_by("pk")
            if "title" in row.details
        ]
        texts = [change["new"] for change in changes]
        assert len(texts) == len(set(texts))
        assert set(texts) <= {text for _, text in truth.titles}
        for change, following in pairwise(changes):
            assert change["new"] == following["old"]
        if changes:
            assert changes[0]["old"] == FIRST_TITLE
            assert changes[-1]["new"] == ann.title
        assert bool(changes) is bool(truth.titles)
