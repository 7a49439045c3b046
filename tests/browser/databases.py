"""Empty databases in a MariaDB that tests share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import MySQLdb


def connected(url: str) -> MySQLdb.Connection:
    """To the server; what is done is there at once."""
    parts = urlsplit(url)
    return MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        connect_timeout=5,
        autocommit=True,
    )


def execute(url: str, sql: str) -> None:
    """One statement in the database of this URL."""
    connection = connected(url)
    try:
        connection.select_db(urlsplit(url).path[1:])
        connection.query(sql)
    finally:
        connection.close()


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a new database, created as production's must be, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    parts = urlsplit(server_url)
    connection = connected(server_url)
    try:
        connection.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        yield parts._replace(path=f"/{name}").geturl()
        connection.query(f"DROP DATABASE {name}")
    finally:
        connection.close()
