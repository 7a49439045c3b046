"""`/activity/stream/` of a real live process that shares nothing with this one but the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.test import TransactionTestCase
from django.utils import timezone

from accounts.models import User
from activity.drafts import ChannelState, WentLive
from activity.models import Activity
from activity.recording import record
from dev import ports
from dev.leash import leash
from subscriptions.models import Streamer
from tests.factories import make_activity, make_streamer, make_subscription, make_user

PUSH = Activity.Source.PUSH
START_SECONDS = 60
ARRIVAL_SECONDS = 5.0


def session_of(user: User) -> str:
    """The cookie of a session of theirs."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


@contextmanager
def live_process() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A uvicorn of its own on this test's database, without Redis."""
    (port,) = ports.free(1)
    name = connection.settings_dict["NAME"]
    base = os.environ["DATABASE_URL"].rpartition("/")[0]
    url = f"http://127.0.0.1:{port}"
    with leash() as held:
        environment = {**os.environ, "DATABASE_URL": f"{base}/{name}", "REDIS_URL": ""}
        command = ("-m", "uvicorn", "streamwatch.asgi:application", "--port", str(port))
        process = subprocess.Popen(
            [sys.executable, *command, "--log-level", "warning"],
            env=held.environment(environment),
        )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        try:
            yield url, process
        finally:
            process.terminate()
            process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=2).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def open_stream(url: str, cookie: str, **headers: str) -> Iterator[Iterator[str]]:
    """Its lines, from the moment when it is open."""
    given = {"Cookie": cookie, **{name.replace("_", "-"): text for name, text in headers.items()}}
    timeout = httpx.Timeout(ARRIVAL_SECONDS)
    with httpx.stream("GET", f"{url}/activity/stream/", headers=given, timeout=timeout) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        lines = answer.iter_lines()
        assert next(lines) == ": open"
        yield lines


def next_event(lines: Iterator[str]) -> tuple[str, str, str]:
    """Kind, id and HTML of what comes next."""
    kind, event_id, html = "", "", []
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            event_id = value
        elif name == "data":
            html.append(value)
        elif not line and kind:
            return kind, event_id, "\n".join(html)
    raise AssertionError("the stream ended")


@pytest.mark.mariadb
class StreamTests(TransactionTestCase):
    def setUp(self) -> None:
        self.viewer, self.streamer = make_user(), make_streamer()
        make_subscription(user=self.viewer, streamer=self.streamer)
        self.cookie = session_of(self.viewer)

    def _goes_live(self, streamer: Streamer, stream_id: str = "1") -> int:
        now = datetime.now(UTC)
        (pk,) = record(
            [
                WentLive(
                    twitch_id=streamer.twitch_id,
                    stream_id=stream_id,
                    started_at=now,
                    as_of=now,
                    source=PUSH,
                )
            ]
        )
        return pk

    def _title(self, title: str) -> int:
        (pk,) = record(
            [
                ChannelState(
                    twitch_id=self.streamer.twitch_id,
                    title=title,
                    category_id=self.streamer.category_id,
                    category_name=self.streamer.category_name,
                    as_of=datetime.now(UTC),
                    source=PUSH,
                )
            ]
        )
        return pk

    def test_what_another_process_recorded_arrives(self) -> None:
        with live_process() as (url, _), open_stream(url, self.cookie) as lines:
            self._goes_live(make_streamer(), "2")  # nobody's
            pk = self._goes_live(self.streamer)
            # The state and the row, in the order in which the tailer reads.
            change, activity = sorted([next_event(lines), next_event(lines)], reverse=True)
            assert activity[:2] == ("activity", str(pk))
            assert f'data-activity-id="{pk}"' in activity[2]
            assert change[:2] == ("change", "")
            assert 'data-live="true"' in change[2]

    def test_an_amended_row_is_a_change_without_id(self) -> None:
        with live_process() as (url, _), open_stream(url, self.cookie) as lines:
            pk = self._title("first")
            # The state and the row, in the order in which the tailer reads.
            assert {next_event(lines)[1], next_event(lines)[1]} == {"", str(pk)}
            assert self._title("second") == pk
            amended = [next_event(lines), next_event(lines)]
            assert [one[:2] for one in amended] == [("change", "")] * 2
            (row,) = [html for _, _, html in amended if f'data-activity-id="{pk}"' in html]
            assert "second" in row

    def test_a_resumed_stream_begins_with_what_was_missed(self) -> None:
        seen = make_activity(streamer=self.streamer)
        missed = make_activity(streamer=self.streamer, occurred_at=timezone.now())
        with (
            live_process() as (url, _),
            open_stream(url, self.cookie, Last_Event_ID=str(seen.pk)) as lines,
        ):
            ids = {next_event(lines)[1], next_event(lines)[1]}
            assert ids == {str(seen.pk), str(missed.pk)}

    def test_who_missed_too_much_is_told_to_read_anew(self) -> None:
        first = make_activity(streamer=self.streamer)
        for second in range(51):
            moment = timezone.now() - timedelta(seconds=51 - second)
            make_activity(streamer=self.streamer, occurred_at=moment)
        with (
            live_process() as (url, _),
            open_stream(url, self.cookie, Last_Event_ID=str(first.pk)) as lines,
        ):
            assert next_event(lines)[0] == "resync"

    def test_streams_end_at_once_when_the_process_is_told_to_stop(self) -> None:
        with live_process() as (url, process), open_stream(url, self.cookie) as lines:
            process.send_signal(signal.SIGTERM)
            # To its end, without an error.
            assert [line for line in lines if line.startswith("event: activity")] == []
            assert process.wait(5) in (0, -signal.SIGTERM)

    def test_strangers_and_nonsense_are_refused(self) -> None:
        with live_process() as (url, _):
            stream = f"{url}/activity/stream/"
            ours = {"Cookie": self.cookie}
            switched_off = make_user(is_active=False)
            for expected, headers, query in (
                (403, {}, ""),
                (403, {"Cookie": f"{settings.SESSION_COOKIE_NAME}=nonsense"}, ""),
                (403, {"Cookie": session_of(switched_off)}, ""),
                (403, {**ours, "Origin": "https://elsewhere.example"}, ""),
                (403, {**ours, "Host": "elsewhere.example"}, ""),
                (400, ours, "?after=x"),
                (400, ours, "?after=-1"),
                (400, {**ours, "Last-Event-ID": "9" * 19}, ""),
            ):
                answer = httpx.get(stream + query, headers=headers, timeout=5)
                assert answer.status_code == expected, (headers, query)
                assert answer.text
            assert httpx.post(stream, headers=ours, timeout=5).status_code == 405
