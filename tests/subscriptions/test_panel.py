"""The panel of subscriptions: GET /streamers/rows/, and the states in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.models import Grant
from subscriptions.models import EventSubWant, Streamer
from subscriptions.panel import State, panel_for, states_of
from tests.factories import (
    CONSENTED,
    make_grant,
    make_promise,
    make_ring,
    make_streamer,
    make_subscription,
    make_user,
    make_want,
)

URL = "/streamers/rows/"
KINDS = ("stream.online", "stream.offline", "channel.update")


class RowsTests(TestCase):
    def setUp(self) -> None:
        self.viewer = make_user()
        self.client.force_login(self.viewer)

    def watch(self, **fields: Any) -> Streamer:
        """A streamer that is watched properly."""
        streamer = make_streamer(**fields)
        subscription = make_subscription(user=self.viewer, streamer=streamer)
        for kind in KINDS:
            make_want(subscription=subscription, type=kind)
            make_promise(subject_id=streamer.twitch_id, type=kind)
        return streamer

    def test_a_visitor_is_sent_to_the_login(self) -> None:
        self.client.logout()
        answer = self.client.get(URL)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")

    def test_other_methods_are_refused(self) -> None:
        assert self.client.post(URL).status_code == 405

    def test_shows_only_the_viewers_own(self) -> None:
        self.watch(login="mine")
        make_subscription(streamer=make_streamer(login="theirs"))
        answer = self.client.get(URL)
        self.assertTemplateNotUsed(answer, "base.html")
        self.assertContains(answer, 'data-streamer="mine"')
        self.assertNotContains(answer, "theirs")
        self.assertContains(answer, "Watching")

    def test_shows_live_ones_first_then_by_login(self) -> None:
        for login, stream_id in (("b", ""), ("c", "1"), ("a", ""), ("d", "2")):
            self.watch(login=login, live_stream_id=stream_id, live_started_at=timezone.now())
        panel = panel_for(self.viewer)
        assert [row.streamer.login for row in panel.rows] == ["c", "d", "a", "b"]
        assert (panel.live_count, panel.total, panel.trouble_count) == (2, 4, 0)

    def test_counts_those_in_trouble(self) -> None:
        self.watch()
        broken = self.watch()
        make_promise(
            subject_id=broken.twitch_id, type="user.update", status="", trouble="not for this"
        )
        assert panel_for(self.viewer).trouble_count == 0
        panel = panel_for(self.viewer)
        make_want(subscription=panel.rows[1].subscription, type="user.update")
        assert panel_for(self.viewer).trouble_count == 1
        self.assertContains(self.client.get(URL), "not for this")

    def test_is_empty_at_first(self) -> None:
        with self.assertNumQueries(1):  # subscriptions
            panel = panel_for(self.viewer)
        assert (list(panel.rows), panel.total) == ([], 0)
        self.assertContains(self.client.get(URL), "Nobody is watched yet")

    def test_the_number_of_queries_does_not_grow_with_rows(self) -> None:
        for _ in range(30):
            self.watch()
        with self.assertNumQueries(
            6
        ):  # session, user, subscriptions, ended consents, wants, promises
            self.assertContains(self.client.get(URL), "data-subscription-id", count=30)

    def test_hostile_names_are_shown_and_escaped(self) -> None:
        self.watch(
            display_name='<b>"x"</b>',
            live_stream_id="1",
            live_started_at=timezone.now(),
            title="<script>1</script>",
            category_name="مرحبا 🎉",
        )
        answer = self.client.get(URL)
        self.assertContains(answer, '<bdi class="who">&lt;b&gt;&quot;x&quot;&lt;/b&gt;</bdi>')
        self.assertContains(answer, "<bdi>&lt;script&gt;1&lt;/script&gt;</bdi>")
        self.assertContains(answer, "<bdi>مرحبا 🎉</bdi>")
        self.assertNotContains(answer, "<script>")


class StatesTests(TestCase):
    def setUp(self) -> None:
        self.subscription = make_subscription()
        self.streamer = self.subscription.streamer

    def want(self, *kinds: str, **fields: Any) -> None:
        for kind in kinds:
            make_want(subscription=self.subscription, type=kind, **fields)

    def promise(self, kind: str, **fields: Any) -> None:
        make_promise(subject_id=self.streamer.twitch_id, type=kind, **fields)

    def state(self) -> State:
        with self.assertNumQueries(3):  # ended consents, wants, promises
            return states_of([self.streamer])[self.streamer.pk]

    def test_pending_until_twitch_has_answered(self) -> None:
        self.want(*KINDS)
        assert self.state() == State("pending", "Waiting for Twitch's confirmation")

    def test_pending_until_everything_wanted_is_enabled(self) -> None:
        self.want(*KINDS)
        self.promise("stream.online")
        self.promise("stream.offline")
        assert self.state().code == "pending"
        self.promise("channel.update", status="webhook_callback_verification_pending")
        assert self.state().code == "pending"

    def test_watching_when_everything_wanted_is_enabled(self) -> None:
        self.want(*KINDS)
        for kind in KINDS:
            self.promise(kind)
        assert self.state() == State("watching", "Watching")

    def test_trouble_as_soon_as_one_is_in_trouble(self) -> None:
        self.want(*KINDS)
        self.promise("stream.online")
        self.promise("stream.offline", status="", trouble="no budget")
        assert self.state() == State("trouble", "no budget")

    def test_trouble_while_it_is_tried_again(self) -> None:
        self.want("stream.online")
        pending = "webhook_callback_verification_pending"
        self.promise("stream.online", status=pending, trouble="the challenge was refused")
        assert self.state().code == "trouble"

    def test_what_nobody_wants_any_more_says_nothing(self) -> None:
        self.want("stream.online")
        make_want(
            subscription=self.subscription,
            type="user.update",
            until=timezone.now() - timedelta(seconds=1),
        )
        self.promise("stream.online")
        self.promise("user.update", status="", trouble="too bad")
        self.promise("channel.update", status="", trouble="too bad")
        assert self.state().code == "watching"

    def lease(self, kind: str, key: str = "") -> None:
        """A topic that some viewer listens on."""
        make_want(
            subscription=self.subscription,
            type=kind,
            condition_key=key or f"broadcaster_user_id={self.streamer.twitch_id}",
            owner_kind=EventSubWant.OwnerKind.TOPIC,
            owner_id=1,
            until=timezone.now() + timedelta(minutes=2),
        )

    def test_what_somebody_listens_on_says_nothing_to_others(self) -> None:
        self.want("stream.online")
        self.promise("stream.online")
        for kind in ("channel.chat.message", "channel.shared_chat.begin"):
            self.lease(kind)
            assert self.state() == State("watching", "Watching")
        self.promise("channel.chat.message", status="", trouble="you have to allow it")
        assert self.state() == State("watching", "Watching")

    def test_where_only_topics_are_promised_one_waits(self) -> None:
        self.lease("stream.online")
        self.promise("stream.online", status="", trouble="too bad")
        assert self.state().code == "pending"

    def test_streamers_do_not_mix(self) -> None:
        other = make_subscription()
        self.want("stream.online")
        self.promise("stream.online")
        make_want(subscription=other)
        make_promise(subject_id=other.streamer.twitch_id, trouble="too bad")
        assert self.state().code == "watching"
        with self.assertNumQueries(3):  # ended consents, wants, promises
            states = states_of([self.streamer, other.streamer])
        assert states[other.streamer.pk].code == "trouble"

    def test_followers_put_no_row_into_trouble_nor_keep_it_pending(self) -> None:
        self.want("stream.online", "channel.follow")
        self.promise("stream.online")
        assert self.state().code == "watching"
        self.promise("channel.follow", status="", trouble="no moderator")
        assert self.state() == State("watching", "Watching")

    def test_a_consent_that_has_ended_is_marked(self) -> None:
        self.want("stream.online")
        self.promise("stream.online")
        user = make_user(twitch_id=self.streamer.twitch_id)
        grant = make_grant(user=user)
        assert not self.state().has_consent_ended
        for changes in ({"state": Grant.State.DEAD}, {"scopes": ["user:read:follows"]}):
            Grant.objects.update(state=Grant.State.ACTIVE, scopes=list(CONSENTED))
            assert not self.state().has_consent_ended
            Grant.objects.filter(pk=grant.pk).update(**changes)
            found = states_of([self.streamer, make_streamer()])
            assert [one.has_consent_ended for one in found.values()] == [True, False]
        Grant.objects.update(showed_followers=False)
        assert not self.state().has_consent_ended
        Grant.objects.update(showed_followers=True)
        self.client.force_login(self.subscription.user)
        self.assertContains(self.client.get(URL), "Consent ended")
        key = f"broadcaster_user_id={self.streamer.twitch_id}&moderator_user_id=9"
        self.promise("channel.follow", condition_key=key)
        self.lease("channel.follow", key)
        assert states_of([self.streamer])[self.streamer.pk].has_consent_ended
        kind = EventSubWant.OwnerKind.GRANT
        self.want("channel.follow", condition_key=key, owner_kind=kind)
        assert not states_of([self.streamer])[self.streamer.pk].has_consent_ended

    def test_nobody_needs_no_query(self) -> None:
        with self.assertNumQueries(0):  # nobody
            assert states_of([]) == {}

    @override_settings(CAN_RECEIVE_WEBHOOKS=False)
    def test_without_a_public_address_everybody_is_in_trouble(self) -> None:
        sentence = "Twitch needs a public https address (PUBLIC_URL)"
        assert states_of([self.streamer]) == {self.streamer.pk: State("trouble", sentence)}

    @override_settings(CAN_RECEIVE_WEBHOOKS=False)
    def test_without_a_public_address_the_row_says_how_often_is_polled(self) -> None:
        make_ring(name="streams", round_seconds=3.1, period_seconds=61.0)
        make_ring(name="channels", round_seconds=184.6, period_seconds=180.2)
        make_ring(name="profiles", round_seconds=5000.0)
        with self.assertNumQueries(2):  # ended consents, rings
            state = states_of([self.streamer])[self.streamer.pk]
        assert state == State(
            "trouble",
            "Checked by polling every 185 s; Twitch needs a public https address (PUBLIC_URL)"
            " to tell us at once",
        )
