"""What Helix could answer a ring on a bad day: no half state, and one line in the log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.twitch import helix
from activity.models import Absence, Activity, Broadcast, Segment
from activity.polling import poll
from subscriptions.models import Streamer
from tests.accounts.bad_day import BAD_HELIX, ODD, SLOW_SECONDS, bad_answer, begin_anew, count
from tests.activity.polled_world import World, make_due, polled_world, ring

pytestmark = pytest.mark.django_db
PATHS = {"streams": "/helix/streams", "channels": "/helix/channels", "profiles": "/helix/users"}
WATCHED = 30
NAMES = ("login", "display_name", "title", "category_id", "category_name", "live_stream_id")


@pytest.fixture(scope="module")
def used_again() -> Iterator[World]:
    with polled_world(streamers=WATCHED, slow_seconds=SLOW_SECONDS) as opened:
        yield opened


@pytest.fixture
def world(used_again: World) -> World:
    begin_anew(used_again.simulator)
    used_again.watch(WATCHED)
    helix().profiles(logins=["ada_streams"])
    return used_again


def snapshots() -> list[tuple[object, ...]]:
    return list(Streamer.objects.order_by("pk").values_list(*NAMES))


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("fault", BAD_HELIX)
def test_a_ring(world: World, name: str, fault: str) -> None:
    with bad_answer(world.simulator, fault, PATHS[name]) as found:
        poll(twitch=helix())
    (line,) = found
    assert line.startswith(f"activity.polling: ring {name}: ")
    assert (ring(name).cursor, ring(name).failures) == (0, 1)
    if name == "streams":
        assert count(Activity, Segment, Broadcast, Absence) == [0, 0, 0, 0]
    make_due()
    world.simulator.inside(lambda twitch: twitch.buckets.fill())
    helix()._limits.clear()
    poll(twitch=helix())
    assert ring(name).failures == 0
    assert Streamer.objects.exclude(live_stream_id="").exists()


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("fault", ODD)
def test_a_ring_with_odd_answers(world: World, name: str, fault: str) -> None:
    poll(twitch=helix())
    before, made = snapshots(), Activity.objects.count()
    assert made > 0
    make_due()
    if name == "profiles":
        one = ring(name)
        one.due_at = one.round_began_at or one.due_at
        one.save()
    with bad_answer(world.simulator, fault, PATHS[name]) as found:
        poll(twitch=helix())
    assert found == []
    # Nobody changed: no name is taken away because an answer lacks it.
    assert snapshots() == before
    assert Activity.objects.count() == made


@pytest.mark.parametrize("fault", ODD)
def test_streams_that_began(world: World, fault: str) -> None:
    with bad_answer(world.simulator, fault, PATHS["streams"]) as found:
        poll(twitch=helix())
    assert found == []
    live = {one["stream_id"] for one in world.people().values() if one["stream_id"]}
    known = set(
        Streamer.objects.exclude(live_stream_id="").values_list("live_stream_id", flat=True)
    )
    assert known
    assert known <= live
    assert Activity.objects.filter(kind="online").count() == len(known)
