"""Coverage: how StreamWatch learns of each kind of thing a streamer does, or why it does not.

By TWITCH.md section 9: going live, going offline, changes and names are pushed or polled; raids
are pushed or lost; new followers are pushed, and whom the streamer follows is polled, only with
consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.models import FOLLOWERS, TO_SHOW_FOLLOWS, Grant
from streamwatch.twitch.eventsub import EventType
from subscriptions import troubles
from subscriptions.consenting import follow_key, is_by_moderator
from subscriptions.models import EventSubSubscription, EventSubWant, Streamer
from subscriptions.promises import Key, row_key

# What the streamer's own Grant has to allow.
NEEDED: Final[Mapping[str, Set[str]]] = {
    "follower": frozenset({FOLLOWERS}),
    "follows": TO_SHOW_FOLLOWS,
}

PUSHED = "Twitch tells it at once"
WAITING = "Twitch has not confirmed it yet"
NOBODY = "nobody watches this streamer"
NO_CONSENT = "The streamer has to allow it at Twitch"
CONSENT_ENDED = "The streamer's consent at Twitch has ended"


class Code(StrEnum):
    """How it is learned of."""

    PUSHED = "pushed"
    POLLED = "polled"
    NEEDS_CONSENT = "needs_consent"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Coverage:
    """One kind of Activity of one streamer; `sentence` is for people, without a full stop."""

    kind: str
    code: Code
    sentence: str


@dataclass(frozen=True, slots=True)
class _Source:
    """What Twitch sends of a kind: a type whose condition names the streamer by `field`."""

    kind: str
    type: str
    field: str
    is_polled: bool

    def key(self, twitch_id: str) -> Key:
        return self.type, f"{self.field}={twitch_id}"


SOURCES: Final = (
    _Source("online", EventType.ONLINE, "broadcaster_user_id", is_polled=True),
    _Source("offline", EventType.OFFLINE, "broadcaster_user_id", is_polled=True),
    _Source("changed", EventType.CHANNEL_UPDATE, "broadcaster_user_id", is_polled=True),
    _Source("renamed", EventType.USER_UPDATE, "user_id", is_polled=True),
    _Source("raid_in", EventType.RAID, "to_broadcaster_user_id", is_polled=False),
    _Source("raid_out", EventType.RAID, "from_broadcaster_user_id", is_polled=False),
)


def coverage_of(
    streamer: Streamer, *, polled_seconds: Mapping[str, float] | None = None
) -> list[Coverage]:
    """The coverage of every kind (3 queries: wants, promises, grant).

    `polled_seconds` is how often each kind is really polled, where that is known.
    """
    return coverage_of_all([streamer], polled_seconds=polled_seconds)[streamer.pk]


def coverage_of_all(
    streamers: Iterable[Streamer], *, polled_seconds: Mapping[str, float] | None = None
) -> dict[int, list[Coverage]]:
    """The same of several by pk (3 queries however many there are, none for none)."""
    subjects = {streamer.twitch_id: streamer.pk for streamer in streamers}
    if not subjects:
        return {}
    wanted: defaultdict[str, set[Key]] = defaultdict(set)
    wants = EventSubWant.objects.current(timezone.now()).filter(subject_id__in=subjects)
    # What one viewer listens on, and is refused, says nothing to the others.
    wants = wants.exclude(owner_kind=EventSubWant.OwnerKind.TOPIC)
    for subject, type_, key in wants.values_list("subject_id", "type", "condition_key").distinct():
        wanted[subject].add((type_, key))
    rows: defaultdict[str, list[EventSubSubscription]] = defaultdict(list)
    for row in EventSubSubscription.objects.of_streamers(subjects).order_by("pk"):
        rows[row.subject_id].append(row)
    grants = Grant.objects.filter(user__twitch_id__in=subjects)
    consents = {
        twitch_id: _Consent(frozenset(scopes if state == Grant.State.ACTIVE else ()), once)
        for twitch_id, scopes, state, once in grants.values_list(
            "user__twitch_id", "scopes", "state", "showed_followers"
        )
    }
    return {
        pk: _Streamer(
            twitch_id=subject,
            wanted=wanted[subject],
            rows=rows[subject],
            consent=consents.get(subject, NO_GRANT),
            polled_seconds=polled_seconds or {},
        ).coverage()
        for subject, pk in subjects.items()
    }


@dataclass(frozen=True, slots=True)
class _Consent:
    """What a streamer's own Grant allows; once it may have shown followers."""

    scopes: Set[str]
    showed_followers: bool

    def shows(self, kind: str) -> bool:
        return self.scopes >= NEEDED[kind]


