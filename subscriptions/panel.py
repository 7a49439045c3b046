"""The panel of a viewer's subscriptions, and the state of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Grant, User
from streamwatch.twitch.eventsub import EventType, Status
from subscriptions import polled, troubles
from subscriptions.consenting import is_by_moderator
from subscriptions.models import EventSubSubscription, EventSubWant, Streamer, Subscription
from subscriptions.promises import Key, row_key


@dataclass(frozen=True, slots=True)
class State:
    """`code` is pending, watching or trouble.

    `has_consent_ended`: the streamer showed new followers once, and nobody shows them now.
    """

    code: str
    sentence: str
    has_consent_ended: bool = False


PENDING = State("pending", "Waiting for Twitch's confirmation")
WATCHING = State("watching", "Watching")
POLLED = State("watching", troubles.POLLED)


@dataclass(frozen=True, slots=True)
class Row:
    """One subscription as the panel shows it."""

    subscription: Subscription
    streamer: Streamer
    state: State


@dataclass(frozen=True, slots=True)
class Panel:
    """All subscriptions of a viewer, live ones first."""

    rows: Sequence[Row]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.rows)

    @property
    def live_count(self) -> int:
        """How many are on the air."""
        return sum(row.streamer.is_live for row in self.rows)

    @property
    def trouble_count(self) -> int:
        """How many are in trouble."""
        return sum(row.state.code == "trouble" for row in self.rows)


def panel_for(user: User) -> Panel:
    """The viewer's panel (4 queries: subscriptions, wants, promises, ended; 1 for an empty one)."""
    subscriptions = list(Subscription.objects.for_panel(user))
    states = states_of([subscription.streamer for subscription in subscriptions])
    return Panel(
        [Row(one, one.streamer, states[one.streamer_id]) for one in subscriptions],
    )


def states_of(streamers: Iterable[Streamer]) -> dict[int, State]:
    """The state of each streamer by pk, the same for every viewer (3 queries, 0 for none)."""
    subjects = {streamer.twitch_id: streamer.pk for streamer in streamers}
    if not subjects:
        return {}
    ended = _ended_consents(subjects)
    states = _states(subjects)
    return {
        pk: replace(states[pk], has_consent_ended=subject in ended)
        for subject, pk in subjects.items()
    }


def _ended_consents(subjects: Mapping[str, int]) -> set[str]:
    """Whose own consent has ended; one more query when there are some."""
    grants = Grant.objects.no_longer_showing_followers().filter(user__twitch_id__in=subjects)
    ended = set(grants.values_list("user__twitch_id", flat=True))
    if not ended:
        return ended
    lasting = EventSubWant.objects.exclude(owner_kind=EventSubWant.OwnerKind.TOPIC).filter(
        type=OuterRef("type"), condition_key=OuterRef("condition_key")
    )
    promises = EventSubSubscription.objects.of_streamers(ended).filter(
        Exists(lasting), type=EventType.FOLLOW, status=Status.ENABLED
    )
    return ended - {row.subject_id for row in promises if is_by_moderator(row)}


def _states(subjects: Mapping[str, int]) -> dict[int, State]:
    if not settings.CAN_RECEIVE_WEBHOOKS:
        return dict.fromkeys(subjects.values(), State("trouble", polled.without_address()))
    wanted: defaultdict[str, set[Key]] = defaultdict(set)
    # What topics and consents want says nothing of a subscription.
    wants = EventSubWant.objects.current(timezone.now()).filter(
        subject_id__in=subjects, owner_kind=EventSubWant.OwnerKind.SUBSCRIPTION
    )
    for subject, type_, key in wants.values_list("subject_id", "type", "condition_key").distinct():
        wanted[subject].add((type_, key))
    rows: defaultdict[str, list[EventSubSubscription]] = defaultdict(list)
    for row in EventSubSubscription.objects.of_streamers(subjects).order_by("pk"):
        rows[row.subject_id].append(row)
    return {pk: _state(wanted[subject], rows[subject]) for subject, pk in subjects.items()}


def _state(wanted: set[Key], rows: Sequence[EventSubSubscription]) -> State:
    """Watching only when all that is to be pushed is enabled in Twitch's own list.

    Except followers, which need a consent: what becomes of them is said on the streamer's page.
    """
    wanted = {key for key in wanted if key[0] != EventType.FOLLOW}
    # A row that nobody wants any more is on its way out and says nothing, as do those of topics.
    mine = {key: row for row in rows if (key := row_key(row)) in wanted}
    placed = [row for row in mine.values() if row.has_place]
    trouble = next((row.trouble for row in placed if row.trouble), "")
    if trouble:
        return State("trouble", trouble)
    if mine and wanted <= mine.keys() and all(row.is_enabled for row in placed):
        is_polled = any(row.type == EventType.ONLINE and not row.has_place for row in mine.values())
        return POLLED if is_polled else WATCHING
    return PENDING
