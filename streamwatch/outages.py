"""Which errors of the database pass by themselves, so that the same is worth trying again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")

# MySQL's and MariaDB's numbers.
PASSING = frozenset(
    {
        1040,  # too many connections
        1053,  # the server is shutting down
        1205,  # waited too long for a lock
        1213,  # deadlock
        1927,  # the connection was killed
        2002,  # nobody listens at the socket
        2003,  # nobody listens at the port
        2006,  # the server has gone away
        2013,  # lost in the middle of a query
    }
)
# SQLite has no numbers here, only words.
LOCKED = ("locked", "busy")
# Between tries when the database is away, or two waited for each other.
PAUSES_SECONDS = (0.02, 0.1, 0.5)


def is_passing(error: BaseException) -> bool:
    """Whether `error` is the database's, not the row's: a lost connection, a lock, a deadlock."""
    if isinstance(error, InterfaceError):  # What mysqlclient says of a connection it has lost.
        return True
    if not isinstance(error, OperationalError):
        return False
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return number in PASSING
    return any(word in str(error) for word in LOCKED)


def patiently(write: Callable[[], T]) -> T:
    """What `write` returns; tried again for about half a second while the error is passing.

    Not within a transaction: a deadlock has undone all of it.

    Raises:
        Exception: what `write` raised, at the last try or because it does not pass.
    """
    for pause in PAUSES_SECONDS:
        try:
            return write()
        except Exception as error:
            if not is_passing(error):
                raise
            # The connection may be dead, and a new one costs a millisecond.
            connection.close()
            time.sleep(pause)
    return write()
