"""Which errors of the database pass by themselves, so that the same is worth trying again."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

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
