"""From messages in the inbox to what they say: claim, translate, record, mark.

The process that took a message in claims it by the very statement that keeps it, and works at it
at once in a thread; the sweep claims what a killed process left. Whatever is done twice is
harmless: see activity.recording.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from uuid import uuid4

from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from accounts.revoking import note_revoked
from activity.drafts import Draft
from activity.recording import record
from livestream.keeping import keep, wanted
from livestream.models import Heard
from streamwatch.crashing import crash_point
from streamwatch.encryption import decrypt
from streamwatch.twitch.errors import BadMessage
from streamwatch.twitch.eventsub import EventType, condition_key
from streamwatch.twitch.payloads import Message, MessageKind, parse_message
from subscriptions.reconciling import note_revocation
from webhooks.models import InboxMessage
from webhooks.outages import is_passing
from webhooks.translate import person_id, translate

logger = logging.getLogger(__name__)

# So many are recorded in one go; a bad one among them costs going one by one.
GO = 100
# Once when it came, and five times by the sweep.
ATTEMPTS = 6
# Between tries when the database is away, or two waited for each other.
PAUSES_SECONDS = (0.02, 0.1, 0.5)
# Private bodies are blanked this long after processing, by a task that runs every minute.
BLANK_AFTER = timedelta(minutes=5)
PROBLEM_LENGTH = 500
# Claims that the thread takes up together.
CLAIMS = 50
STOP_SECONDS = 5.0


def claim_left_over(*, limit: int) -> str:
    """Claim at most `limit` messages for the sweep; the claim, "" when there is nothing.

    Two queries; a conditional UPDATE, so that two sweeps never hold the same message.
    """
    now, claim = timezone.now(), uuid4().hex
    pks = list(InboxMessage.objects.left_over(now).values_list("pk", flat=True)[:limit])
    free = InboxMessage.objects.free(now).filter(pk__in=pks)
    return claim if pks and free.update(claim=claim, claimed_at=now) else ""


def process(*claims: str) -> int:
    """Work at what is claimed with these, in the order it came; how many messages that were.

    A message that raises keeps its `problem` and its claim: when that has run out, the sweep
    tries again, five times at most. Nobody else has to wait for it.

    Raises:
        django.db.Error: the database was away for about a second. The sweep has the rest.
    """
    messages = list(InboxMessage.objects.claimed_by(claims))
    for start in range(0, len(messages), GO):
        _work_at(messages[start : start + GO])
    return len(messages)


def _work_at(messages: Sequence[InboxMessage]) -> None:
    try:
        _record_patiently(messages)
    except Exception as error:
        if is_passing(error):
            raise
        if len(messages) == 1:
            _note_problem(messages[0], error)
            return
        for message in messages:
            _work_at([message])
    else:
        _mark_processed(messages)


def _record_patiently(messages: Sequence[InboxMessage]) -> None:
    for pause in PAUSES_SECONDS:
        try:
            _record(messages)
        except Exception as error:
            if not is_passing(error):
                raise
            # It may be dead, and a new one costs a millisecond.
            connection.close()
            time.sleep(pause)
        else:
            return
    _record(messages)


def _record(messages: Sequence[InboxMessage]) -> None:
    parsed = [(message, _parsed(message)) for message in messages]
    drafts = [draft for message, one in parsed for draft in _understand(message, one)]
    told = wanted([_heard(*each) for each in parsed if each[1].kind is MessageKind.NOTIFICATION])
    crash_point("before-recording")
    if not told:
        if drafts:
            record(drafts)
        return
    # In one commit: whoever listens is told what is recorded, and nothing else.
    with transaction.atomic():
        keep(rows=told)
        record(drafts)


def _parsed(message: InboxMessage) -> Message:
    body = bytes(message.body)
    return parse_message(decrypt(body) if message.is_private else body)


def _heard(message: InboxMessage, parsed: Message) -> Heard:
    return Heard(
        message_id=message.message_id,
        type=parsed.promise.type,
        condition_key=condition_key(parsed.promise.condition),
        sent_at=message.sent_at,
        event=parsed.event,
    )


def _understand(message: InboxMessage, parsed: Message) -> list[Draft]:
    """The drafts in it; what says nothing about a streamer is noted at once."""
    if parsed.kind is MessageKind.REVOCATION:
        note_revocation(promise=parsed.promise)
        return []
    if parsed.promise.type == EventType.AUTHORIZATION_REVOKE:
        note_revoked(twitch_id=person_id(parsed.event), at=message.sent_at)
        return []
    return translate(parsed.promise.type, parsed.event, message.sent_at)


def _mark_processed(messages: Sequence[InboxMessage]) -> None:
    now = timezone.now()
    for is_private in {message.is_private for message in messages}:
        pks = [message.pk for message in messages if message.is_private is is_private]
        InboxMessage.objects.filter(pk__in=pks).update(
            processed_at=now, problem="", blank_at=now + BLANK_AFTER if is_private else None
        )


def _note_problem(message: InboxMessage, error: Exception) -> None:
    now = timezone.now()
    message.attempts += 1
    message.problem = _problem(message, error)
    if message.attempts >= ATTEMPTS:
        message.processed_at = now
        message.blank_at = now + BLANK_AFTER if message.is_private else None
    message.save(update_fields=["attempts", "problem", "processed_at", "blank_at"])
    if message.processed_at is not None:
        logger.error("message %d given up: %s", message.pk, message.problem)
    else:
        logger.warning(
            "message %d failed, try %d: %s", message.pk, message.attempts, message.problem
        )


def _problem(message: InboxMessage, error: Exception) -> str:
    """For the operator. Of private messages the kind of error alone: it may quote the message."""
    name = type(error).__name__
    if message.is_private and not isinstance(error, BadMessage):
        return name
    text = f"{name}: {error}".encode(errors="replace").decode().replace("\x00", "")
    return " ".join(text.split())[:PROBLEM_LENGTH]


class Processor:
    """Works at what this process took in: one thread with one connection to the database."""

    def __init__(self) -> None:
        self._claims: SimpleQueue[str] = SimpleQueue()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin; nothing happens when it has begun."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="processor", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what has been taken up (at most 5 s; the sweep has the rest) and end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._claims.put("")
            thread.join(STOP_SECONDS)

    def take(self, claim: str) -> None:
        """Work soon at what is claimed with this; from any thread."""
        self._claims.put(claim)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            claims = self._waiting()
            is_last = "" in claims
            self._process([claim for claim in claims if claim])
        connection.close()

    def _waiting(self) -> list[str]:
        claims = [self._claims.get()]
        with suppress(Empty):
            while claims[-1] and len(claims) < CLAIMS:
                claims.append(self._claims.get_nowait())
        return claims

    def _process(self, claims: Sequence[str]) -> None:
        try:
            process(*claims)
        except Exception:
            logger.exception("messages are left to the sweep")
            connection.close()
        close_old_connections()
