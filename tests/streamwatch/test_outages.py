from __future__ import annotations

import pytest
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError

from streamwatch.outages import is_passing


@pytest.mark.parametrize(
    "error",
    [
        *(OperationalError(number, "x") for number in (1040, 1205, 1213, 2002, 2003, 2006, 2013)),
        OperationalError("database is locked"),
        OperationalError("database table is locked"),
        InterfaceError(0, ""),
        InterfaceError("connection already closed"),
    ],
)
def test_the_same_is_worth_trying_again(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [
        DataError(1406, "Data too long for column 'type'"),
        IntegrityError(1048, "Column 'type' cannot be null"),
        # Its number is one that passes, its kind is not.
        DataError(1213, "x"),
        OperationalError(1153, "Got a packet bigger than 'max_allowed_packet' bytes"),
        OperationalError(1366, "Incorrect string value"),
        OperationalError("no such table: webhooks_inboxmessage"),
        OperationalError("database or disk is full"),
        OperationalError(),
        DatabaseError("locked"),
        ValueError("locked"),
    ],
)
def test_the_same_would_fail_again(error: Exception) -> None:
    assert not is_passing(error)
