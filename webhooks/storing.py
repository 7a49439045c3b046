"""Writing many messages into the inbox in one statement, which is one commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from streamwatch.encryption import encrypt
from streamwatch.outages import is_passing

logger = logging.getLogger(__name__)

# Twitch waits a few seconds for an answer; a failover that takes less goes unnoticed.
PATIENCE_SECONDS = 2.0
PAUSE_SECONDS = 0.02

# Of webhooks.models.InboxMessage.
TABLE = "webhooks_inboxmessage"
COLUMNS = (
    *("message_id", "type", "sent_at", "received_at", "body", "is_private"),
    *("claim", "claimed_at", "attempts", "problem"),
)


class Arrival(NamedTuple):
    """A message that is not in the inbox yet; `body` as it came, `type` cut to its column."""

    message_id: str
    type: str
    sent_at: datetime
    received_at: datetime
    body: bytes
    is_private: bool


def store(*, arrivals: Sequence[Arrival], claim: str) -> list[bool]:
    """Write the arrivals, claimed with `claim`; for each whether it is committed.

    One statement and one commit for all. A message id that we hold is left as it is and counts
    as committed. While the database is away it is tried again for 2 s; then none of the rest is
    committed. When a row is refused, the rows are written one by one.
    """
    try:
        _insert_patiently(arrivals, claim)
    except Exception as error:  # noqa: BLE001 -- drivers raise their own for odd text
        if is_passing(error):
            _give_up(error)
            return [False] * len(arrivals)
        return _store_one_by_one(arrivals, claim)
    return [True] * len(arrivals)


def _store_one_by_one(arrivals: Sequence[Arrival], claim: str) -> list[bool]:
    kept = [False] * len(arrivals)
    for position, arrival in enumerate(arrivals):
        try:
            _insert_patiently([arrival], claim)
        except Exception as error:  # noqa: BLE001 -- as above
            if is_passing(error):
                # The others would only wait for the same.
                _give_up(error)
                break
            # Not its words: the message may be private.
            logger.error("inbox: a %s was not kept: %s", arrival.type, type(error).__name__)  # noqa: TRY400
        else:
            kept[position] = True
    return kept


def _give_up(error: Exception) -> None:
    connection.close()
    logger.warning("inbox: messages not kept, the database is away: %s", error)


def _insert_patiently(arrivals: Sequence[Arrival], claim: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    pause = PAUSE_SECONDS
    while True:
        try:
            return _insert(arrivals, claim)
        except Exception as error:
            if not is_passing(error) or time.monotonic() + pause > give_up_at:
                raise
            # It may be dead, and a new one costs a millisecond.
            connection.close()
            time.sleep(pause)
            pause *= 2


def _insert(arrivals: Sequence[Arrival], claim: str) -> None:
    now = timezone.now()
    parameters: list[Any] = []
    for arrival in arrivals:
        parameters += _parameters(arrival, claim, now)
    if connection.connection is None:
        _connect()
    with connection.cursor() as cursor:
        # Outside a transaction a statement commits itself: one round trip.
        cursor.execute(_statement(len(arrivals)), parameters)


def _parameters(arrival: Arrival, claim: str, now: datetime) -> list[Any]:
    moment = connection.ops.adapt_datetimefield_value
    return [
        arrival.message_id,
        arrival.type,
        moment(arrival.sent_at),
        moment(arrival.received_at),
        encrypt(arrival.body) if arrival.is_private else arrival.body,
        arrival.is_private,
        claim,
        moment(now),
        0,
        "",
    ]


def _statement(rows: int) -> str:
    # IGNORE would hide real errors too.
    is_mysql = connection.vendor == "mysql"
    values = ["%s"] * len(COLUMNS)
    values[COLUMNS.index("body")] = "_binary %s" if is_mysql else "%s"
    row = f"({','.join(values)})"
    again = "ON DUPLICATE KEY UPDATE id=id" if is_mysql else "ON CONFLICT (message_id) DO NOTHING"
    columns, all_rows = ",".join(COLUMNS), ",".join([row] * rows)
    return f"INSERT INTO {TABLE} ({columns}) VALUES {all_rows} {again}"  # noqa: S608 -- all ours


def _connect() -> None:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            # What is acknowledged must outlive a power cut too, not only a kill.
            cursor.execute("PRAGMA synchronous=FULL")
