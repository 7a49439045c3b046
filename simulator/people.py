"""Who there is: look-ups and lists over the people of the world."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from simulator.clock import Clock
from simulator.content import CATEGORIES
from simulator.store import Store, marks

Person = sqlite3.Row
SIX_MONTHS = 182 * 86_400


class NoSuchPerson(Exception):
    """Nobody has that id or login now."""


class People:
    """Reads, and `change`, the only way a person's row is written after the first day."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._categories = {row[0]: row[1] for row in CATEGORIES}

    def get(self, person_id: str) -> Person:
        """The person with that id, banned or not; raises NoSuchPerson."""
        row = self._store.row("SELECT * FROM people WHERE id = ?", person_id)
        if row is None:
            raise NoSuchPerson(person_id)
        return row

    def by_login(self, login: str) -> Person:
        """The person called so now, banned or not; raises NoSuchPerson."""
        row = self._store.row("SELECT * FROM people WHERE login = ?", login.strip().lower())
        if row is None:
            raise NoSuchPerson(login)
        return row

    def change(self, person_id: str, **columns: Any) -> Person:
        """Set columns of one person; names come from the code, never from a request."""
        if columns:
            names = ", ".join(f"{name} = ?" for name in columns)
            sql = f"UPDATE people SET {names} WHERE id = ?"  # noqa: S608
            self._store.run(sql, *columns.values(), person_id)
        return self.get(person_id)

    def present(self, ids: list[str], logins: list[str]) -> list[Person]:
        """Those of the ids and logins that exist and are not banned, by id."""
        # An empty list would have everybody looked through.
        named = {"id": ids, "login": [login.lower() for login in logins]}
        where = [f"{column} IN ({marks(values)})" for column, values in named.items() if values]
        if not where:
            return []
        return self._store.rows(
            f"SELECT * FROM people WHERE gone = 0 AND ({' OR '.join(where)}) ORDER BY id",  # noqa: S608
            *named["id"],
            *named["login"],
        )

    def taken(self, login: str) -> bool:
        """Whether somebody is called so now, banned ones included."""
        return self._store.row("SELECT 1 FROM people WHERE login = ?", login) is not None

    def stranger(self, fraction: float) -> Person:
        """One of the people who cannot log in, by `fraction` (0 to 1) of their list."""
        where = "FROM people WHERE can_log_in = 0 AND gone = 0"
        number = int(fraction * self._store.value(f"SELECT count(*) {where}"))
        row = self._store.row(f"SELECT * {where} ORDER BY id LIMIT 1 OFFSET ?", number)
        if row is None:
            raise NoSuchPerson("a stranger")
        return row

    def who_can_log_in(self) -> list[Person]:
        """Those whom the consent page offers, by id."""
        return self._store.rows(
            "SELECT * FROM people WHERE can_log_in = 1 AND gone = 0 ORDER BY id"
        )

    def who_streamed(self) -> list[Person]:
        """Whoever ever streamed, by id."""
        return self._store.rows(
            "SELECT * FROM people WHERE last_streamed_at IS NOT NULL AND gone = 0 ORDER BY id"
        )

    def search(self, query: str, *, live_only: bool, offset: int, limit: int) -> list[Person]:
        """Channels that streamed in the last six months, as Twitch's search finds them.

        The beginning of the login counts; with `live_only` that of the display name or of
        the category's name counts too.
        """
        pattern = _escaped(query.strip().lower()) + "%"
        where, values = "login LIKE ? ESCAPE '\\'", [pattern]
        if live_only:
            wanted = query.strip().casefold()
            ids = [i for i, name in CATEGORIES_FOLDED if name.startswith(wanted)]
            where = (
                f"stream_id IS NOT NULL AND ({where} OR name LIKE ? ESCAPE '\\'"
                f" OR category_id IN ({marks(ids)}))"
            )
            values += [pattern, *ids]
        return self._store.rows(
            f"SELECT * FROM people WHERE gone = 0 AND last_streamed_at > ? AND {where}"  # noqa: S608
            " ORDER BY login != ?, followers_base DESC, id LIMIT ? OFFSET ?",
            self._clock.now() - SIX_MONTHS,
            *values,
            query.strip().lower(),
            limit,
            offset,
        )

    def listed(self, query: str, watched: set[str], offset: int, limit: int) -> list[Person]:
        """For the control page: watched ones first, then those who can log in, then by size."""
        pattern = "%" + _escaped(query.strip().lower()) + "%"
        return self._store.rows(
            "SELECT * FROM people WHERE (login LIKE ? ESCAPE '\\' OR name LIKE ? ESCAPE '\\')"  # noqa: S608
            f" ORDER BY id NOT IN ({marks(watched)}), can_log_in = 0, followers_base DESC, id"
            " LIMIT ? OFFSET ?",
            pattern,
            pattern,
            *watched,
            limit,
            offset,
        )

    def live(self) -> list[Person]:
        """Everybody on the air, the most watched first."""
        rows = self._store.rows("SELECT * FROM people WHERE stream_id IS NOT NULL AND gone = 0")
        return self._most_watched_first(rows)

    def live_among(self, ids: list[str], logins: list[str]) -> list[Person]:
        """Those of the ids and logins that are on the air, the most watched first."""
        rows = self.present(ids, logins)
        return self._most_watched_first([row for row in rows if row["stream_id"] is not None])

    def live_ids(self) -> list[str]:
        """The ids of everybody on the air, in their order."""
        rows = self._store.rows(
            "SELECT id FROM people WHERE stream_id IS NOT NULL AND gone = 0 ORDER BY id"
        )
        return [row["id"] for row in rows]

    def _most_watched_first(self, rows: list[Person]) -> list[Person]:
        return sorted(rows, key=lambda row: (-self.viewers(row), row["id"]))

    def counts(self) -> tuple[int, int]:
        """How many people there are and how many of them are live."""
        row = self._store.row("SELECT count(*) AS n, count(stream_id) AS live FROM people")
        return (row["n"], row["live"]) if row is not None else (0, 0)

    def viewers(self, person: Person) -> int:
        """How many watch now: rises through the first hour and sways from minute to minute."""
        if not person["stream_id"]:
            return 0
        now = self._clock.now()
        begun = min(1.0, 0.3 + (now - person["started_at"]) / 3600)
        sway = 1 + 0.2 * math.sin(now // 60 + int(person["id"]) % 97)
        return max(1, int(person["viewers_base"] * begun * sway))

    def category_name(self, category_id: str) -> str:
        """The name of a category; "" for none."""
        return self._categories.get(category_id, "")

    def category_id(self, name: str) -> str | None:
        """The id of the category called so (letters' case does not matter); "" has id ""."""
        if not name:
            return ""
        wanted = name.strip().casefold()
        return next((i for i, folded in CATEGORIES_FOLDED if folded == wanted), None)

    def followers_total(self, broadcaster_id: str) -> int:
        """How many follow, the nameless ones included; 0 for somebody unknown or banned."""
        total: int | None = self._store.value(
            "SELECT b.followers_base + (SELECT count(*) FROM follows f JOIN people p"
            " ON p.id = f.user_id AND p.gone = 0 WHERE f.broadcaster_id = b.id)"
            " FROM people b WHERE b.id = ? AND b.gone = 0",
            broadcaster_id,
        )
        return total or 0

    def followed_ids(self, user_id: str) -> set[str]:
        """Ids of all whom `user_id` follows."""
        rows = self._store.rows("SELECT broadcaster_id FROM follows WHERE user_id = ?", user_id)
        return {row["broadcaster_id"] for row in rows}

    def follows(
        self, *, side: str, person_id: str, before: int, limit: int, other: str = ""
    ) -> list[sqlite3.Row]:
        """Follows newest first, with the person of the other side.

        `side` is "user_id" for whom `person_id` follows and "broadcaster_id" for who
        follows `person_id`; `other` narrows to one person of the other side.
        """
        far = "broadcaster_id" if side == "user_id" else "user_id"
        narrowed = f"AND f.{far} = ?" if other else ""
        return self._store.rows(
            f"SELECT f.seq, f.followed_ns, p.* FROM follows f JOIN people p ON p.id = f.{far}"  # noqa: S608
            f" WHERE f.{side} = ? AND f.seq < ? AND p.gone = 0 {narrowed}"
            " ORDER BY f.seq DESC LIMIT ?",
            person_id,
            before,
            *([other] if other else []),
            limit,
        )

    def follows_total(self, user_id: str) -> int:
        """How many channels a person follows, banned ones left out."""
        total: int = self._store.value(
            "SELECT count(*) FROM follows f JOIN people p ON p.id = f.broadcaster_id"
            " AND p.gone = 0 WHERE f.user_id = ?",
            user_id,
        )
        return total

    def moderates(self, moderator_id: str, broadcaster_id: str) -> bool:
        """Whether the one moderates the channel of the other."""
        return (
            self._store.row(
                "SELECT 1 FROM moderators WHERE broadcaster_id = ? AND moderator_id = ?",
                broadcaster_id,
                moderator_id,
            )
            is not None
        )


CATEGORIES_FOLDED = [(row[0], row[1].casefold()) for row in CATEGORIES]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
