"""The state file: one SQLite database that a killed process leaves whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    description TEXT NOT NULL, email TEXT, broadcaster_type TEXT NOT NULL,
    created_at REAL NOT NULL, language TEXT NOT NULL, can_log_in INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0, followers_base INTEGER NOT NULL,
    viewers_base INTEGER NOT NULL, title TEXT NOT NULL, category_id TEXT NOT NULL,
    tags TEXT NOT NULL, labels TEXT NOT NULL, stream_id TEXT, started_at REAL,
    last_streamed_at REAL, step INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS people_next ON people (next_at);
CREATE INDEX IF NOT EXISTS people_live ON people (stream_id);
CREATE INDEX IF NOT EXISTS people_strangers ON people (can_log_in, gone, id);
CREATE TABLE IF NOT EXISTS moderators (
    broadcaster_id TEXT NOT NULL, moderator_id TEXT NOT NULL,
    PRIMARY KEY (broadcaster_id, moderator_id)
);
CREATE TABLE IF NOT EXISTS follows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL,
    broadcaster_id TEXT NOT NULL, followed_ns INTEGER NOT NULL,
    UNIQUE (user_id, broadcaster_id)
);
CREATE INDEX IF NOT EXISTS follows_followed ON follows (broadcaster_id);
CREATE TABLE IF NOT EXISTS grants (
    client_id TEXT NOT NULL, user_id TEXT NOT NULL, scopes TEXT NOT NULL,
    PRIMARY KEY (client_id, user_id)
);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL, expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
    access TEXT PRIMARY KEY, refresh TEXT UNIQUE, client_id TEXT NOT NULL, user_id TEXT,
    scopes TEXT NOT NULL, expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS subscriptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, client_id TEXT NOT NULL,
    type TEXT NOT NULL, version TEXT NOT NULL, condition TEXT NOT NULL, subject TEXT NOT NULL,
    callback TEXT NOT NULL, secret TEXT NOT NULL, status TEXT NOT NULL,
    created_ns INTEGER NOT NULL, given_up INTEGER NOT NULL DEFAULT 0,
    session_id TEXT NOT NULL DEFAULT '', user_id TEXT NOT NULL DEFAULT '',
    connected_ns INTEGER NOT NULL DEFAULT 0, ended_ns INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS subscriptions_session ON subscriptions (session_id);
CREATE INDEX IF NOT EXISTS subscriptions_user ON subscriptions (user_id);
CREATE INDEX IF NOT EXISTS subscriptions_subject ON subscriptions (type, subject);
CREATE INDEX IF NOT EXISTS subscriptions_cost ON subscriptions (status, type, version, subject);
-- Whom a subscription's condition names: one of many thousands is found by any of them.
CREATE TABLE IF NOT EXISTS named (
    user_id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (user_id, seq)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS subscription_made AFTER INSERT ON subscriptions BEGIN
    INSERT OR IGNORE INTO named SELECT value, NEW.seq FROM json_each(NEW.condition);
END;
CREATE TRIGGER IF NOT EXISTS subscription_gone AFTER DELETE ON subscriptions BEGIN
    DELETE FROM named WHERE seq = OLD.seq
        AND user_id IN (SELECT value FROM json_each(OLD.condition));
END;
-- Those of a state file that is older than the table.
INSERT OR IGNORE INTO named SELECT value, seq FROM subscriptions, json_each(condition)
    WHERE NOT EXISTS (SELECT 1 FROM named);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, subscription_id TEXT NOT NULL,
    kind TEXT NOT NULL, body BLOB NOT NULL, sent_ns INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, due_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting', fault TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS messages_id ON messages (id);
CREATE INDEX IF NOT EXISTS messages_due ON messages (state, due_at);
CREATE INDEX IF NOT EXISTS messages_subscription ON messages (subscription_id);
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, at_ns INTEGER NOT NULL,
    payload TEXT NOT NULL, message_ids TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS chat (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, broadcaster_id TEXT NOT NULL,
    user_id TEXT NOT NULL, text TEXT NOT NULL, at_ns INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_room ON chat (broadcaster_id, id);
CREATE TABLE IF NOT EXISTS visits (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, status INTEGER NOT NULL, fault TEXT NOT NULL
);
"""
# What the table of subscriptions lacks in a state file of the time before WebSockets.
ADDED = {
    "session_id": "TEXT NOT NULL DEFAULT ''", "user_id": "TEXT NOT NULL DEFAULT ''",
    "connected_ns": "INTEGER NOT NULL DEFAULT 0", "ended_ns": "INTEGER NOT NULL DEFAULT 0",
}  # fmt: skip
TABLES = (
    "people", "moderators", "follows", "grants", "codes", "tokens", "subscriptions", "messages",
    "log", "chat", "visits",
)  # fmt: skip


class Store:
    """The one connection to the state file; used by the event loop's thread only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Autocommit: transactions are begun and ended below, by name.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        self._db.row_factory = sqlite3.Row
        # WAL with NORMAL survives a killed process; only a power cut may cost the last moment.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._catch_up()
        self._db.executescript(SCHEMA)

    def _catch_up(self) -> None:
        known = {row["name"] for row in self._db.execute("PRAGMA table_info(subscriptions)")}
        for name, kind in ADDED.items():
            if known and name not in known:
                self._db.execute(f"ALTER TABLE subscriptions ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Close the connection; nothing may be asked afterwards."""
        self._db.close()

    def empty(self) -> None:
        """Delete every row, but go on counting where the counters are."""
        with self.transaction():
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction within another is part of it."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def run(self, sql: str, *values: Any) -> int:
        """Execute; returns how many rows it touched."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **values: Any) -> int:
        """Insert one row; returns its rowid. Names come from the code, never from a request."""
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608
        return self._db.execute(sql, tuple(values.values())).lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows that a query finds."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row that a query finds, or None."""
        found: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, *values)
        return None if found is None else found[0]

    def get_meta(self, key: str, default: str) -> str:
        """The text kept under a key."""
        found: str | None = self.value("SELECT value FROM meta WHERE key = ?", key)
        return default if found is None else found

    def set_meta(self, key: str, value: object) -> None:
        """Keep a value as text under a key, in place of the one before."""
        self.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, str(value))

    def next_number(self, key: str, at_least: int) -> int:
        """A number never given before: above the last one and not below `at_least`."""
        number = max(int(self.get_meta(key, "0")) + 1, at_least)
        self.set_meta(key, number)
        return number


def marks(values: object) -> str:
    """`?, ?, ?` for an IN clause over a sized collection."""
    return ", ".join("?" * len(values))  # type: ignore[arg-type]
