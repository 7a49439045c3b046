"""What Helix could answer a viewer or a worker on a bad day: no half state, one line in the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AppToken, User
from accounts.twitch import helix
from simulator.testing import Simulator
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchUnavailable
from subscriptions.models import (
    Budget,
    EventSubSubscription,
    EventSubWant,
    Streamer,
    Subscription,
)
from subscriptions.reconciling import confirm, reconcile_streamer
from subscriptions.spending import spend
from subscriptions.subscribing import subscribe, unsubscribe
from tests.accounts.bad_day import (
    BAD_HELIX,
    BAD_OAUTH,
    ODD,
    SLOW_SECONDS,
    bad_answer,
    begin_anew,
    count,
    lines,
    patience_for,
)
from tests.factories import make_user
from tests.subscriptions.reconcile_case import TYPES, rows
from tests.subscriptions.twitch_here import ADA, listed, settled, twitch_here

pytestmark = pytest.mark.django_db
EVENTSUB = "/helix/eventsub"
SEARCH, VERIFY = "/streamers/search/?q=ada", "/streamers/ada_streams/verify/"
# What a viewer does, and the call of Helix in it that is spoilt.
ASKED_FOR_A_VIEWER = (
    ("GET", SEARCH, "/helix/search"),
    ("GET", VERIFY, "/helix/users"),
    ("GET", VERIFY, "/helix/channels"),
    ("GET", VERIFY, "/helix/streams"),
    ("POST", VERIFY, "/helix/users"),
    ("POST", VERIFY, "/helix/channels"),
    ("POST", VERIFY, "/helix/streams"),
)


@pytest.fixture(scope="module")
def used_again() -> Iterator[Simulator]:
    with twitch_here(slow_seconds=SLOW_SECONDS) as (started, _):
        yield started


@pytest.fixture
def simulator(used_again: Simulator) -> Simulator:
    begin_anew(used_again)
    return used_again


@pytest.fixture
def viewer() -> User:
    return make_user()


def sent(viewer: User, method: str, url: str) -> Any:
    client = Client()
    client.force_login(viewer)
    return client.generic(
        method, url, "twitch_id=" + ADA, content_type="application/x-www-form-urlencoded"
    )


def due_now() -> None:
    EventSubSubscription.objects.update(due_at=timezone.now())


def refilled(simulator: Simulator) -> None:
    """The minute after an empty bucket has passed."""
    simulator.inside(lambda twitch: twitch.buckets.fill())
    helix()._limits.clear()


def is_watching(simulator: Simulator) -> bool:
    """Whether one more try makes everything right."""
    refilled(simulator)
    due_now()
    reconcile_streamer(subject_id=ADA, twitch=helix())
    settled(ADA)
    due_now()
    reconcile_streamer(subject_id=ADA, twitch=helix())
    confirm(subject_id=ADA, twitch=helix())
    return {row.status for row in rows()} == {"enabled"} and (
        Counter(one.type for one in listed(ADA)) == TYPES
    )


@contextmanager
def spoilt(simulator: Simulator, method: str, fault: str) -> Iterator[list[str]]:
    """The first call of EventSub's with this method is spoilt; the lines in the log."""
    ordered: list[str] = []

    def order(request: httpx.Request) -> None:
        if request.method == method and not ordered:
            ordered.append(fault)
            simulator.control.fault(fault, path=EVENTSUB)

    helix()._http.event_hooks["request"] = [order]
    try:
        with lines() as found, patience_for(fault):
            yield found
    finally:
        helix()._http.event_hooks["request"] = []
    assert ordered == [fault]


class TestPages:
    @pytest.mark.parametrize(("method", "url", "path"), ASKED_FOR_A_VIEWER)
    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_what_a_viewer_asks_for(
        self, simulator: Simulator, viewer: User, fault: str, method: str, url: str, path: str
    ) -> None:
        helix().profiles(logins=["ada_streams"])
        with bad_answer(simulator, fault, path) as found:
            answer = sent(viewer, method, url)
        assert answer.status_code == 503
        assert "Twitch" in answer.content.decode()
        (line,) = found
        assert line.startswith("subscriptions.views: ")
        assert count(Streamer, Subscription, EventSubWant, EventSubSubscription) == [0, 0, 0, 0]
        refilled(simulator)
        assert sent(viewer, method, url).status_code in (200, 302)

    @pytest.mark.parametrize(("method", "url", "path"), ASKED_FOR_A_VIEWER)
    @pytest.mark.parametrize("fault", ODD)
    def test_odd_answers_do_no_harm(
        self, simulator: Simulator, viewer: User, fault: str, method: str, url: str, path: str
    ) -> None:
        with bad_answer(simulator, fault, path) as found:
            answer = sent(viewer, method, url)
        assert answer.status_code in (200, 302)
        assert found == []
        if method == "POST":
            streamer = Streamer.objects.get()
            assert streamer.display_name in ("Ada_Streams", "ada_streams")
            assert count(Subscription, EventSubWant) == [1, 6]
        else:
            assert "ada_streams" in answer.content.decode()

    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_followers_are_worth_no_error(
        self, simulator: Simulator, viewer: User, fault: str
    ) -> None:
        with bad_answer(simulator, fault, "/helix/channels/followers") as found:
            answer = sent(viewer, "GET", VERIFY)
        assert answer.status_code == 200
        assert "unknown" in answer.content.decode()
        (line,) = found
        assert "followers of" in line

    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_an_exact_login_is_worth_no_error(
        self, simulator: Simulator, viewer: User, fault: str
    ) -> None:
        with bad_answer(simulator, fault, "/helix/users") as found:
            answer = sent(viewer, "GET", SEARCH)
        assert answer.status_code == 200
        assert "ada_streams" in answer.content.decode()
        (line,) = found
        assert "exact login not looked up" in line

    @pytest.mark.parametrize("fault", BAD_OAUTH)
    def test_without_a_token_nothing_can_be_asked(
        self, simulator: Simulator, viewer: User, fault: str
    ) -> None:
        AppToken.objects.all().delete()
        with bad_answer(simulator, fault, "/oauth2/token") as found:
            answer = sent(viewer, "GET", SEARCH)
        assert answer.status_code == 503
        (line,) = found
        assert line.startswith("subscriptions.views: search failed")
        assert sent(viewer, "GET", SEARCH).status_code == 200


