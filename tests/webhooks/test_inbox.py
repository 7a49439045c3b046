from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from django.db import DataError, InterfaceError, OperationalError, connection, transaction
from django.test import TransactionTestCase

from tests.webhooks.sending import new_id
from webhooks import inbox, storing
from webhooks.inbox import Inbox
from webhooks.models import InboxMessage
from webhooks.storing import Arrival

LOG = "webhooks.storing"


def arrival(**changes: object) -> Arrival:
    now = datetime.now(UTC)
    whole = Arrival(
        message_id=new_id(),
        type="stream.online",
        sent_at=now,
        received_at=now,
        body=b"{}",
        is_private=False,
    )
    return whole._replace(**changes)  # type: ignore[arg-type]


class InboxCase(TransactionTestCase):
    def setUp(self) -> None:
        self.claims: list[str] = []
        self.inbox = Inbox(self.claims.append)
        self.inbox.start()
        self.addCleanup(self.inbox.stop)

    def keep(self, *arrivals: Arrival) -> list[bool]:
        async def all_at_once() -> list[bool]:
            return await asyncio.gather(*(self.inbox.keep(one) for one in arrivals))

        return asyncio.run(all_at_once())

    def ids(self) -> set[str]:
        return set(InboxMessage.objects.values_list("message_id", flat=True))


class GroupCommitTests(InboxCase):
    def test_says_so_only_when_it_is_committed_and_claimed_for_this_process(self) -> None:
        one = arrival()
        assert self.keep(one) == [True]
        message = InboxMessage.objects.get()
        assert message.message_id == one.message_id
        self.inbox.stop()
        assert self.claims == [message.claim]
        assert message.claimed_at is not None
        assert message.attempts == 0

    def test_what_comes_during_a_commit_shares_the_next_one(self) -> None:
        first_is_written, go_on = threading.Event(), threading.Event()
        batches: list[int] = []

        def slowly(arrivals: Sequence[Arrival], claim: str) -> list[bool]:
            batches.append(len(arrivals))
            first_is_written.set()
            assert go_on.wait(10)
            return storing.store(arrivals=arrivals, claim=claim)

        async def one_then_many() -> list[bool]:
            first = asyncio.ensure_future(self.inbox.keep(arrival()))
            await asyncio.to_thread(first_is_written.wait, 10)
            others = [asyncio.ensure_future(self.inbox.keep(arrival())) for _ in range(40)]
            await asyncio.sleep(0)
            go_on.set()
            return [await first, *await asyncio.gather(*others)]

        with patch.object(inbox, "store", lambda **given: slowly(**given)):
            assert asyncio.run(one_then_many()) == [True] * 41
        assert batches == [1, 40]
        assert InboxMessage.objects.count() == 41

    def test_a_batch_has_an_end_in_rows_and_in_bytes(self) -> None:
        go_on, batches = threading.Event(), []

        def slowly(arrivals: Sequence[Arrival], claim: str) -> list[bool]:
            assert go_on.wait(10)
            batches.append(len(arrivals))
            return [True] * len(arrivals)

        async def many(count: int, body: bytes) -> None:
            waiting = [
                asyncio.ensure_future(self.inbox.keep(arrival(body=body))) for _ in range(count)
            ]
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.gather(*waiting)

        with patch.object(inbox, "store", lambda **given: slowly(**given)):
            asyncio.run(many(1200, b"{}"))
            assert sum(batches) == 1200
            assert max(batches) == 500
            batches.clear()
            go_on.clear()
            asyncio.run(many(40, b"x" * 256 * 1024))
        assert sum(batches) == 40
        assert max(batches) <= 16  # That is 4 MiB.

    def test_500_of_a_big_size_are_written_in_one_go(self) -> None:
        rows = [arrival(body=b"\x00\xff'" * 2500) for _ in range(500)]
        assert storing.store(arrivals=rows, claim="c") == [True] * 500
        assert InboxMessage.objects.count() == 500
        assert bytes(InboxMessage.objects.latest("pk").body) == b"\x00\xff'" * 2500

    def test_a_repeat_counts_as_kept_also_within_one_batch(self) -> None:
        one = arrival(body=b"first")
        assert self.keep(one, one._replace(body=b"second")) == [True, True]
        assert self.keep(one._replace(body=b"third"), arrival()) == [True, True]
        assert InboxMessage.objects.count() == 2
        assert bytes(InboxMessage.objects.get(message_id=one.message_id).body) == b"first"

    def test_ids_that_differ_in_case_alone_are_two(self) -> None:
        assert self.keep(arrival(message_id="aBc"), arrival(message_id="abc")) == [True, True]
        assert self.ids() == {"aBc", "abc"}


