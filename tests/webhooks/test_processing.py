from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.db import DataError, OperationalError
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from activity.drafts import Draft
from activity.models import Activity
from activity.recording import record as record_for_real
from streamwatch.encryption import encrypt
from subscriptions.models import EventSubSubscription
from tests.factories import make_message, make_promise, make_streamer
from tests.webhooks.messages import claimed, online
from tests.webhooks.sending import body_of, revocation_body
from webhooks import processing
from webhooks.models import InboxMessage
from webhooks.processing import ATTEMPTS, Processor, process
from webhooks.sweeping import sweep

LOG = "webhooks.processing"
SECOND = timedelta(seconds=1)


class ProcessTests(TestCase):
    def setUp(self) -> None:
        self.streamer = make_streamer(twitch_id="1337", login="login_1337")

    def test_what_a_message_says_is_recorded_and_the_message_marked(self) -> None:
        online("1337", "9001", **claimed())
        assert process("mine") == 1

        activity = Activity.objects.get(kind="online")
        assert (activity.streamer, activity.dedupe_key) == (self.streamer, "online:9001")
        message = InboxMessage.objects.get()
        assert message.processed_at is not None
        assert (message.problem, message.blank_at) == ("", None)

    def test_what_is_processed_or_claimed_by_another_is_left_alone(self) -> None:
        online("1337", "1", **claimed("theirs"))
        online("1337", "2", **claimed(), processed_at=timezone.now())
        online("1337", "3")
        with patch.object(processing, "record") as record:
            assert process("mine") == 0
        record.assert_not_called()

    def test_messages_for_nobody_and_of_unknown_types_are_marked_too(self) -> None:
        online("999", "9001", **claimed())
        make_message(type="channel.goal.begin", body=body_of("channel.goal.begin", {}), **claimed())
        assert process("mine") == 2
        assert not InboxMessage.objects.filter(processed_at=None).exists()
        assert not Activity.objects.exists()

    def test_many_are_recorded_in_one_go_and_in_their_order(self) -> None:
        for number in range(30):
            online("1337", f"90{number}", **claimed())
        calls: list[list[str]] = []

        def record(drafts: Sequence[Draft]) -> None:
            calls.append([draft.stream_id for draft in drafts if hasattr(draft, "stream_id")])

        # Read, see whether somebody listens, mark: a query each.
        with patch.object(processing, "record", record), self.assertNumQueries(3):
            process("mine")
        assert calls == [[f"90{number}" for number in range(30)]]

    def test_follows_of_one_batch_are_one_activity(self) -> None:
        followed = {"broadcaster_user_id": "1337", "broadcaster_user_login": "login_1337"}
        for number in range(4):
            fan = {"user_id": f"9{number}", "user_login": f"fan{number}", "user_name": None}
            event = {**followed, **fan, "followed_at": f"2026-11-24T10:11:12.{number:09}Z"}
            body = body_of("channel.follow", event, version="2")
            make_message(type="channel.follow", body=body, **claimed())
        assert process("mine") == 4
        activity = Activity.objects.get(kind="follower")
        assert (activity.actor_name, activity.details["more"]) == ("fan0", 1)

    def test_several_claims_go_together(self) -> None:
        online("1337", "1", **claimed("a"))
        online("1337", "2", **claimed("b"))
        with patch.object(processing, "record") as record:
            assert process("a", "b") == 2
        record.assert_called_once()

    def test_again_with_the_same_message_nothing_happens_twice(self) -> None:
        message = online("1337", "9001", **claimed())
        process("mine")
        InboxMessage.objects.filter(pk=message.pk).update(processed_at=None)
        process("mine")
        assert Activity.objects.filter(kind="online").count() == 1

    def test_a_revocation_is_noted_at_the_promise(self) -> None:
        promise = make_promise(
            subject_id="1337", twitch_id="f1c2a387-161a-49f9-a165-0f21d7a4e1c4", status="enabled"
        )
        make_message(body=revocation_body("notification_failures_exceeded"), **claimed())
        process("mine")
        promise.refresh_from_db()
        assert isinstance(promise, EventSubSubscription)
        assert promise.status == "notification_failures_exceeded"
        assert promise.trouble
        assert InboxMessage.objects.get().processed_at is not None