NO_GRANT: Final = _Consent(frozenset(), showed_followers=False)


@dataclass(frozen=True, slots=True)
class _Streamer:
    """What is known of one streamer."""

    twitch_id: str
    wanted: set[Key]
    rows: Sequence[EventSubSubscription]
    consent: _Consent
    polled_seconds: Mapping[str, float]

    def coverage(self) -> list[Coverage]:
        found = [self._pushed_or(source) for source in SOURCES]
        return [*found, self._followers(), self._followed()]

    def _pushed_or(self, source: _Source) -> Coverage:
        key = source.key(self.twitch_id)
        row = next((row for row in self.rows if row_key(row) == key), None)
        why = self._why_not_pushed(row, is_wanted=key in self.wanted)
        if not why:
            return Coverage(source.kind, Code.PUSHED, PUSHED)
        if source.is_polled and self.wanted:
            return self._polled(source.kind, why)
        return Coverage(source.kind, Code.LOST, f"Not seen: {_lower(why)}")

    def _why_not_pushed(self, row: EventSubSubscription | None, *, is_wanted: bool) -> str:
        """ "" when it is pushed."""
        if not settings.CAN_RECEIVE_WEBHOOKS:
            return troubles.NO_ADDRESS
        if not is_wanted:
            return WAITING if self.wanted else NOBODY
        if row is None:
            return WAITING
        if not row.has_place:
            return troubles.BUDGET_USED_UP
        # A promise goes on sending while its replacement is in trouble.
        return "" if row.is_enabled else row.trouble or WAITING

    def _followers(self) -> Coverage:
        shows = self.consent.shows("follower")
        # What rested on a consent that has ended is on its way out, wanted or not.
        own = follow_key(self.twitch_id, self.twitch_id)
        follows = [key for key in self.wanted if key[0] == EventType.FOLLOW]
        wanted = [key for key in follows if shows or key != own]
        rows = [row for row in self.rows if row_key(row) in wanted]
        if any(row.is_enabled for row in rows) and settings.CAN_RECEIVE_WEBHOOKS:
            return Coverage("follower", Code.PUSHED, PUSHED)
        # A moderator's consent does as well, unless Twitch says that they are none.
        refused = [row for row in rows if is_by_moderator(row) and troubles.is_refusal(row.trouble)]
        if not shows and len(refused) == len(wanted):
            meanwhile = "until then only the number of followers is known"
            return self._needs_consent("follower", refused[0].trouble if refused else meanwhile)
        row = next((row for row in rows if row not in refused), None)
        why = self._why_not_pushed(row, is_wanted=bool(wanted))
        return Coverage("follower", Code.LOST, f"Not seen: {_lower(why)}")

    def _followed(self) -> Coverage:
        if not self.consent.shows("follows"):
            return self._needs_consent("follows", "nobody else may see whom a streamer follows")
        return self._polled("follows", "Twitch tells it to nobody unasked")

    def _polled(self, kind: str, why: str) -> Coverage:
        seconds = self.polled_seconds.get(kind)
        period = f" every {_words(seconds)}" if seconds else ""
        return Coverage(kind, Code.POLLED, f"Checked by polling{period}: {_lower(why)}")

    def _needs_consent(self, kind: str, meanwhile: str) -> Coverage:
        why = CONSENT_ENDED if self.consent.showed_followers else NO_CONSENT
        return Coverage(kind, Code.NEEDS_CONSENT, f"{why}; {_lower(meanwhile)}")


def _words(seconds: float) -> str:
    """A period as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


def _lower(sentence: str) -> str:
    """To go on after a colon; Twitch and StreamWatch keep their capitals."""
    is_name = sentence.startswith(("Twitch", "StreamWatch"))
    return sentence if is_name else sentence[:1].lower() + sentence[1:]