class BadRowTests(InboxCase):
    def bad(self) -> Arrival:
        return arrival(type=None)  # Not null, says the database.

    def test_one_bad_row_does_not_sink_its_batch(self) -> None:
        good = [arrival() for _ in range(5)]
        batch = [*good[:2], self.bad(), *good[2:]]
        with self.assertLogs(LOG, "ERROR") as logs:
            kept = storing.store(arrivals=batch, claim="c")
        assert kept == [True, True, False, True, True, True]
        assert self.ids() == {one.message_id for one in good}
        assert len(logs.output) == 1

    def test_text_that_the_driver_cannot_write_is_a_bad_row_too(self) -> None:
        good, odd = arrival(), arrival(message_id="\ud83d")
        with self.assertLogs(LOG, "ERROR"):
            assert storing.store(arrivals=[good, odd], claim="c") == [True, False]

    def test_the_next_batch_is_written_as_if_nothing_had_been(self) -> None:
        with self.assertLogs(LOG, "ERROR"):
            assert self.keep(self.bad()) == [False]
        assert self.keep(arrival()) == [True]
        # The claim is handed on after the answer.
        self.inbox.stop()
        assert len(self.claims) == 1

    def test_the_thread_outlives_an_error_of_our_own(self) -> None:
        with (
            patch.object(inbox, "store", side_effect=ZeroDivisionError),
            self.assertLogs("webhooks.inbox", "ERROR"),
        ):
            assert self.keep(arrival(), arrival()) == [False, False]
        assert self.keep(arrival()) == [True]

    def test_while_rows_go_one_by_one_a_lost_database_ends_the_waiting(self) -> None:
        real = storing._insert
        calls: list[int] = []

        def insert(arrivals: Sequence[Arrival], claim: str) -> None:
            calls.append(len(arrivals))
            if len(arrivals) > 1:
                raise DataError(1406, "Data too long")
            if len(calls) > 2:
                raise OperationalError(2006, "gone")
            real(arrivals, claim)

        with (
            patch.object(storing, "_insert", insert),
            patch.object(storing, "PATIENCE_SECONDS", 0),
            self.assertLogs(LOG, "WARNING"),
        ):
            kept = storing.store(arrivals=[arrival() for _ in range(50)], claim="c")
        assert kept == [True] + [False] * 49
        assert calls == [50, 1, 1]