class PrivateTests(TestCase):
    def user_update(self, **fields: Any) -> InboxMessage:
        event = {
            "user_id": "1337",
            "user_login": "new_login",
            "user_name": "New_Login",
            "email": "user@email.com",
            "email_verified": True,
            "description": "cool description",
        }
        body = encrypt(body_of("user.update", event))
        described = {"type": "user.update", "is_private": True, "body": body, **claimed()}
        return make_message(**{**described, **fields})

    def test_is_read_with_the_key_and_is_to_be_blanked_within_ten_minutes(self) -> None:
        streamer = make_streamer(twitch_id="1337", login="old_login")
        self.user_update()
        process("mine")
        streamer.refresh_from_db()
        assert streamer.login == "new_login"
        message = InboxMessage.objects.get()
        assert message.processed_at is not None
        assert message.blank_at is not None
        # The task that blanks runs once a minute.
        assert message.blank_at <= message.processed_at + timedelta(minutes=8)

    def test_others_of_the_same_batch_are_not_to_be_blanked(self) -> None:
        self.user_update()
        plain = online("1", "2", **claimed())
        process("mine")
        plain.refresh_from_db()
        assert plain.processed_at is not None
        assert plain.blank_at is None

    def test_a_body_that_no_key_opens_is_a_problem_that_tells_nothing(self) -> None:
        self.user_update(body=b"gAAAAABsomething")
        with self.assertLogs(LOG, "WARNING"):
            process("mine")
        assert InboxMessage.objects.get().problem == "Undecipherable"

    def test_what_is_wrong_with_a_message_is_said_without_its_words(self) -> None:
        event = {"user_id": "a secret", "user_login": "a secret"}
        self.user_update(body=encrypt(body_of("user.update", event)))
        with self.assertLogs(LOG, "WARNING") as logs:
            process("mine")
        assert InboxMessage.objects.get().problem == "BadMessage: user_id is no id"
        assert "secret" not in "".join(logs.output)

    def test_an_error_that_quotes_the_message_is_not_kept(self) -> None:
        self.user_update()
        quoting = DataError(1366, "Incorrect string value: user@email.com")
        with (
            patch.object(processing, "record", side_effect=quoting),
            self.assertLogs(LOG, "WARNING") as logs,
        ):
            process("mine")
        assert InboxMessage.objects.get().problem == "DataError"
        assert "email" not in "".join(logs.output)


class ProblemTests(TestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id="1337", login="login_1337")

    def bad(self, **fields: Any) -> InboxMessage:
        body = body_of("stream.online", {"id": "9001", "broadcaster_user_id": None})
        return make_message(body=body, **{**claimed(), **fields})

    def test_one_bad_message_does_not_stop_the_others(self) -> None:
        online("1337", "1", **claimed())
        bad = self.bad()
        online("1337", "2", **claimed())
        with self.assertLogs(LOG, "WARNING"):
            process("mine")

        assert set(Activity.objects.filter(kind="online").values_list("dedupe_key", flat=True)) == {
            "online:1",
            "online:2",
        }
        bad.refresh_from_db()
        assert bad.processed_at is None
        assert bad.attempts == 1
        assert bad.problem == "BadMessage: broadcaster_user_id is no id"
        assert InboxMessage.objects.filter(processed_at=None).count() == 1

    def test_one_that_cannot_be_recorded_does_not_stop_the_others(self) -> None:
        real = record_for_real

        def record(drafts: Sequence[Draft]) -> list[int]:
            if any(getattr(draft, "stream_id", "") == "13" for draft in drafts):
                raise DataError(1406, "Data too long")
            return real(drafts)

        for number in range(10, 16):
            online("1337", str(number), **claimed())
        with patch.object(processing, "record", record), self.assertLogs(LOG, "WARNING"):
            process("mine")
        assert Activity.objects.filter(kind="online").count() == 5
        assert InboxMessage.objects.get(processed_at=None).problem.startswith("DataError")

    def test_it_is_tried_again_when_its_claim_has_run_out_and_can_succeed(self) -> None:
        message = online("1337", "1", attempts=1, problem="ZeroDivisionError: x", **claimed("old"))
        assert sweep() == 0
        old = timezone.now() - 31 * SECOND
        InboxMessage.objects.update(claimed_at=old, received_at=old)
        assert sweep() == 1
        message.refresh_from_db()
        assert message.processed_at is not None
        assert message.problem == ""

    def test_after_five_tries_of_the_sweep_it_is_left_with_its_problem(self) -> None:
        message = self.bad()
        with self.assertLogs(LOG, "WARNING") as logs:
            process("mine")
            for _ in range(ATTEMPTS + 3):
                old = timezone.now() - 31 * SECOND
                InboxMessage.objects.update(claimed_at=old, received_at=old)
                sweep()
        message.refresh_from_db()
        assert message.attempts == ATTEMPTS == 6
        assert message.processed_at is not None
        assert message.problem == "BadMessage: broadcaster_user_id is no id"
        levels = [record.levelno for record in logs.records]
        assert levels == [logging.WARNING] * 5 + [logging.ERROR]

    def test_a_problem_of_any_length_and_letters_fits(self) -> None:
        online("1337", "1", **claimed())
        odd = ValueError("\ud83d\x00🐎\n" + "x" * 5000)
        with (
            patch.object(processing, "record", side_effect=odd),
            self.assertLogs(LOG, "WARNING") as logs,
        ):
            process("mine")
        problem = InboxMessage.objects.get().problem
        assert problem.startswith("ValueError: ?🐎 xxx")
        assert len(problem) == 500
        assert "\n" not in logs.records[0].getMessage()

    def test_a_body_that_was_damaged_is_a_problem(self) -> None:
        make_message(body=b"", **claimed())
        with self.assertLogs(LOG, "WARNING"):
            process("mine")
        assert InboxMessage.objects.get().problem == "BadMessage: body is not JSON"


