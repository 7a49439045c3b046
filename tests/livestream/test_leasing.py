"""Leases: shared and counted, renewed together, run out by themselves; nothing without consent."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.models import User
from livestream import leasing
from livestream.leasing import draw_connection, lease, let_go, refused, release, renew
from livestream.topics import Refusal, Topic, needs, parse
from streamwatch.twitch.errors import LimitReached, TwitchRefused
from subscriptions import troubles
from subscriptions.models import EventSubSubscription, EventSubWant
from tests.factories import make_grant, make_promise, make_user

OTHER = "700000002"
ONLINE, OFFLINE = "stream.online", "stream.offline"


def topic(text: str) -> Topic:
    return parse(text, resolve=lambda _login: None)


def leases() -> list[tuple[str, str]]:
    wants = EventSubWant.objects.leased().current(timezone.now()).order_by("pk")
    return list(wants.values_list("type", "condition_key"))


class LeaseCase(TestCase):
    def setUp(self) -> None:
        soon = patch.object(leasing, "reconcile_soon")
        self.reconcile = self.enterContext(soon)
        self.viewer = make_user()
        self.connection = draw_connection()

    def lease(self, *texts: str, user: User | None = None, connection: int = 0) -> None:
        lease(
            map(topic, texts),
            user=user or self.viewer,
            connection=connection or self.connection,
        )

    def refusal(self, *texts: str) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.lease(*texts)
        assert leases() == []
        return caught.value


class LeasingTests(LeaseCase):
    def test_wants_what_the_topic_needs_and_has_twitch_asked(self) -> None:
        self.lease(f"video-playback-by-id.{OTHER}")
        key = f"broadcaster_user_id={OTHER}"
        assert leases() == [(ONLINE, key), (OFFLINE, key)]
        want = EventSubWant.objects.first()
        assert want is not None
        assert (want.subject_id, want.owner_id) == (OTHER, self.connection)
        assert want.condition == {"broadcaster_user_id": OTHER}
        self.reconcile.assert_called_once_with(subject_ids={OTHER})

    def test_the_subject_is_the_channel_where_two_are_named(self) -> None:
        make_grant("moderator:read:followers", user=self.viewer)
        self.lease(f"following.{OTHER}")
        want = EventSubWant.objects.get()
        assert want.subject_id == OTHER
        assert want.condition["moderator_user_id"] == self.viewer.twitch_id

    def test_what_is_promised_already_is_not_asked_for(self) -> None:
        make_promise(subject_id=OTHER)
        self.lease(f"stream.online.{OTHER}")
        self.reconcile.assert_not_called()

    def test_several_share_a_promise_and_are_counted(self) -> None:
        for connection in (1, 2):
            self.lease(f"stream.online.{OTHER}", connection=connection)
        key = (ONLINE, f"broadcaster_user_id={OTHER}")
        assert EventSubWant.objects.viewers_of([OTHER]) == {key: 2}

    def test_two_names_of_the_same_are_one_want(self) -> None:
        make_grant("bits:read", user=self.viewer)
        mine = self.viewer.twitch_id
        self.lease(f"channel-bits-events-v1.{mine}", f"channel-bits-events-v2.{mine}")
        self.lease(f"channel.cheer.{mine}")
        assert leases() == [("channel.cheer", f"broadcaster_user_id={mine}")]

    def test_nothing_without_consent(self) -> None:
        refusal = self.refusal(f"stream.online.{OTHER}", f"whispers.{self.viewer.twitch_id}")
        assert refusal.word == "ERR_BADAUTH"
        assert "user:read:whispers" in refusal.sentence

    def test_nothing_on_a_consent_that_has_ended(self) -> None:
        make_grant("user:read:whispers", user=self.viewer, state="dead")
        assert self.refusal(f"whispers.{self.viewer.twitch_id}").word == "ERR_BADAUTH"

    def test_nothing_of_another_with_whatever_consent(self) -> None:
        make_grant("user:read:whispers", "bits:read", user=self.viewer)
        for text in (f"whispers.{OTHER}", f"channel-bits-events-v2.{OTHER}"):
            assert self.refusal(text).word == "ERR_BADAUTH"

    def test_chat_needs_the_consent_to_an_application(self) -> None:
        make_grant("user:read:chat", user=self.viewer)
        assert "user:bot" in self.refusal(f"channel.chat.message.{OTHER}").sentence

    def test_nothing_where_the_budget_has_no_place(self) -> None:
        make_promise(subject_id=OTHER, has_place=False, status="")
        assert self.refusal(f"stream.online.{OTHER}").word == "ERR_SERVER"

    def test_nothing_where_twitch_cannot_reach_us(self) -> None:
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            assert self.refusal(f"stream.online.{OTHER}").word == "ERR_SERVER"


class RenewingTests(LeaseCase):
    def setUp(self) -> None:
        super().setUp()
        self.lease(f"stream.online.{OTHER}")
        self.held = {
            self.connection: needs(topic(f"stream.online.{OTHER}"), viewer_id="1"),
        }
        self.key = (ONLINE, f"broadcaster_user_id={OTHER}")

    def _age(self, **by: float) -> None:
        for want in EventSubWant.objects.leased():
            assert want.until is not None
            EventSubWant.objects.filter(pk=want.pk).update(until=want.until - timedelta(**by))

    def test_a_lease_that_nobody_renews_runs_out(self) -> None:
        self._age(minutes=2)
        assert leases() == []

    def test_a_renewed_one_holds_on(self) -> None:
        self._age(seconds=100)
        with self.assertNumQueries(2):  # the update, what is there
            assert renew(self.held) == {}
        self._age(seconds=100)
        assert leases() != []

    def test_one_that_was_swept_meanwhile_is_written_anew(self) -> None:
        EventSubWant.objects.all().delete()
        renew(self.held)
        assert leases() != []

    def test_however_much_is_leased_beside_it(self) -> None:
        self.lease(f"stream.offline.{OTHER}", f"channel.update.{OTHER}")
        EventSubWant.objects.filter(type=ONLINE).delete()
        surplus = {(OFFLINE, self.key[1]), ("channel.update", self.key[1])}
        assert renew(self.held) == {self.connection: surplus}
        assert self.key in leases()

    def test_nothing_held_costs_nothing(self) -> None:
        with self.assertNumQueries(0):  # none
            renew({})

    def test_a_connection_that_has_gone_lets_go_a_little_later(self) -> None:
        let_go(connections=[self.connection])
        assert leases() != []
        self._age(seconds=31)
        assert leases() == []

    def test_a_topic_let_go_ends_at_once_and_no_other(self) -> None:
        self.lease(f"stream.offline.{OTHER}")
        release(connection=self.connection, keys={self.key})
        assert leases() == [(OFFLINE, f"broadcaster_user_id={OTHER}")]

    def test_what_others_hold_is_not_touched(self) -> None:
        self.lease(f"stream.online.{OTHER}", connection=77)
        release(connection=self.connection, keys={self.key})
        let_go(connections=[self.connection])
        self._age(seconds=31)
        assert [want.owner_id for want in EventSubWant.objects.all()] == [77]


class RefusedTests(LeaseCase):
    needs = needs(topic(f"stream.online.{OTHER}"), viewer_id="1")
    key = (ONLINE, f"broadcaster_user_id={OTHER}")

    def _refused(self, **fields: object) -> set[tuple[str, str]]:
        EventSubSubscription.objects.all().delete()
        make_promise(subject_id=OTHER, **{"status": "", "twitch_id": "", **fields})
        return refused(self.needs)

    def test_what_twitch_refuses_for_lack_of_consent(self) -> None:
        later = timezone.now() + timedelta(minutes=1)
        assert self._refused(trouble=troubles.NO_CONSENT, due_at=later) == {self.key}

    def test_not_what_is_asked_for_again_just_now(self) -> None:
        now = timezone.now()
        assert self._refused(trouble=troubles.NO_CONSENT, due_at=now) == set()

    def test_what_has_no_place_in_the_budget(self) -> None:
        for due_at in (None, timezone.now(), timezone.now() + timedelta(days=1)):
            assert self._refused(has_place=False, due_at=due_at) == {self.key}

    def test_what_twitch_refused_twice_for_whatever_reason(self) -> None:
        later = timezone.now() + timedelta(minutes=1)
        errors = (
            TwitchRefused(400, "no such user"),
            LimitReached(429, "for this type and condition", None),
        )
        for trouble in map(troubles.of_error, errors):
            assert self._refused(trouble=trouble, failures=1, due_at=later) == set()
            assert self._refused(trouble=trouble, failures=2, due_at=later) == {self.key}

    def test_not_what_twitch_sends_until_its_replacement_is_made(self) -> None:
        later = timezone.now() + timedelta(minutes=1)
        fields = {"trouble": troubles.NO_CONSENT, "failures": 3, "due_at": later}
        assert self._refused(status="enabled", **fields) == set()

    def test_not_what_will_do_later(self) -> None:
        later = timezone.now() + timedelta(minutes=1)
        assert self._refused(trouble=troubles.NO_ANSWER, failures=9, due_at=later) == set()
        assert self._refused(due_at=later, status="enabled") == set()