class TestPromises:
    @pytest.fixture(autouse=True)
    def _watched(self, simulator: Simulator, viewer: User) -> None:
        subscribe(user=viewer, login="ada_streams", twitch=helix())

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_asking_for_them(self, simulator: Simulator, fault: str, method: str) -> None:
        if method == "GET":
            # The list is read only once something was asked for.
            with spoilt(simulator, "POST", "helix_down"):
                reconcile_streamer(subject_id=ADA, twitch=helix())
            due_now()
        with spoilt(simulator, method, fault) as found:
            reconcile_streamer(subject_id=ADA, twitch=helix())
        (line,) = found
        assert "not read" in line if method == "GET" else "not promised" in line
        assert len(rows()) == 6
        assert not Lease.objects.filter(until__gt=timezone.now()).exists()
        # What was made, though the answer was lost, is taken over: none stands twice.
        assert is_watching(simulator)

    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_ending_them(self, simulator: Simulator, viewer: User, fault: str) -> None:
        assert is_watching(simulator)
        unsubscribe(user=viewer, subscription_id=Subscription.objects.get().pk)
        with spoilt(simulator, "DELETE", fault) as found:
            reconcile_streamer(subject_id=ADA, twitch=helix())
        if fault in ("helix_garbage", "half_body"):
            # 200 to a deletion is a yes, whatever the body.
            assert len(found) <= 1
        else:
            (line,) = found
            assert "not ended" in line
        refilled(simulator)
        due_now()
        reconcile_streamer(subject_id=ADA, twitch=helix())
        assert (rows(), listed(ADA)) == ([], [])

    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_confirming_them(self, simulator: Simulator, fault: str) -> None:
        reconcile_streamer(subject_id=ADA, twitch=helix())
        settled(ADA)
        before = [(row.twitch_id, row.status) for row in rows()]
        with bad_answer(simulator, fault, EVENTSUB) as found:
            assert not confirm(subject_id=ADA, twitch=helix())
        (line,) = found
        assert "not read" in line
        assert [(row.twitch_id, row.status) for row in rows()] == before
        refilled(simulator)
        assert confirm(subject_id=ADA, twitch=helix())

    @pytest.mark.parametrize("fault", BAD_HELIX)
    def test_what_they_cost(self, simulator: Simulator, fault: str) -> None:
        with bad_answer(simulator, fault, EVENTSUB) as found:
            spend(twitch=helix())
        (line,) = found
        assert "cost of promises not read" in line
        assert count(Budget) == [0]
        assert not Lease.objects.filter(until__gt=timezone.now()).exists()

    @pytest.mark.parametrize("fault", ODD)
    def test_odd_answers_change_nothing(self, simulator: Simulator, fault: str) -> None:
        assert is_watching(simulator)
        before = [(row.twitch_id, row.status) for row in rows()]
        due_now()
        with bad_answer(simulator, fault, EVENTSUB) as found:
            reconcile_streamer(subject_id=ADA, twitch=helix())
        assert found == []
        assert [(row.twitch_id, row.status) for row in rows()] == before
        assert len(listed(ADA)) == 6

    def test_a_status_that_nobody_knows_is_an_end(self, simulator: Simulator) -> None:
        assert is_watching(simulator)
        with bad_answer(simulator, "unknown_status", EVENTSUB) as found:
            reconcile_streamer(subject_id=ADA, twitch=helix())
        assert found == []
        assert {row.trouble for row in rows()} == {"Twitch ended it (of tomorrow)"}
        assert is_watching(simulator)

    def test_pages_that_repeat_are_no_list(self, simulator: Simulator) -> None:
        assert is_watching(simulator)
        simulator.inside(_a_hundred_more)
        assert len(list(helix().promises())) > 100
        simulator.control.fault("repeated_page", count=2, path=EVENTSUB)
        promises = helix().promises()
        found = [next(promises) for _ in range(100)]
        assert len({one.twitch_id for one in found}) == 100
        with pytest.raises(TwitchUnavailable, match="repeats"):
            list(promises)


def _a_hundred_more(twitch: Any) -> None:
    row = twitch.store.row("SELECT * FROM subscriptions LIMIT 1")
    for number in range(100):
        twitch.store.insert(
            "subscriptions", **{**dict(row), "seq": 10_000 + number, "id": f"more-{number}"}
        )