class DatabaseAwayTests(TransactionTestCase):
    def failing(self, *errors: Exception) -> Callable[[Sequence[Draft]], list[int]]:
        real, left = record_for_real, list(errors)

        def record(drafts: Sequence[Draft]) -> list[int]:
            if left:
                raise left.pop(0)
            return real(drafts)

        return record

    def test_a_deadlock_is_tried_again_at_once_and_is_no_problem_of_the_message(self) -> None:
        make_streamer(twitch_id="1337", login="login_1337")
        online("1337", "9001", **claimed())
        deadlock = OperationalError(1213, "Deadlock found")
        with patch.object(processing, "record", self.failing(deadlock)):
            assert process("mine") == 1
        message = InboxMessage.objects.get()
        assert (message.attempts, message.problem) == (0, "")
        assert message.processed_at is not None
        assert Activity.objects.filter(kind="online").count() == 1

    def test_a_database_that_stays_away_costs_the_message_no_try(self) -> None:
        online("1337", "9001", **claimed())
        away = OperationalError(2006, "Server has gone away")
        with (
            patch.object(processing, "record", self.failing(*[away] * 4)),
            self.assertRaises(OperationalError),
        ):
            process("mine")
        message = InboxMessage.objects.get()
        assert (message.attempts, message.problem, message.processed_at) == (0, "", None)


class ProcessorTests(TransactionTestCase):
    def setUp(self) -> None:
        make_streamer(twitch_id="1337", login="login_1337")
        self.processor = Processor()

    def test_works_in_a_thread_at_what_it_is_given_and_finishes_it_before_it_ends(self) -> None:
        for number in range(5):
            online("1337", str(number), **claimed(f"claim-{number}"))
        self.processor.start()
        self.processor.start()
        for number in range(5):
            self.processor.take(f"claim-{number}")
        self.processor.stop()
        self.processor.stop()
        assert not InboxMessage.objects.filter(processed_at=None).exists()
        assert Activity.objects.filter(kind="online").count() == 5
        assert not [one for one in threading.enumerate() if one.name == "processor"]

    def test_outlives_whatever_goes_wrong(self) -> None:
        self.processor.start()
        with (
            patch.object(processing, "process", side_effect=OperationalError(2006, "gone")),
            self.assertLogs(LOG, "ERROR") as logs,
        ):
            self.processor.take("a")
            self._until(lambda: len(logs.output) == 1)
        online("1337", "9001", **claimed())
        self.processor.take("mine")
        self.processor.stop()
        assert Activity.objects.filter(kind="online").count() == 1

    def test_holds_no_connection_between_batches(self) -> None:
        closed = threading.Event()
        with patch.object(processing, "close_old_connections", closed.set):
            self.processor.start()
            online("1337", "9001", **claimed())
            self.processor.take("mine")
            assert closed.wait(10)
            self.processor.stop()

    def _until(self, is_so: Callable[[], bool]) -> None:
        waiting = threading.Event()
        for _ in range(1000):
            if is_so():
                return
            waiting.wait(0.01)
        raise AssertionError("it did not happen within 10 s")
