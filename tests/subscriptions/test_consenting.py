"""Wants that rest on a consent, and the application's own: when they come and go."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from accounts.models import FOLLOWED, FOLLOWERS, Grant, Moderation
from accounts.twitch import helix
from subscriptions import consenting
from subscriptions.consenting import agree_with_consents
from subscriptions.models import EventSubSubscription, EventSubWant, Streamer
from subscriptions.subscribing import subscribe, unsubscribe
from tests.factories import (
    LONG_AGO,
    make_grant,
    make_promise,
    make_streamer,
    make_subscription,
    make_user,
)
from tests.subscriptions.test_races import at_once
from tests.subscriptions.twitch_here import ADA, twitch_here

KINDS = EventSubWant.OwnerKind


def wanted() -> list[tuple[str, str]]:
    """The channel and whose consent it is, of each want for followers."""
    wants = EventSubWant.objects.filter(type="channel.follow")
    conditions = wants.values_list("condition", flat=True)
    return sorted((one["broadcaster_user_id"], one["moderator_user_id"]) for one in conditions)


def name_moderator(grant: Grant, channel: Streamer) -> Moderation:
    return Moderation.objects.create(
        user=grant.user, channel_id=channel.twitch_id, named_at=timezone.now()
    )


class ScopesTests(TestCase):
    """Who shows followers, and who shows whom they follow."""

    def test_by_scopes_and_state(self) -> None:
        dead = Grant.State.DEAD
        for scopes, state, shows in (
            ((FOLLOWERS, FOLLOWED), "active", (True, True, False)),
            ((FOLLOWERS,), "active", (True, False, False)),
            # What every login allows publishes nothing.
            ((FOLLOWED, "user:read:email"), "active", (False, False, False)),
            (("user:read:email",), "active", (False, False, False)),
            ((FOLLOWERS, FOLLOWED), dead, (False, False, True)),
            ((FOLLOWED,), dead, (False, False, False)),
        ):
            with self.subTest(scopes=scopes, state=state):
                grants = Grant.objects.filter(pk=make_grant(*scopes, state=state).pk)
                found = (
                    grants.showing_followers().exists(),
                    grants.showing_follows().exists(),
                    grants.no_longer_showing_followers().exists(),
                )
                assert found == shows

    def test_a_later_login_with_less_does_not_make_it_unsaid(self) -> None:
        grant = make_grant(FOLLOWERS)
        Grant.objects.filter(pk=grant.pk).update(scopes=[FOLLOWED])
        assert Grant.objects.no_longer_showing_followers().exists()


class WantTests(TestCase):
    def setUp(self) -> None:
        self.streamer = make_streamer(twitch_id="4711")
        self.subscription = make_subscription(streamer=self.streamer)

    def look(self, *expected: tuple[str, str]) -> None:
        agree_with_consents()
        assert wanted() == sorted(expected)

    def test_a_watched_streamer_who_shows_followers_is_wanted(self) -> None:
        grant = make_grant(twitch_id="4711")
        self.look(("4711", "4711"))
        want = EventSubWant.objects.get(type="channel.follow")
        assert want.condition_key == "broadcaster_user_id=4711&moderator_user_id=4711"
        assert (want.owner_kind, want.owner_id) == (KINDS.GRANT, grant.pk)
        assert (want.subject_id, want.until) == ("4711", None)

    def test_nobody_else_is(self) -> None:
        make_grant()
        make_grant(FOLLOWED, twitch_id="4711")
        make_streamer(twitch_id="12")
        make_grant(twitch_id="12")
        self.look()

    def test_again_changes_nothing(self) -> None:
        make_grant(twitch_id="4711")
        self.look(("4711", "4711"))
        before = list(EventSubWant.objects.values())
        self.look(("4711", "4711"))
        assert list(EventSubWant.objects.values()) == before

    def test_a_consent_that_ended_or_became_narrower_wants_nothing(self) -> None:
        grant = make_grant(twitch_id="4711")
        for changes in (
            {"state": Grant.State.DEAD},
            {"scopes": [FOLLOWED, "user:read:email"]},
        ):
            with self.subTest(changes):
                Grant.objects.update(state=Grant.State.ACTIVE, scopes=[FOLLOWERS])
                self.look(("4711", "4711"))
                Grant.objects.filter(pk=grant.pk).update(**changes)
                self.look()

    def test_a_viewer_who_is_gone_wants_nothing(self) -> None:
        grant = make_grant(twitch_id="4711")
        self.look(("4711", "4711"))
        grant.user.delete()
        self.look()

    def test_whom_nobody_watches_is_wanted_no_more(self) -> None:
        make_grant(twitch_id="4711")
        self.look(("4711", "4711"))
        self.subscription.user.delete()
        self.look()

    def test_a_moderators_consent_is_tried_for_the_channel_of_the_link(self) -> None:
        moderator = make_grant(twitch_id="9")
        other = make_streamer(twitch_id="12")
        for channel in (self.streamer, other):
            name_moderator(moderator, channel)
        self.look(("4711", "9"))
        make_subscription(streamer=other)
        make_grant(twitch_id="4711")
        self.look(("4711", "9"), ("4711", "4711"), ("12", "9"))
        Grant.objects.filter(pk=moderator.pk).update(state=Grant.State.DEAD)
        self.look(("4711", "4711"))

    def test_a_moderator_whose_consent_is_narrow_is_not_tried(self) -> None:
        name_moderator(make_grant(FOLLOWED), self.streamer)
        self.look()

    def test_open_pages_show_the_streamer_anew(self) -> None:
        for subject in ("4711", "12"):
            make_promise(subject_id=subject)
        grant = make_grant(twitch_id="4711")
        for state in (Grant.State.ACTIVE, Grant.State.DEAD):
            with self.subTest(state):
                EventSubSubscription.objects.update(changed_at=LONG_AGO)
                Grant.objects.filter(pk=grant.pk).update(state=state)
                agree_with_consents()
                changed = EventSubSubscription.objects.exclude(changed_at=LONG_AGO)
                assert [row.subject_id for row in changed] == ["4711"]
                EventSubSubscription.objects.update(changed_at=LONG_AGO)
                agree_with_consents()
                assert not EventSubSubscription.objects.exclude(changed_at=LONG_AGO).exists()

    def test_costs_four_queries_however_many_there_are(self) -> None:
        for _ in range(5):
            streamer = make_streamer()
            make_subscription(streamer=streamer)
            name_moderator(make_grant(twitch_id=streamer.twitch_id), self.streamer)
        agree_with_consents()
        assert len(wanted()) == 10
        with self.assertNumQueries(4):  # without basis, own, moderated; the application's
            agree_with_consents()

    def test_takes_a_portion_at_a_time(self) -> None:
        for _ in range(5):
            streamer = make_streamer()
            make_subscription(streamer=streamer)
            make_grant(twitch_id=streamer.twitch_id)
        with patch.object(consenting, "MOST_WANTS", 2):
            for expected in (2, 4, 5):
                agree_with_consents()
                assert len(wanted()) == expected
            Grant.objects.update(state=Grant.State.DEAD)
            for expected in (3, 1, 0):
                agree_with_consents()
                assert len(wanted()) == expected


class ApplicationTests(TestCase):
    """What Twitch tells the application about itself."""

    def look(self) -> list[tuple[str, str, str]]:
        agree_with_consents()
        wants = EventSubWant.objects.filter(owner_kind=KINDS.APPLICATION)
        return list(wants.values_list("type", "condition_key", "subject_id"))

    def test_is_wanted_while_twitch_has_an_address(self) -> None:
        revocations = "user.authorization.revoke"
        for _ in range(2):
            assert self.look() == [(revocations, "client_id=tests-client-id", "application")]
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            assert self.look() == []
        with override_settings(TWITCH_CLIENT_ID="another"):
            assert self.look() == [(revocations, "client_id=another", "application")]
        assert self.look() == [(revocations, "client_id=tests-client-id", "application")]


class SubscribingTests(TestCase):
    """At once, without waiting for the sweep."""

    def setUp(self) -> None:
        self.enterContext(twitch_here())
        make_grant(twitch_id=ADA)

    def test_the_first_viewer_brings_the_want_and_the_last_takes_it_away(self) -> None:
        first = subscribe(user=make_user(), login="ada_streams", twitch=helix())
        assert wanted() == [(ADA, ADA)]
        second = subscribe(user=make_user(), login="ada_streams", twitch=helix())
        assert wanted() == [(ADA, ADA)]
        unsubscribe(user=first.user, subscription_id=first.pk)
        assert wanted() == [(ADA, ADA)]
        unsubscribe(user=second.user, subscription_id=second.pk)
        assert wanted() == []

    def test_a_moderators_too(self) -> None:
        moderator = make_grant(twitch_id="9")
        Moderation.objects.create(user=moderator.user, channel_id=ADA, named_at=timezone.now())
        subscribe(user=make_user(), login="ada_streams", twitch=helix())
        assert wanted() == [(ADA, ADA), (ADA, "9")]


@pytest.mark.mariadb
class AtOnceTests(TransactionTestCase):
    def test_several_at_once_add_and_drop_the_same(self) -> None:
        grants = []
        for _ in range(20):
            streamer = make_streamer()
            make_subscription(streamer=streamer)
            make_promise(subject_id=streamer.twitch_id)
            grants.append(make_grant(twitch_id=streamer.twitch_id))
        for state, expected in ((Grant.State.ACTIVE, 20), (Grant.State.DEAD, 0)) * 3:
            Grant.objects.update(state=state)
            found = at_once(*[agree_with_consents] * 8)
            assert found == [None] * 8, found
            assert len(wanted()) == expected
            assert EventSubWant.objects.filter(owner_kind=KINDS.APPLICATION).count() == 1

    def test_subscribing_and_leaving_meanwhile(self) -> None:
        self.enterContext(twitch_here())
        make_grant(twitch_id=ADA)
        helix().profiles(logins=["ada_streams"])
        users = [make_user() for _ in range(4)]

        def come_and_go(user: Any) -> None:
            for _ in range(3):
                one = subscribe(user=user, login="ada_streams", twitch=helix())
                unsubscribe(user=user, subscription_id=one.pk)

        def look() -> None:
            for _ in range(10):
                agree_with_consents()

        come = [lambda user=user: come_and_go(user) for user in users]
        found = at_once(*come, *[look] * 2)
        assert found == [None] * 6, found
        agree_with_consents()
        assert wanted() == []
        subscribe(user=users[0], login="ada_streams", twitch=helix())
        agree_with_consents()
        assert wanted() == [(ADA, ADA)]