class LostConnectionTests(InboxCase):
    def failing(self, *errors: Exception) -> Callable[[Sequence[Arrival], str], None]:
        """The real insert after these errors, one a try."""
        real, left = storing._insert, list(errors)

        def insert(arrivals: Sequence[Arrival], claim: str) -> None:
            if left:
                raise left.pop(0)
            real(arrivals, claim)

        return insert

    def test_what_passes_is_tried_again_until_it_works(self) -> None:
        for error in (
            *(OperationalError(number, "x") for number in (1205, 1213, 2002, 2003, 2006, 2013)),
            OperationalError("database is locked"),
            OperationalError("database table is locked: webhooks_inboxmessage"),
            InterfaceError(0, ""),
        ):
            with self.subTest(error), patch.object(storing, "_insert", self.failing(error, error)):
                assert self.keep(arrival(), arrival()) == [True, True]
        assert InboxMessage.objects.count() == 2 * 9

    def test_gives_up_in_time_for_twitch_to_send_again(self) -> None:
        away = OperationalError(2003, "Can't connect")
        with (
            patch.object(storing, "_insert", side_effect=away),
            patch.object(storing, "PATIENCE_SECONDS", 0.1),
            self.assertLogs(LOG, "WARNING") as logs,
        ):
            assert self.keep(arrival()) == [False]
        assert len(logs.output) == 1
        assert storing.PATIENCE_SECONDS <= 2
        assert self.claims == []

    def test_a_commit_whose_answer_was_lost_is_not_written_twice(self) -> None:
        real = storing._insert
        lost: list[bool] = []

        def insert(arrivals: Sequence[Arrival], claim: str) -> None:
            real(arrivals, claim)
            if not lost:
                lost.append(True)
                raise OperationalError(2013, "Lost connection during query")

        with patch.object(storing, "_insert", insert):
            assert self.keep(arrival()) == [True]
        assert InboxMessage.objects.count() == 1

    @pytest.mark.mariadb
    def test_a_connection_killed_by_the_server_is_replaced(self) -> None:
        assert self.keep(arrival()) == [True]
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID()")
            mine = cursor.fetchone()[0]
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> %s",
                [mine],
            )
            others = [row[0] for row in cursor.fetchall()]
            assert others
            for other in others:
                cursor.execute(f"KILL {other}")
        assert self.keep(arrival()) == [True]
        assert InboxMessage.objects.count() == 2

    @pytest.mark.mariadb
    def test_locked_rows_are_waited_for(self) -> None:
        one = arrival()
        assert self.keep(one) == [True]
        with connection.cursor() as cursor:
            cursor.execute("SET GLOBAL innodb_lock_wait_timeout = 1")
        self.addCleanup(self._forget_timeout)
        with transaction.atomic():
            InboxMessage.objects.select_for_update().get()
            waits = Inbox(self.claims.append)
            waits.start()
            self.addCleanup(waits.stop)
            with self.assertLogs(LOG, "WARNING"):
                assert asyncio.run(waits.keep(one)) is False
        assert asyncio.run(waits.keep(one)) is True

    def _forget_timeout(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET GLOBAL innodb_lock_wait_timeout = DEFAULT")


class TooMuchTests(InboxCase):
    def test_more_than_the_queue_holds_is_turned_away_at_once(self) -> None:
        go_on = threading.Event()

        def slowly(arrivals: Sequence[Arrival], claim: str) -> list[bool]:
            assert go_on.wait(10)
            return [True] * len(arrivals)

        async def too_many() -> tuple[list[bool], list[bool]]:
            waiting = [asyncio.ensure_future(self.inbox.keep(arrival())) for _ in range(10)]
            await asyncio.sleep(0)
            turned_away = [await self.inbox.keep(arrival()) for _ in range(3)]
            go_on.set()
            return await asyncio.gather(*waiting), turned_away

        for limit in ("WAITING_ROWS", "WAITING_BYTES"):
            size = 10 if limit == "WAITING_ROWS" else 10 * len(arrival().body)
            go_on.clear()
            with (
                self.subTest(limit),
                patch.object(inbox, "store", lambda **given: slowly(**given)),
                patch.object(inbox, limit, size),
            ):
                taken, turned_away = asyncio.run(too_many())
                assert taken == [True] * 10
                assert turned_away == [False] * 3
            assert self.keep(arrival()) == [True]

    def test_whoever_stops_waiting_leaves_his_place(self) -> None:
        async def wait_and_go() -> None:
            waiting = asyncio.ensure_future(self.inbox.keep(arrival()))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            # What was handed over is written all the same, and counted off in the loop.
            assert await self.inbox.keep(arrival())
            while self.inbox._rows:
                await asyncio.sleep(0.001)

        asyncio.run(wait_and_go())
        assert self.inbox._bytes == 0


class StopTests(InboxCase):
    def test_what_waits_is_written_and_answered_before_it_ends(self) -> None:
        go_on = threading.Event()

        def slowly(arrivals: Sequence[Arrival], claim: str) -> list[bool]:
            assert go_on.wait(10)
            return storing.store(arrivals=arrivals, claim=claim)

        async def stopped_meanwhile() -> list[bool]:
            waiting = [asyncio.ensure_future(self.inbox.keep(arrival())) for _ in range(20)]
            await asyncio.sleep(0)
            stopping = asyncio.create_task(asyncio.to_thread(self.inbox.stop))
            while self.inbox._is_open:
                await asyncio.sleep(0.001)
            assert await self.inbox.keep(arrival()) is False
            go_on.set()
            answers = await asyncio.gather(*waiting)
            await stopping
            return answers

        with patch.object(inbox, "store", lambda **given: slowly(**given)):
            assert asyncio.run(stopped_meanwhile()) == [True] * 20
        assert InboxMessage.objects.count() == 20
        assert not [one for one in threading.enumerate() if one.name == "inbox"]
