from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.test import TestCase, override_settings
from django.utils import timezone

from streamwatch.encryption import encrypt
from tests.factories import make_message
from webhooks import pruning
from webhooks.models import InboxMessage
from webhooks.pruning import blank, prune

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def private(**fields: Any) -> InboxMessage:
    return make_message(
        type="user.whisper.message", is_private=True, body=encrypt(b"a secret"), **fields
    )


class PruneTests(TestCase):
    def test_deletes_processed_messages_after_inbox_days(self) -> None:
        now = timezone.now()
        make_message(processed_at=now - 7 * DAY - MINUTE)
        kept = make_message(processed_at=now - 7 * DAY + MINUTE)
        with override_settings(INBOX_DAYS=7):
            assert prune() == 1
        assert InboxMessage.objects.get() == kept
        with override_settings(INBOX_DAYS=6):
            assert prune() == 1

    def test_never_deletes_what_is_unprocessed_however_old(self) -> None:
        make_message(received_at=timezone.now() - 100 * DAY)
        assert prune() == 0
        assert InboxMessage.objects.exists()

    def test_goes_in_chunks_to_the_end(self) -> None:
        for _ in range(7):
            make_message(processed_at=timezone.now() - 100 * DAY)
        with patch.object(pruning, "CHUNK", 3):
            assert prune() == 7

    def test_stops_in_time(self) -> None:
        make_message(processed_at=timezone.now() - 100 * DAY)
        with patch.object(pruning, "SECONDS", 0):
            assert prune() == 0

    @override_settings(INBOX_DAYS=0)
    def test_keeps_what_twitch_may_send_again(self) -> None:
        now = timezone.now()
        make_message(processed_at=now - 2 * MINUTE)
        make_message(processed_at=now - 90 * MINUTE)
        assert prune() == 1


class BlankTests(TestCase):
    def test_blanks_private_bodies_that_are_due_and_no_others(self) -> None:
        now = timezone.now()
        due = private(processed_at=now, blank_at=now - MINUTE)
        later = private(processed_at=now, blank_at=now + MINUTE)
        unprocessed = private()
        plain = make_message(body=b"{}", processed_at=now)
        prune()
        for message in (due, later, unprocessed, plain):
            message.refresh_from_db()
        assert (bytes(due.body), due.blank_at, due.is_private) == (b"", None, True)
        assert bytes(later.body) != b""
        assert bytes(unprocessed.body) != b""
        assert bytes(plain.body) == b"{}"

    def test_costs_one_query(self) -> None:
        for _ in range(3):
            private(blank_at=timezone.now() - MINUTE)
        with self.assertNumQueries(1):  # the update
            assert blank() == 3
        assert blank() == 0
