from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime, timedelta

from django.test import TransactionTestCase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webhooks.sending import Headers, Request, rfc3339, signed, without
from webhooks.models import InboxMessage
from webhooks.receiving import WebhookApp

# Each example goes through the whole application and, when it is kept, through the database.
tries = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

odd_values = st.one_of(st.binary(max_size=80), st.binary(min_size=200, max_size=400))
header_names = st.sampled_from(
    [
        b"twitch-eventsub-message-id",
        b"twitch-eventsub-message-timestamp",
        b"twitch-eventsub-message-signature",
        b"twitch-eventsub-message-type",
        b"content-length",
        b"content-type",
        b"\xff",
    ]
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=10,
)
types = st.one_of(
    st.sampled_from(["stream.online", "channel.raid", "user.update", "channel.chat.message"]),
    json_values,
)
bodies = st.one_of(
    st.binary(max_size=300),
    st.fixed_dictionaries(
        {"subscription": st.fixed_dictionaries({"type": types, "status": json_values})},
        optional={"event": json_values, "challenge": json_values, "events": json_values},
    ).map(lambda body: json.dumps(body).encode()),
)
timestamps = st.one_of(
    odd_values,
    st.text(max_size=40).map(str.encode),
    st.integers(-1200, 1200).map(lambda s: rfc3339(datetime.now(UTC) + timedelta(seconds=s))),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
)


SENSIBLE = {200, 204, *range(400, 500)}
SIGNED = {
    b"twitch-eventsub-message-id",
    b"twitch-eventsub-message-timestamp",
    b"twitch-eventsub-message-signature",
}


class FuzzTests(TransactionTestCase):
    """Nothing a client can send yields a 5xx, and no row unless it is properly signed."""

    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.app = WebhookApp()
        self.app._inbox._on_commit = lambda claim: None
        self.app.start()
        self.addCleanup(self.app.stop)

    def status(self, headers: Headers, pieces: list[bytes | None], method: str = "POST") -> int:
        return asyncio.run(Request(headers, pieces, method=method).send_to(self.app)).status

    def test_whatever_is_sent_unsigned(self) -> None:
        @tries
        @given(
            method=st.one_of(st.just("POST"), st.text(max_size=8)),
            headers=st.lists(st.tuples(header_names, odd_values), max_size=8),
            pieces=st.lists(st.one_of(st.binary(max_size=50), st.none()), min_size=1, max_size=4),
        )
        def check(method: str, headers: Headers, pieces: list[bytes | None]) -> None:
            status = self.status(headers, pieces, method)
            assert 400 <= status < 500 or (status == 0 and None in pieces)

        check()
        assert not InboxMessage.objects.exists()

    def test_signed_but_for_one_header(self) -> None:
        @tries
        @given(body=bodies, name=header_names, value=odd_values, twice=st.booleans())
        def check(body: bytes, name: bytes, value: bytes, twice: bool) -> None:
            headers = [pair for pair in signed(body) if twice or pair[0] != name]
            status = self.status([*headers, (name, value)], [body])
            assert status in SENSIBLE
            assert status >= 400 or name not in SIGNED

        check()

    def test_signed_whatever_it_is(self) -> None:
        @tries
        @given(body=bodies, timestamp=timestamps)
        def check(body: bytes, timestamp: bytes | str) -> None:
            before = InboxMessage.objects.count()
            status = self.status(signed(body, timestamp=timestamp), [body])
            assert status in SENSIBLE
            assert InboxMessage.objects.count() == before + (status == 204)

        check()

    def test_signed_with_any_id(self) -> None:
        @tries
        @given(body=bodies, message_id=st.binary(min_size=1, max_size=400))
        def check(body: bytes, message_id: bytes) -> None:
            status = self.status(signed(body, message_id=message_id), [body])
            assert status in SENSIBLE
            if status == 204:
                assert InboxMessage.objects.filter(message_id=message_id.decode()).exists()

        check()

    def test_one_byte_more_is_refused(self) -> None:
        @tries
        @given(body=bodies, position=st.integers(0, 300), extra=st.binary(min_size=1, max_size=1))
        def check(body: bytes, position: int, extra: bytes) -> None:
            headers = without(signed(body), "content-length")
            assert self.status(headers, [body[:position] + extra + body[position:]]) == 403

        check()
        assert not InboxMessage.objects.exists()
