"""Throwaway servers: they come up, keep or lose their data as they should, and go."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb
import pytest
import redis
from MySQLdb.connections import Connection

from dev import servers
from dev.leash import leash


def connect(server: servers.MariaDB) -> Connection:
    parts = urlsplit(server.url)
    return MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path.removeprefix("/"),
        connect_timeout=5,
        autocommit=True,
    )


def select(server: servers.MariaDB, sql: str) -> tuple[tuple[object, ...], ...]:
    connection = connect(server)
    try:
        connection.query(sql)
        rows: tuple[tuple[object, ...], ...] = connection.store_result().fetch_row(0)
        return rows
    finally:
        connection.close()


def gone(pid: int) -> bool:
    """True when the process has ended; one that its new parent has yet to bury counts."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_mariadb_is_as_in_production(own_mariadb: servers.MariaDB) -> None:
    wanted = "@@collation_database, @@innodb_flush_log_at_trx_commit, @@log_bin"
    assert select(own_mariadb, f"SELECT {wanted}") == (("utf8mb4_bin", 1, 0),)


def test_only_the_account_in_the_url_gets_in(own_mariadb: servers.MariaDB) -> None:
    for user in ("root", "mysql", "streamwatch", ""):
        with pytest.raises(MySQLdb.OperationalError, match="Access denied"):
            MySQLdb.connect(host="127.0.0.1", port=own_mariadb.port, user=user, connect_timeout=5)


def test_mariadb_keeps_what_is_committed(own_mariadb: servers.MariaDB) -> None:
    connection = connect(own_mariadb)
    connection.query("CREATE TABLE kept (number INT)")
    connection.query("INSERT INTO kept VALUES (7)")
    connection.close()
    for end in (own_mariadb.kill, own_mariadb.stop):
        end()
        assert not own_mariadb.answers()
        own_mariadb.start()
        assert select(own_mariadb, "SELECT number FROM kept") == ((7,),)


def test_redis_comes_back_empty(own_redis: servers.Redis) -> None:
    for end in (own_redis.kill, own_redis.stop):
        with redis.Redis.from_url(own_redis.url, socket_timeout=5) as client:
            assert client.dbsize() == 0
            client.set("name", "value")
        end()
        assert not own_redis.answers()
        own_redis.start()


def test_both_are_ready_soon_and_leave_nothing() -> None:
    started = time.monotonic()
    with servers.mariadb() as mariadb, servers.redis() as redis_server:
        took = time.monotonic() - started
        both = (mariadb, redis_server)
        pids = [server.pid for server in both]
    assert took < 10
    assert not any(server.answers() for server in both)
    assert all(gone(pid) for pid in pids)
    assert not any(server.folder.exists() for server in both)


def test_nothing_is_left_when_the_block_fails() -> None:
    seen: list[servers.Redis] = []

    def fail_in_the_block() -> None:
        with servers.redis() as server:
            seen.append(server)
            raise ZeroDivisionError(server.pid)

    with pytest.raises(ZeroDivisionError) as failed:
        fail_in_the_block()
    assert gone(int(str(failed.value)))
    assert not seen[0].folder.exists()


def test_stopping_a_stopped_server_is_fine(own_redis: servers.Redis) -> None:
    own_redis.stop()
    own_redis.stop()
    with pytest.raises(servers.ServerFailed, match="Redis is not running"):
        assert own_redis.pid


def test_a_server_that_does_not_start_tells_why(own_redis: servers.Redis) -> None:
    with leash() as held:
        second = servers.Redis(held)
        second.port = own_redis.port
        with pytest.raises(servers.ServerFailed, match="Address already in use"):
            second.start()


def test_a_server_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    with (
        pytest.raises(servers.ServerFailed, match="redis-server is not installed"),
        servers.redis(),
    ):
        pytest.fail("it started")


def test_mariadb_does_not_run_as_root(own_mariadb: servers.MariaDB) -> None:
    assert Path(f"/proc/{own_mariadb.pid}").stat().st_uid != 0 or os.geteuid() != 0
