"""The database is killed under load and comes back: what was acknowledged is there."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dev import ports
from dev.servers import MariaDB
from tests import environment
from tests.webhooks.sending import new_id, online_body, signed

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60
SENDERS = 8


@contextmanager
def live_process(database: str) -> Iterator[int]:
    """The live process as in production; its port."""
    variables = {**environment.bare(), **environment.VALUES, "DATABASE_URL": database}
    variables |= {"DJANGO_SETTINGS_MODULE": "streamwatch.settings", "LOG_LEVEL": "ERROR"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
        cwd=ROOT,
        env=variables,
        check=True,
    )
    port = ports.free(1)[0]
    command = [sys.executable, "-m", "uvicorn", "streamwatch.asgi:application"]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=variables)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


def send(port: int, message_id: str) -> http.client.HTTPResponse:
    """One signed message over a connection of its own."""
    body = online_body()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {name.decode(): value.decode() for name, value in signed(body, message_id=message_id)}
    connection.request("POST", "/webhooks/twitch/?again=1", body, headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def send_until_kept(port: int, message_id: str) -> None:
    """As Twitch does: again and again, the same message."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        # Refused while the process is still starting.
        with suppress(ConnectionError):
            if send(port, message_id).status == 204:
                return
        time.sleep(0.05)
    raise AssertionError("not kept in time")


def kept(server: MariaDB) -> set[str]:
    import MySQLdb

    parts = urlsplit(server.url)
    connection = MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path[1:],
    )
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT message_id FROM webhooks_inboxmessage")
        return {row[0] for row in cursor.fetchall()}
    finally:
        connection.close()


@pytest.mark.mariadb
def test_nothing_acknowledged_is_lost_when_the_database_is_killed(own_mariadb: MariaDB) -> None:
    with live_process(own_mariadb.url) as port:
        send_until_kept(port, new_id())
        acknowledged: set[str] = set()
        others: list[int] = []
        stop = threading.Event()

        def sender() -> None:
            while not stop.is_set():
                message_id = new_id()
                status = send(port, message_id).status
                if status == 204:
                    acknowledged.add(message_id)
                else:
                    others.append(status)

        threads = [threading.Thread(target=sender) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 200:
            time.sleep(0.01)
        own_mariadb.kill()
        began = time.monotonic()
        refused = send(port, new_id())
        assert refused.status == 503
        assert int(refused.getheader("retry-after", "0")) > 0
        assert time.monotonic() - began < 10
        own_mariadb.start()
        before = len(acknowledged)
        deadline = time.monotonic() + SECONDS
        while len(acknowledged) < before + 200:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join(SECONDS)

    assert acknowledged <= kept(own_mariadb)
    assert set(others) <= {503}
