from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.db import OperationalError
from django.test import TransactionTestCase, override_settings

from streamwatch.encryption import decrypt
from tests.webhooks.sending import (
    Headers,
    Request,
    body_of,
    challenge_body,
    new_id,
    online_body,
    post,
    revocation_body,
    rfc3339,
    signed,
    with_value,
    without,
)
from webhooks import receiving, storing
from webhooks.models import InboxMessage
from webhooks.receiving import MOST_BYTES, WebhookApp

LOG = "webhooks.receiving"


class RunningAppCase(TransactionTestCase):
    """A webhook application that runs; what it took in is not worked at."""

    def setUp(self) -> None:
        self.app = WebhookApp()
        self.app._inbox._on_commit = lambda claim: None
        self.app.start()
        self.addCleanup(self.app.stop)


class TakesInTests(RunningAppCase):
    def test_a_signed_message_is_kept_as_it_came_before_the_answer(self) -> None:
        body = online_body()
        message_id = new_id()
        sent_at = datetime.now(UTC) - timedelta(minutes=9)
        answer = post(
            self.app, body, signed(body, message_id=message_id, timestamp=rfc3339(sent_at))
        )

        assert (answer.status, answer.body) == (204, b"")
        message = InboxMessage.objects.get()
        assert message.message_id == message_id
        assert message.type == "stream.online"
        assert message.sent_at == sent_at
        assert bytes(message.body) == body
        assert not message.is_private
        assert message.processed_at is None
        assert abs(message.received_at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_a_repeat_is_answered_the_same_and_changes_nothing(self) -> None:
        body, again = online_body(), online_body(event={"id": "9002"})
        message_id = new_id()
        assert post(self.app, body, signed(body, message_id=message_id)).status == 204
        before = InboxMessage.objects.values().get()

        assert post(self.app, again, signed(again, message_id=message_id)).status == 204
        assert InboxMessage.objects.values().get() == before

    def test_the_path_with_and_without_slash_and_with_a_query_string(self) -> None:
        for path, query in (("/webhooks/twitch", b""), ("/webhooks/twitch/", b"a=1&b=%00")):
            body = online_body()
            assert post(self.app, body, path=path, query=query).status == 204
        assert InboxMessage.objects.count() == 2

    def test_a_challenge_is_answered_as_plain_text_and_not_kept(self) -> None:
        answer = post(self.app, challenge_body("pogchamp-kappa-360noscope-vohiyo"))

        assert (answer.status, answer.body) == (200, b"pogchamp-kappa-360noscope-vohiyo")
        assert answer.headers == {"content-type": "text/plain", "content-length": "32"}
        assert not InboxMessage.objects.exists()

    def test_a_challenge_in_other_letters_comes_back_as_it_is(self) -> None:
        answer = post(self.app, challenge_body("žluťoučký 🐎 \n<b>"))
        assert answer.body.decode() == "žluťoučký 🐎 \n<b>"
        assert answer.headers["content-length"] == str(len(answer.body))

    def test_half_a_surrogate_pair_in_a_challenge_is_no_error(self) -> None:
        body = challenge_body().replace(b"pogchamp", b"\\ud83d")
        assert post(self.app, body).status == 200

    def test_a_challenge_has_twitchs_list_read_again_for_whom_it_is_about(self) -> None:
        with patch.object(self.app._confirmer, "note") as note:
            post(self.app, challenge_body())
        note.assert_called_once_with("1337")

    def test_a_revocation_is_kept_like_any_other(self) -> None:
        assert post(self.app, revocation_body()).status == 204
        assert InboxMessage.objects.get().type == "stream.online"

    def test_a_type_we_do_not_know_is_kept(self) -> None:
        body = body_of("channel.goal.begin", {"broadcaster_user_id": "1337"})
        assert post(self.app, body).status == 204
        assert InboxMessage.objects.get().type == "channel.goal.begin"

    def test_a_batch_of_events_is_kept(self) -> None:
        subscription = {"type": "drop.entitlement.grant", "version": "1", "status": "enabled"}
        events = [{"id": "bf7c8577", "data": {"user_id": "1337"}}]
        body = json.dumps({"subscription": subscription, "events": events}).encode()
        assert post(self.app, body).status == 204
        assert InboxMessage.objects.get().type == "drop.entitlement.grant"

    def test_what_it_is_is_read_from_the_body_not_from_the_headers(self) -> None:
        body = online_body()
        headers = signed(body, type_name="user.whisper.message")
        headers = with_value(headers, "twitch-eventsub-message-type", b"revocation")
        assert post(self.app, body, headers).status == 204
        message = InboxMessage.objects.get()
        assert (message.type, message.is_private) == ("stream.online", False)

    def test_a_private_body_lies_encrypted(self) -> None:
        whisper = {"from_user_id": "423374343", "whisper": {"text": "a secret"}}
        body = body_of("user.whisper.message", whisper)
        assert post(self.app, body).status == 204
        message = InboxMessage.objects.get()
        assert message.is_private
        assert b"secret" not in bytes(message.body)
        assert decrypt(bytes(message.body)) == body

    def test_an_endless_type_is_cut_to_its_column(self) -> None:
        assert post(self.app, body_of("é" * 5000, {})).status == 204
        assert InboxMessage.objects.get().type == "é" * 100

    def test_half_characters_and_four_byte_ones_are_kept(self) -> None:
        odd = body_of("odd", {"title": "🐎"}).replace(b'"odd"', b'"\\ud83dx\\ud83d\\udc0e"')
        assert post(self.app, odd).status == 204
        message = InboxMessage.objects.get()
        assert message.type == "x🐎"
        assert decrypt(bytes(message.body)) == odd

    def test_any_of_the_secrets_signs(self) -> None:
        body = online_body()
        with override_settings(TWITCH_EVENTSUB_SECRETS=["the new secret", "the old secret"]):
            for secret in ("the new secret", "the old secret"):
                assert post(self.app, body, signed(body, secret=secret)).status == 204
            with self.assertLogs(LOG, "WARNING"):
                answer = post(self.app, body, signed(body, secret="another secret"))
        assert answer.status == 403

    def test_a_body_in_pieces_is_one_body(self) -> None:
        body = online_body()
        request = Request(signed(body), [body[:1], b"", body[1:200], body[200:]])
        assert asyncio.run(request.send_to(self.app)).status == 204
        assert bytes(InboxMessage.objects.get().body) == body

    def test_a_body_of_exactly_256_kib_is_taken(self) -> None:
        body = online_body() + b" " * (MOST_BYTES - len(online_body()))
        assert post(self.app, body).status == 204

    def test_many_at_once_are_all_kept(self) -> None:
        async def all_of_them() -> list[int]:
            bodies = [online_body() for _ in range(300)]
            requests = [Request(signed(body), [body]) for body in bodies]
            answers = await asyncio.gather(*(one.send_to(self.app) for one in requests))
            return [answer.status for answer in answers]

        assert asyncio.run(all_of_them()) == [204] * 300
        assert InboxMessage.objects.count() == 300
        # That is: many shared a commit.
        assert InboxMessage.objects.values("claim").distinct().count() < 30


class RefusesTests(RunningAppCase):
    def refuse(self, status: int, reason: str, body: bytes, headers: Headers) -> None:
        with self.subTest(reason), self.assertLogs(LOG, "WARNING") as logs:
            answer = post(self.app, body, headers)
            assert answer.status == status
            assert answer.headers["content-length"] == str(len(answer.body))
            assert len(logs.output) == 1
            assert f"{status} {reason}," in logs.output[0]
            assert len(logs.output[0]) < 300
        assert not InboxMessage.objects.exists()

    def test_other_methods_with_what_is_allowed(self) -> None:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW"):
            with self.subTest(method), self.assertLogs(LOG, "WARNING"):
                answer = post(self.app, b"", [], method=method)
                assert (answer.status, answer.headers["allow"]) == (405, "POST")

    def test_a_missing_or_empty_header(self) -> None:
        body = online_body()
        for name in ("id", "timestamp", "signature"):
            header = f"twitch-eventsub-message-{name}"
            self.refuse(400, "header-missing", body, without(signed(body), header))
            self.refuse(400, "header-missing", body, with_value(signed(body), header, b""))

    def test_a_header_twice_for_nobody_knows_which_is_signed(self) -> None:
        body = online_body()
        headers = signed(body)
        for name in ("id", "timestamp", "signature"):
            header = f"twitch-eventsub-message-{name}".encode()
            value = dict(headers)[header]
            self.refuse(400, "header-twice", body, [*headers, (header, value)])

    def test_headers_of_absurd_length(self) -> None:
        body = online_body()
        for name in ("id", "timestamp", "signature"):
            header = f"twitch-eventsub-message-{name}"
            headers = with_value(signed(body), header, b"1" * 60_000)
            self.refuse(400, "header-too-long", body, headers)
        headers = signed(body, message_id="x" * 256)
        self.refuse(400, "header-too-long", body, headers)

    def test_an_id_that_is_not_printable_ascii(self) -> None:
        body = online_body()
        for odd in (b"\xff\xfe", b"a\x00b", b"a\nb", "žluť".encode()):
            self.refuse(400, "odd-id", body, signed(body, message_id=odd))

    def test_a_timestamp_that_is_none(self) -> None:
        body = online_body()
        now = datetime.now(UTC)
        for odd in ("yesterday", "1700000000", now.strftime("%Y-%m-%d"), "2026-13-45T99:99:99Z"):
            self.refuse(400, "no-time", body, signed(body, timestamp=odd))
        self.refuse(400, "no-time", body, signed(body, timestamp=now.isoformat()[:19]))
        self.refuse(400, "no-time", body, signed(body, timestamp=b"\xd9\xa1\xd9\xa2"))

    def test_a_timestamp_more_than_ten_minutes_away(self) -> None:
        body = online_body()
        now = datetime.now(UTC)
        old, early = now - timedelta(minutes=10, seconds=5), now + timedelta(minutes=10, seconds=5)
        self.refuse(400, "too-old", body, signed(body, timestamp=rfc3339(old)))
        self.refuse(400, "from-the-future", body, signed(body, timestamp=rfc3339(early)))
        self.refuse(400, "too-old", body, signed(body, timestamp="0001-01-01T00:00:00Z"))
        end = "9999-12-31T23:59:59.999999999-00:01"
        self.refuse(400, "no-time", body, signed(body, timestamp=end))

    def test_a_signature_that_is_wrong_in_any_way(self) -> None:
        body = online_body()
        headers = signed(body)
        right = dict(headers)[b"twitch-eventsub-message-signature"]
        for wrong in (
            *(right[:-1] + b"x", right[:-1], right + b"0", right.upper(), right[7:]),
            *(b"sha256=", b"sha1=" + right[7:47], b"sha256=" + b"0" * 64, b"\xff" * 71, b"x"),
        ):
            changed = with_value(headers, "twitch-eventsub-message-signature", wrong)
            self.refuse(403, "bad-signature", body, changed)

    def test_anything_signed_that_was_changed(self) -> None:
        body = online_body()
        headers = signed(body)
        self.refuse(403, "bad-signature", body.replace(b"9001", b"9002"), headers)
        other = with_value(headers, "twitch-eventsub-message-id", new_id().encode())
        self.refuse(403, "bad-signature", body, other)
        moment = rfc3339(datetime.now(UTC) - timedelta(minutes=1)).encode()
        later = with_value(headers, "twitch-eventsub-message-timestamp", moment)
        self.refuse(403, "bad-signature", body, later)

    def test_nothing_is_parsed_before_the_signature_is_checked(self) -> None:
        body = b"not JSON"
        self.refuse(403, "bad-signature", body, signed(body, secret="wrong secret"))

    def test_more_than_256_kib_by_its_own_word_without_reading(self) -> None:
        headers = with_value(signed(b""), "content-length", str(MOST_BYTES + 1).encode())
        with self.assertLogs(LOG, "WARNING"):
            answer = asyncio.run(Request(headers, []).send_to(self.app))
        assert answer.status == 413

    def test_a_content_length_that_is_no_number(self) -> None:
        body = online_body()
        for odd in (b"-1", b"many", b"1e3", b"\xb2"):
            headers = with_value(signed(body), "content-length", odd)
            self.refuse(400, "content-length", body, headers)

    def test_more_than_256_kib_while_reading(self) -> None:
        body = b"x" * (MOST_BYTES + 1)
        headers = without(signed(body), "content-length")
        self.refuse(413, "too-long", body, headers)
        endless = Request(headers, [b"x" * 60_000] * 100)
        with self.assertLogs(LOG, "WARNING"):
            answer = asyncio.run(endless.send_to(self.app))
        assert answer.status == 413
        # The rest is neither read nor held in memory.
        assert answer.read == 5

    def test_a_body_that_does_not_come(self) -> None:
        stalling = Request(signed(online_body()), [b"{"], stalls=True)
        with patch.object(receiving, "BODY_SECONDS", 0.05), self.assertLogs(LOG, "WARNING"):
            assert asyncio.run(stalling.send_to(self.app)).status == 408

    def test_signed_but_no_message(self) -> None:
        for body in (
            *(b"", b"not JSON", b"\xff\xfe", b"[]", b"null", b"1", b'"text"', b"{}"),
            *(b'{"subscription": {}}', b'{"subscription": null, "event": {}}'),
            b'{"subscription": {"type": "stream.online", "status": "enabled"}}',
            b'{"subscription": {"type": "x"}, "event": []}',
            b'{"subscription": {"type": "x"}, "event": null}',
            b'{"subscription": {"type": "x"}, "challenge": 5}',
            b'{"event": {"id": "1"}}',
            b"[" * 100_000,
            b'{"subscription": {"type": "x"}, "event": {"n": ' + b"9" * 5000 + b"}}",
        ):
            with self.subTest(body[:40]), self.assertLogs(LOG, "WARNING") as logs:
                answer = post(self.app, body)
                assert answer.status == 400
                assert len(logs.output[0]) < 300
        assert not InboxMessage.objects.exists()

    def test_nesting_of_any_depth_is_no_error_of_ours(self) -> None:
        for depth in (*range(900, 1000, 7), 2_000, 20_000):
            with self.subTest(depth):
                nested = b"[" * depth + b"]" * depth
                body = b'{"subscription": {"type": ' + nested + b'}, "event": {}}'
                assert post(self.app, body).status in {204, 400}

    def test_the_log_says_why_and_holds_neither_secret_nor_body_nor_more_lines(self) -> None:
        body = online_body()
        headers = signed(body, message_id=b"x\nERROR: forged\x1b[31m")
        headers = with_value(headers, "twitch-eventsub-message-signature", b"sha256=guess")
        with self.assertLogs(LOG, "WARNING") as logs:
            post(self.app, body, headers)
        (line,) = logs.output
        assert "403 bad-signature" in line
        assert "\n" not in line
        assert "\x1b" not in line
        assert "cool_user" not in line
        assert "guess" not in line


class ClientGoesTests(RunningAppCase):
    def test_a_client_that_goes_in_the_middle_of_its_body_gets_nothing(self) -> None:
        body = online_body()
        for pieces in ([None], [body[:10], None]):
            answer = asyncio.run(Request(signed(body), pieces).send_to(self.app))
            assert answer.status == 0
        assert not InboxMessage.objects.exists()

    def test_a_client_that_goes_while_it_is_written_does_no_harm(self) -> None:
        body = online_body()

        async def goes() -> None:
            request = Request(signed(body), [body])
            task = asyncio.ensure_future(request.send_to(self.app))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(goes())
        assert post(self.app, body).status == 204
        assert InboxMessage.objects.count() in {1, 2}


class NotKeptTests(TransactionTestCase):
    def test_503_with_retry_after_while_it_does_not_run(self) -> None:
        app = WebhookApp()
        self._refused(app)
        app.start()
        assert post(app, online_body()).status == 204
        app.stop()
        self._refused(app)

    def test_503_with_retry_after_while_the_database_is_away(self) -> None:
        app = WebhookApp()
        app._inbox._on_commit = lambda claim: None
        app.start()
        self.addCleanup(app.stop)
        away = OperationalError(2003, "Can't connect to MySQL server")
        with (
            patch.object(storing, "_insert", side_effect=away),
            patch.object(storing, "PATIENCE_SECONDS", 0.05),
            self.assertLogs("webhooks.storing", "WARNING"),
        ):
            self._refused(app)
        assert post(app, online_body()).status == 204

    def test_starting_and_stopping_twice_is_harmless(self) -> None:
        app = WebhookApp()
        app.start()
        app.start()
        assert post(app, online_body()).status == 204
        app.stop()
        app.stop()
        app.start()
        assert post(app, online_body()).status == 204
        app.stop()

    def _refused(self, app: WebhookApp) -> None:
        with self.assertLogs(LOG, "WARNING"):
            answer = post(app, online_body())
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
