"""Messages of a bad day, signed and odd: what they say is recorded, or they leave one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import timezone

from activity.models import Activity, Broadcast, Segment
from streamwatch.twitch.payloads import parse_time
from subscriptions.models import EventSubSubscription, Streamer
from tests.accounts.bad_day import count, lines
from tests.factories import make_message, make_promise, make_streamer
from tests.webhooks.messages import claimed
from tests.webhooks.sending import body_of, revocation_body
from webhooks.models import InboxMessage
from webhooks.processing import process

pytestmark = pytest.mark.django_db
WHO = {
    "broadcaster_user_id": "1337",
    "broadcaster_user_login": "login_1337",
    "broadcaster_user_name": "Name_1337",
}
RAID = {
    **{name.replace("broadcaster", "to_broadcaster"): value for name, value in WHO.items()},
    **{name.replace("broadcaster", "from_broadcaster"): "7" for name in WHO},
}
EVENTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "online": ("stream.online", {**WHO, "id": "9001", "type": "live"}, "online"),
    "offline": ("stream.offline", {**WHO, "id": "9001"}, "offline"),
    "update": (
        "channel.update",
        {**WHO, "title": "x", "category_id": "1", "category_name": "y"},
        "changed",
    ),
    "raid": ("channel.raid", {**RAID, "viewers": 9}, "raid_in"),
}  # fmt: skip
STARTED_AT = "2026-01-31T12:00:00.123456789Z"


@pytest.fixture(autouse=True)
def streamer() -> Streamer:
    return make_streamer(twitch_id="1337", login="login_1337", display_name="Name_1337")


def heard(type_name: str, event: dict[str, Any], **subscription: Any) -> list[str]:
    """The message is worked at; its lines in the log."""
    body = body_of(type_name, event, **subscription)
    make_message(type=type_name, body=body, sent_at=timezone.now(), **claimed())
    with lines() as found:
        process("mine")
    return found


@pytest.mark.parametrize("name", EVENTS)
def test_unknown_fields_are_passed_over(name: str) -> None:
    type_name, event, kind = EVENTS[name]
    odd = {"of_tomorrow": {"a": [None, 1.5]}, **event, "z": True}
    assert heard(type_name, odd, shard={"id": 7}) == []
    assert Activity.objects.get().kind == kind


@pytest.mark.parametrize("name", EVENTS)
def test_null_names_are_no_new_names(name: str, streamer: Streamer) -> None:
    type_name, event, kind = EVENTS[name]
    nameless = {
        field: None if field.endswith(("_login", "user_name")) else value
        for field, value in event.items()
    }
    assert heard(type_name, nameless) == []
    assert Activity.objects.get().kind == kind
    streamer.refresh_from_db()
    assert (streamer.login, streamer.display_name) == ("login_1337", "Name_1337")


def test_nine_digits_are_a_time() -> None:
    type_name, event, _ = EVENTS["online"]
    assert heard(type_name, {**event, "started_at": STARTED_AT}) == []
    assert Activity.objects.get().occurred_at == parse_time(STARTED_AT)
    assert Activity.objects.get().occurred_at.microsecond == 123456


@pytest.mark.parametrize("name", EVENTS)
def test_without_an_id_it_is_one_line_and_no_half_state(name: str) -> None:
    type_name, event, _ = EVENTS[name]
    gone = {field: value for field, value in event.items() if not field.endswith("user_id")}
    (line,) = heard(type_name, gone)
    assert line.startswith("webhooks.processing: message ")
    assert "failed, try 1: BadMessage" in line
    assert count(Activity, Segment, Broadcast) == [0, 0, 0]
    message = InboxMessage.objects.get()
    assert (message.attempts, message.processed_at) == (1, None)
    assert json.loads(bytes(message.body))["event"] == gone


def test_a_revocation_with_a_status_that_nobody_knows() -> None:
    row = make_promise(subject_id="1337", twitch_id="f1c2a387-161a-49f9-a165-0f21d7a4e1c4")
    make_message(body=revocation_body("of_tomorrow"), **claimed())
    with lines() as found:
        process("mine")
    assert found == []
    row = EventSubSubscription.objects.get(pk=row.pk)
    assert (row.status, row.trouble) == ("of_tomorrow", "Twitch ended it (of tomorrow)")
