"""The first day of the world: who there is, what they stream, whom they follow."""

from __future__ import annotations

import json
from collections.abc import Iterator

from simulator.clock import NANOSECONDS
from simulator.content import (
    ART_TITLES,
    CAST,
    CATEGORIES,
    DESCRIPTIONS,
    ENDINGS,
    FIRST_WORDS,
    FOLLOWERS_AT_FIRST,
    FOLLOWS_AT_FIRST,
    JUST_CHATTING,
    LABELS,
    LANGUAGES,
    MODERATES,
    NON_LATIN_NAMES,
    SECOND_WORDS,
    TAGS,
    TITLES,
    Login,
)
from simulator.dice import Dice
from simulator.store import Store

DAY = 86_400
LIVE_SHARE = 0.4
CATEGORY_NAMES = {row[0]: row[1] for row in CATEGORIES}
HANDLES = {row[0]: row[1] for row in CAST}
CREATIVE = {"509660", "26936", "509670", "1469308723", "509667"}


def seed_world(store: Store, *, seed: int, streamers: int, now: float) -> None:
    """Fill an empty state file; does nothing where people already live."""
    with store.transaction():
        if store.value("SELECT 1 FROM people LIMIT 1"):
            return
        for login in CAST:
            _add_cast(store, login, seed, now)
        for broadcaster, moderator in MODERATES:
            store.run(
                "INSERT INTO moderators SELECT b.id, m.id FROM people b, people m"
                " WHERE b.login = ? AND m.login = ?",
                broadcaster,
                moderator,
            )
        for number, login_name in enumerate(_logins(seed, streamers)):
            _add_streamer(store, number, login_name, seed, now)
        _add_follows(store, seed, now)
        store.set_meta("seed", seed)
        store.set_meta("begun_at", now)


def _logins(seed: int, wanted: int) -> Iterator[str]:
    """`wanted` different logins of 4 to 25 characters."""
    dice = Dice(seed, "logins")
    taken = {row[1] for row in CAST}
    while wanted:
        ending = dice.weighted(ENDINGS).replace("{n}", str(dice.randrange(1, 2000)))
        login = dice.choice(FIRST_WORDS) + dice.choice(["", "_"]) + dice.choice(SECOND_WORDS)
        login = (login + ending)[:25]
        if login not in taken:
            taken.add(login)
            wanted -= 1
            yield login


def make_title(dice: Dice, name: str, category_id: str) -> str:
    """A title somebody might give a stream of that category."""
    pool = ART_TITLES if category_id in CREATIVE and dice.random() < 0.7 else TITLES
    text = dice.choice(pool)
    game = CATEGORY_NAMES.get(category_id, "") or "games"
    return text.format(name=name, game=game, n=dice.randrange(2, 98))[:140]


def make_category(dice: Dice) -> str:
    """A category id; talk and the well-known games come up more often."""
    if dice.random() < 0.2:
        return JUST_CHATTING
    return dice.choice(CATEGORIES[:12] if dice.random() < 0.5 else CATEGORIES)[0]


def _add_cast(store: Store, login: Login, seed: int, now: float) -> None:
    number, handle, name, email, description, title, category, language, streams = login
    dice = Dice(seed, "cast", number)
    store.insert(
        "people",
        id=number,
        login=handle,
        name=name,
        description=description,
        email=email or None,
        broadcaster_type="affiliate" if streams else "",
        created_at=now - dice.randrange(400, 3000) * DAY,
        language=language,
        can_log_in=1,
        # Their followers are all there by name, so that the list and its total agree.
        followers_base=0,
        viewers_base=dice.randrange(3, 90),
        title=title,
        category_id=category,
        tags=json.dumps(dice.sample(TAGS, 2), ensure_ascii=False),
        labels="[]",
        last_streamed_at=now - dice.randrange(1, 60) * DAY if streams else None,
        next_at=dice.uniform(5, 60),
    )


def _add_streamer(store: Store, number: int, login: str, seed: int, now: float) -> None:
    dice = Dice(seed, "streamer", number)
    size = int(10 ** dice.uniform(1.2, 5.6))
    category = make_category(dice)
    name = _display_name(dice, number, login)
    live = dice.random() < LIVE_SHARE
    started = now - dice.randrange(60, 6 * 3600)
    # Two in a hundred have not streamed for so long that the search passes them over.
    days_ago = dice.randrange(190, 700) if number % 50 == 49 else dice.randrange(1, 60)
    game = CATEGORY_NAMES[category]
    store.insert(
        "people",
        id=str(20_000_000 + seed % 1000 * 100_000 + number * 7 + dice.randrange(7)),
        login=login,
        name=name,
        description=dice.choice(DESCRIPTIONS).format(game=game),
        email=f"{login}@example.com",
        broadcaster_type="partner" if size > 20_000 else "affiliate" if size > 200 else "",
        created_at=now - dice.randrange(200, 4500) * DAY - dice.randrange(DAY),
        language=dice.weighted(LANGUAGES),
        can_log_in=0,
        followers_base=size,
        viewers_base=max(1, int(size ** dice.uniform(0.55, 0.75))),
        title=make_title(dice, name, category),
        category_id=category,
        tags=json.dumps(dice.sample(TAGS, dice.randrange(0, 5)), ensure_ascii=False),
        labels=json.dumps([dice.choice(LABELS)] if dice.random() < 0.15 else []),
        stream_id=str(store.next_number("stream_id", int(now * 1000))) if live else None,
        started_at=started if live else None,
        last_streamed_at=now if live else now - days_ago * DAY,
        next_at=dice.uniform(0, 1800),
    )


def _display_name(dice: Dice, number: int, login: str) -> str:
    """Mostly the login in other letters, now and then a name that is not Latin."""
    if number % 12 == 5:
        suffix = "" if number // 12 < len(NON_LATIN_NAMES) else str(number)
        return NON_LATIN_NAMES[number // 12 % len(NON_LATIN_NAMES)] + suffix
    styles = [login, login.title(), login.upper(), login.capitalize()]
    return dice.choices(styles, [3, 6, 1, 3])[0]


def _add_follows(store: Store, seed: int, now: float) -> None:
    """The cast follow some of the streamers and are followed by some."""
    everyone = [row["id"] for row in store.rows("SELECT id FROM people ORDER BY id")]
    unfollowed = {i for i, login in HANDLES.items() if FOLLOWERS_AT_FIRST.get(login) == 0}
    pairs: list[tuple[float, str, str]] = []
    for cast in CAST:
        dice = Dice(seed, "follows", cast[0])
        others = [i for i in everyone if i != cast[0] and i not in unfollowed]
        wanted = min(FOLLOWS_AT_FIRST.get(cast[1], 25), len(others))
        pairs += [(dice.uniform(1, 900), cast[0], other) for other in dice.sample(others, wanted)]
        fans = min(FOLLOWERS_AT_FIRST.get(cast[1], 30), len(everyone) - len(CAST))
        strangers = [i for i in everyone if i not in HANDLES]
        pairs += [(dice.uniform(1, 900), fan, cast[0]) for fan in dice.sample(strangers, fans)]
    # Oldest first, so that the order of the rows is the order of time.
    for days, user, broadcaster in sorted(pairs, reverse=True):
        followed = int((now - days * DAY) * NANOSECONDS)
        store.insert("follows", user_id=user, broadcaster_id=broadcaster, followed_ns=followed)
