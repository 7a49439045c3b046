from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streamwatch.encryption import encrypt
from tests.factories import make_message, make_promise, make_user
from tests.webhooks.sending import body_of
from webhooks import admin as webhooks_admin
from webhooks import hearing
from webhooks.models import InboxMessage


class InboxMessageAdminTests(TestCase):
    url = "/admin/webhooks/inboxmessage/"

    def setUp(self) -> None:
        self.message = make_message(
            message_id="befa7b53", body=body_of("odd", {"title": "<script>alert(1)</script>"})
        )
        self.private = make_message(
            type="user.whisper.message", is_private=True, body=encrypt(b"a secret")
        )

    def test_a_visitor_and_a_viewer_do_not_get_in(self) -> None:
        for url in (self.url, f"{self.url}{self.message.pk}/change/"):
            assert self.client.get(url).status_code == 302
        self.client.force_login(make_user())
        for url in (self.url, f"{self.url}{self.message.pk}/change/"):
            assert self.client.get(url).status_code in {302, 403}

    def test_an_operator_sees_the_raw_body_escaped(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(f"{self.url}{self.message.pk}/change/")
        self.assertContains(response, "&lt;script&gt;alert(1)")
        self.assertNotContains(response, "<script>alert")

    def test_nobody_sees_a_private_body(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(f"{self.url}{self.private.pk}/change/")
        self.assertContains(response, "Private")
        self.assertNotContains(response, "secret")
        self.assertNotContains(response, bytes(self.private.body).decode())

    def test_the_list_finds_by_message_id_and_reads_no_bodies(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(self.url, {"q": "befa7b53"})
        self.assertContains(response, "befa7b53")
        self.assertNotContains(response, "user.whisper.message")

    def test_nothing_can_be_changed(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        for url in ("add/", f"{self.message.pk}/delete/"):
            assert self.client.get(f"{self.url}{url}").status_code == 403
        change = self.client.post(f"{self.url}{self.message.pk}/change/", {"type": "x"})
        assert change.status_code == 403


class ListTests(TestCase):
    url = InboxMessageAdminTests.url

    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))

    def listed(self, **query: str) -> set[int]:
        page = self.client.get(self.url, query)
        return {row.pk for row in page.context["cl"].result_list}

    def test_filters(self) -> None:
        now = timezone.now()
        done = make_message(processed_at=now, type="channel.raid")
        waiting = make_message()
        failed = make_message(problem="BadMessage: x", attempts=1)
        given_up = make_message(problem="BadMessage: x", attempts=6, processed_at=now)
        assert self.listed(processing="unprocessed") == {waiting.pk, failed.pk}
        assert self.listed(processing="problem") == {failed.pk}
        assert self.listed(processing="given_up") == {given_up.pk}
        assert self.listed(processing="processed") == {done.pk}
        assert self.listed(type="channel.raid") == {done.pk}
        assert self.listed(is_private__exact="1") == set()

    def test_a_list_begins_with_the_newest_but_search_and_unprocessed_are_whole(self) -> None:
        old, *_, new = [make_message() for _ in range(4)]
        with mock.patch.object(webhooks_admin, "MOST_LOOKED_AT", 2):
            assert old.pk not in self.listed()
            assert new.pk in self.listed()
            assert self.listed(q=old.message_id) == {old.pk}
            assert old.pk in self.listed(processing="unprocessed")

    def test_no_list_reads_bodies_and_it_costs_the_same_for_many(self) -> None:
        for number in range(30):
            make_message(is_private=number % 2 == 0)
        with CaptureQueriesContext(connection) as queries:
            self.client.get(self.url)
        # Session, user, the newest, count, rows.
        assert len(queries) == 5
        assert not any('"body"' in query["sql"] or "`body`" in query["sql"] for query in queries)


class PrivateTests(TestCase):
    url = InboxMessageAdminTests.url
    words = b"not for anybody"

    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        self.private = make_message(
            type="user.update", is_private=True, body=encrypt(self.words), message_id="p1"
        )

    def test_headers_alone_are_shown_and_the_body_is_not_even_read(self) -> None:
        for url in (self.url, f"{self.url}?q=p1", f"{self.url}{self.private.pk}/change/"):
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get(url)
            self.assertContains(page, "user.update")
            for secret in (self.words.decode(), bytes(self.private.body).decode()):
                self.assertNotContains(page, secret)
            assert not any("body" in query["sql"] for query in queries), url
        self.assertContains(page, "Twitch-Eventsub-Subscription-Type: user.update")
        self.assertContains(page, "Private: the body")

    def test_no_form_of_it_tells_the_body(self) -> None:
        for form in (str(self.private), repr(self.private)):
            assert self.words.decode() not in form
            assert bytes(self.private.body).decode() not in form
        for query in (self.words.decode(), bytes(self.private.body).decode()[:40]):
            page = self.client.get(self.url, {"q": query})
            assert list(page.context["cl"].result_list) == []

    def test_a_private_type_is_private_whatever_its_row_says(self) -> None:
        for kind in (
            "channel.chat.message",
            "automod.message.hold",
            "channel.ban",
            "channel.cheer",
        ):
            odd = make_message(type=kind, body=body_of("x", {"said": "words"}))
            page = self.client.get(f"{self.url}{odd.pk}/change/")
            self.assertNotContains(page, "words&quot;")
            self.assertContains(page, "Private: the body")


class ProcessAgainActionTests(TestCase):
    url = InboxMessageAdminTests.url

    def press(self, *rows: InboxMessage) -> list[str]:
        with mock.patch("streamwatch.queue._publish"):
            page = self.client.post(
                self.url,
                {"action": "process_again", "_selected_action": [row.pk for row in rows]},
                follow=True,
            )
        return [str(message) for message in page.context["messages"]]

    def test_it_says_what_it_did_and_may_be_pressed_twice(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        now = timezone.now()
        rows = [
            make_message(processed_at=now, problem="BadMessage: x", attempts=6),
            make_message(processed_at=now, is_private=True, body=b""),
            make_message(claim="alive", claimed_at=now),
        ]
        blanked = (
            "Cannot be processed again: 1. Private bodies are blanked 5 minutes after processing."
        )
        assert self.press(*rows) == [
            "Processed again within seconds: 1.",
            blanked,
            "Unprocessed anyway, and left as they are: 1.",
        ]
        assert self.press(*rows) == [blanked, "Unprocessed anyway, and left as they are: 2."]

    def test_nobody_but_an_operator_presses_it(self) -> None:
        row = make_message(processed_at=timezone.now())
        self.client.force_login(make_user())
        data: dict[str, Any] = {"action": "process_again", "_selected_action": [row.pk]}
        assert self.client.post(self.url, data).status_code in {302, 403}
        row.refresh_from_db()
        assert row.processed_at is not None


class LastMessageTests(TestCase):
    url = "/admin/subscriptions/eventsubsubscription/"

    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))

    def shown(self) -> dict[str, str]:
        page = self.client.get(self.url)
        return {row.twitch_id: row.last_message for row in page.context["cl"].result_list}

    def test_the_newest_of_each_promise(self) -> None:
        now = timezone.now()
        for twitch_id, minutes in (("a", 50), ("a", 3), ("b", 20)):
            make_message(
                body=body_of("stream.online", {"id": "9001"}, id=twitch_id),
                received_at=now - timedelta(minutes=minutes),
            )
        make_promise(subject_id="1", twitch_id="a")
        make_promise(subject_id="2", twitch_id="b")
        make_promise(subject_id="3", twitch_id="c")
        make_promise(subject_id="4", twitch_id="d", type="user.update")
        assert self.shown() == {
            "a": "3 min ago",
            "b": "20 min ago",
            "c": "none for 50 min",
            "d": "private",
        }

    def test_without_messages_and_with_bodies_that_say_nothing(self) -> None:
        make_promise(subject_id="1", twitch_id="a")
        assert self.shown() == {"a": "none yet"}
        make_message(body=b"")
        make_message(body=b"\xff")
        assert self.shown() == {"a": "none for less than a minute"}

    def test_only_so_many_are_looked_at(self) -> None:
        make_promise(subject_id="1", twitch_id="a")
        make_message(body=body_of("stream.online", {}, id="a"))
        make_message()
        with mock.patch.object(hearing, "MOST_HEADS", 1):
            assert self.shown() == {"a": "none for less than a minute"}
