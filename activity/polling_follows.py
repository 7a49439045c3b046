"""Asking Twitch whom streamers follow, each by the streamer's own token and its own points.

The database is read and written by the calling thread alone; the others only ask Twitch.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from accounts.models import Grant
from accounts.refreshing import access_tokens, renew_together
from accounts.twitch import oauth
from activity import rings
from activity.follow_readings import Listed, first_cursor, read_down_to
from activity.models import FollowedCursor
from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)
from streamwatch.twitch.helix import Helix
from streamwatch.twitch.payloads import FollowedChannel
from subscriptions.models import Streamer, Subscription

# A list of many pages gives way to the others; the lease must outlast two of them.
PATIENCE_SECONDS = 15.0

Answer = list[Listed] | TwitchError


@dataclass(frozen=True, slots=True)
class _Question:
    streamer: Streamer
    cursor: FollowedCursor
    user_id: int
    token: str = field(repr=False)


def forget() -> None:
    """Let go of the cursors of those who are not asked about any more (1 or 2 queries).

    Whoever lets us see it again, or is watched again, begins anew: what was followed meanwhile
    is not told. That is noticed once a round, while somebody polls.
    """
    asked = rings.followed_ones().filter(pk=OuterRef("streamer_id"))
    gone = FollowedCursor.objects.filter(~Exists(asked))
    if pks := list(gone.values_list("pk", flat=True)):
        FollowedCursor.objects.filter(pk__in=pks).delete()


def ask(twitch: Helix, streamers: Sequence[Streamer], asked_at: datetime) -> list[Answer]:
    """What Twitch answers about each, all asked at once: its list, nothing, or an error.

    A token that Twitch refuses is refreshed and the list asked for once more. Nothing where the
    consent has ended, or another process is refreshing. Never `TokenRefused` or `LimitReached`:
    they are one streamer's own affair. 4 queries, and a few a token that is refreshed.
    """
    questions = _questions(streamers, asked_at)
    answers: dict[int, Answer] = {streamer.pk: [] for streamer in streamers}
    with ThreadPoolExecutor(len(streamers)) as threads:

        def put(chosen: Sequence[_Question]) -> None:
            told = threads.map(lambda one: _answer(twitch, one), chosen)
            answers.update(zip((one.streamer.pk for one in chosen), told, strict=True))

        put(questions)
        refused = [one for one in questions if isinstance(answers[one.streamer.pk], TokenRefused)]
        if refused:
            dead = {one.user_id: one.token for one in refused}
            renewed = renew_together(dead, oauth=oauth(), threads=threads)
            again = []
            for one in refused:
                token = renewed.get(one.user_id)
                if isinstance(token, str):
                    again.append(replace(one, token=token))
                else:
                    answers[one.streamer.pk] = token or []
            put(again)
    return [_for_the_ring(answers[streamer.pk]) for streamer in streamers]


def _questions(streamers: Sequence[Streamer], asked_at: datetime) -> list[_Question]:
    ids = [streamer.twitch_id for streamer in streamers]
    # Asked again: a consent may have ended since the streamers were read.
    grants = Grant.objects.showing_follows().filter(user__twitch_id__in=ids)
    rows = grants.values_list("user__twitch_id", "user_id", "granted_at")
    users = {twitch_id: (user_id, granted_at) for twitch_id, user_id, granted_at in rows}
    tokens = access_tokens([user_id for user_id, _ in users.values()])
    cursors = _cursors(streamers)
    questions = []
    for streamer in streamers:
        user_id, granted_at = users.get(streamer.twitch_id, (0, None))
        if user_id not in tokens:
            continue
        watched_at, cursor = cursors[streamer.pk]
        since = max(granted_at or watched_at, watched_at)
        questions.append(
            _Question(
                streamer=streamer,
                cursor=cursor or first_cursor(streamer, since=since, asked_at=asked_at),
                user_id=user_id,
                token=tokens[user_id],
            )
        )
    return questions


def _cursors(streamers: Sequence[Streamer]) -> dict[int, tuple[datetime, FollowedCursor | None]]:
    """By streamer: since when somebody watches, and the cursor where there is one (2 queries)."""
    pks = [streamer.pk for streamer in streamers]
    rows = {row.streamer_id: row for row in FollowedCursor.objects.filter(streamer__in=pks)}
    watched = Subscription.objects.filter(streamer__in=pks).values_list("streamer")
    since = dict(watched.annotate(Min("created_at")).order_by())
    now = timezone.now()
    return {pk: (since.get(pk, now), rows.get(pk)) for pk in pks}


def _answer(twitch: Helix, question: _Question) -> Answer:
    try:
        pages = _pages(twitch.with_token(question.token), question)
    except TwitchError as error:
        return error
    return [Listed(question.streamer, question.cursor, pages)]


def _pages(twitch: Helix, question: _Question) -> list[list[FollowedChannel]]:
    """The pages down to what has been taken in; all of them or, by an error, none."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    down_to = read_down_to(question.cursor)
    pages = []
    for page in twitch.followed_channels(question.streamer.twitch_id):
        pages.append(page)
        if any(one.followed_at and one.followed_at < down_to for one in page):
            break
        if time.monotonic() > ends_at:
            raise TwitchUnavailable(f"{len(pages)} pages took more than {PATIENCE_SECONDS:.0f} s")
    return pages


def _for_the_ring(answer: Answer) -> Answer:
    if isinstance(answer, TokenRefused | LimitReached):
        return TwitchRefused(answer.status, answer.message)
    return answer
