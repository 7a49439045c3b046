"""Throwaway MariaDB and Redis: own folder, own free port, gone at the end of the block.

    with servers.mariadb() as database, servers.redis() as cache:
        ...  # database.url, cache.url

Both are ready in about a second. For tests of what happens without them: `stop()` and `kill()`
end the server, `start()` brings it back at the same port with the same data.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from dev import ports
from dev.leash import Leash, leash

PATIENCE_SECONDS = 60
LOOPBACK = "127.0.0.1"
DATABASE = "streamwatch"

MISSING = "{program} is not installed: run `make test`, which installs it or names the package."
NOT_STARTED = "{name} did not start; the end of what it wrote:\n{log}"

# Read by the server before it takes the first connection.
FIRST_SQL = """\
CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS 'streamwatch'@'{host}' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO 'streamwatch'@'{host}';
"""

MARIADB_OPTIONS = (
    f"--bind-address={LOOPBACK}",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
    # As in production: what is committed is on the disk.
    "--innodb-flush-log-at-trx-commit=1",
    "--skip-log-bin",
    # Small, so that a laptop does not notice it.
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=32M",
    "--innodb-log-buffer-size=4M",
    "--aria-pagecache-buffer-size=1M",
    "--key-buffer-size=1M",
    "--performance-schema=OFF",
    "--max-connections=300",
)


AnyServer = TypeVar("AnyServer", bound="Server")


class ServerFailed(RuntimeError):
    """A throwaway server is not installed or did not start; the message says which and why."""


class Server(ABC):
    """A throwaway server at a port that stays the same for as long as this object lives."""

    name = "A server"

    def __init__(self, held: Leash) -> None:
        self.leash = held
        self.folder = held.folder
        self.port = ports.free(1)[0]
        self.log = self.folder / "log"
        self.socket = self.folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """The address as DATABASE_URL or REDIS_URL takes it."""

    @property
    def pid(self) -> int:
        """The id of the running server."""
        if self._process is None:
            raise ServerFailed(f"{self.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the server, on the data it had before, and wait until it answers (at most 60 s)."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.leash.environment(),
                # Ctrl-C must not take it away before the tests have ended.
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(NOT_STARTED.format(name=self.name, log=self._end_of_log()))
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask the server to stop and wait for it; nothing happens when it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what was not on the disk is lost."""
        self._end(signal.SIGKILL)

    def answers(self) -> bool:
        """True when the server takes a connection and speaks its protocol.

        Asked at the socket in its folder, which it opens after its port: whoever got hold of
        that port in the meantime does not answer here.
        """
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                return self._greets(connection)
        except OSError:
            return False

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _greets(self, connection: socket.socket) -> bool: ...

    def _end(self, signum: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signum)
        self._process.wait(PATIENCE_SECONDS)
        self._process = None

    def _end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


class MariaDB(Server):
    """MariaDB with a database `streamwatch` (utf8mb4_bin) and a user who may make others."""

    name = "MariaDB"

    def __init__(self, held: Leash) -> None:
        super().__init__(held)
        self.password = secrets.token_hex(12)
        self.data = self.folder / "data"
        # mariadbd does not run as root; its package brings a user for it.
        self.user = "mysql" if os.geteuid() == 0 else getpass.getuser()
        self._make_data()

    @property
    def url(self) -> str:
        """The URL of the database `streamwatch`."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The URL of another database in this server."""
        return f"mysql://streamwatch:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def _make_data(self) -> None:
        program = found("mariadb-install-db")
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
        made = subprocess.run(
            [
                # --no-defaults has to be the first.
                *(program, "--no-defaults", f"--user={self.user}", f"--datadir={self.data}"),
                # The only account with a way in over TCP is the one that FIRST_SQL makes.
                *("--auth-root-authentication-method=socket", "--skip-test-db"),
            ],
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise ServerFailed(NOT_STARTED.format(name=self.name, log=made.stdout + made.stderr))
        sql = self.folder / "first.sql"
        sql.write_text(FIRST_SQL.format(database=DATABASE, host=LOOPBACK, password=self.password))
        sql.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(sql, self.user)

    def _command(self) -> Sequence[str]:
        return [
            *(found("mariadbd"), "--no-defaults", f"--user={self.user}"),
            *(f"--datadir={self.data}", f"--port={self.port}"),
            *(f"--socket={self.socket}", f"--pid-file={self.folder / 'pid'}"),
            # In /tmp a server that starts removes the temporary tables of all others.
            f"--tmpdir={self.data}",
            *(f"--init-file={self.folder / 'first.sql'}", *MARIADB_OPTIONS),
        ]

    def _greets(self, connection: socket.socket) -> bool:
        # The server speaks first: length (3 bytes), number, then 10, its protocol's version.
        return connection.recv(5)[4:] == b"\x0a"


class Redis(Server):
    """Redis that keeps nothing on the disk: after a stop or a kill it comes back empty."""

    name = "Redis"

    @property
    def url(self) -> str:
        """The URL of its database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def _command(self) -> Sequence[str]:
        return [
            *(found("redis-server"), "--port", str(self.port), "--bind", LOOPBACK),
            *("--unixsocket", str(self.socket)),
            *("--dir", str(self.folder), "--save", "", "--appendonly", "no"),
            # A title would be written over the variables by which the leash finds it.
            *("--set-proc-title", "no"),
        ]

    def _greets(self, connection: socket.socket) -> bool:
        connection.sendall(b"PING\r\n")
        return connection.recv(7) == b"+PONG\r\n"


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """A running MariaDB for the block; needs Debian's mariadb-server."""
    with leash() as held:
        yield from _running(MariaDB(held))


@contextmanager
def redis() -> Iterator[Redis]:
    """A running Redis for the block; needs Debian's redis-server."""
    with leash() as held:
        yield from _running(Redis(held))


def _running(server: AnyServer) -> Iterator[AnyServer]:
    try:
        server.start()
        yield server
    finally:
        # Nobody will read its data again, so it need not write them.
        server.kill()


def found(program: str) -> str:
    """The path of `program`, looked for where Debian keeps servers too."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    path = shutil.which(program, path=places)
    if path is None:
        raise ServerFailed(MISSING.format(program=program))
    return path
