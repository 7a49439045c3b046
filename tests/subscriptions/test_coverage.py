"""Coverage of each kind: pushed, polled, needs consent, or lost and why."""

from __future__ import annotations

from typing import Any

from django.test import TestCase, override_settings

from accounts.models import Grant
from streamwatch.twitch.eventsub import condition_key
from subscriptions import troubles
from subscriptions.coverage import Code, Coverage, coverage_of, coverage_of_all
from subscriptions.models import EventSubSubscription, EventSubWant
from tests.factories import make_grant, make_promise, make_streamer, make_subscription, make_want

ALL = ["online", "offline", "changed", "renamed", "raid_in", "raid_out", "follower", "follows"]
TYPES = (
    ("stream.online", "broadcaster_user_id"),
    ("stream.offline", "broadcaster_user_id"),
    ("channel.update", "broadcaster_user_id"),
    ("user.update", "user_id"),
    ("channel.raid", "to_broadcaster_user_id"),
    ("channel.raid", "from_broadcaster_user_id"),
)


class CoverageTests(TestCase):
    """A watched streamer, everything of it enabled."""

    def setUp(self) -> None:
        self.streamer = make_streamer(twitch_id="4711")
        self.subscription = make_subscription(streamer=self.streamer)
        for type_, name in TYPES:
            self.promise(type_, {name: "4711"})

    def promise(self, type_: str, condition: dict[str, str], **fields: Any) -> None:
        values = {"type": type_, "condition_key": condition_key(condition)}
        make_want(subscription=self.subscription, condition=condition, **values)
        make_promise(subject_id="4711", **{**values, **fields})

    def allow(self, *scopes: str, **fields: Any) -> None:
        make_grant(*scopes, twitch_id="4711", **fields)

    def change(self, type_: str, **values: Any) -> None:
        assert EventSubSubscription.objects.filter(type=type_).update(**values)

    def of(self, kind: str, **polled_seconds: float) -> tuple[str, str]:
        found = {one.kind: one for one in coverage_of(self.streamer, polled_seconds=polled_seconds)}
        assert list(found) == ALL
        return found[kind].code.value, found[kind].sentence

    def test_what_is_enabled_is_pushed(self) -> None:
        for kind in ALL[:6]:
            assert self.of(kind) == ("pushed", "Twitch tells it at once")

    def test_what_the_budget_has_no_place_for_is_polled_as_often_as_it_is(self) -> None:
        self.change("stream.online", has_place=False, status="")
        for period, words in (
            (60, " every 60 s"), (240, " every 4 min"), (86400, " every 24 h"), (0, ""),
        ):  # fmt: skip
            sentence = f"Checked by polling{words}: Twitch's budget is used up"
            assert self.of("online", online=period) == ("polled", sentence)

    def test_raids_are_pushed_or_lost(self) -> None:
        self.change("channel.raid", has_place=False, status="")
        for kind in ("raid_in", "raid_out"):
            assert self.of(kind) == ("lost", "Not seen: Twitch's budget is used up")
        self.change("channel.raid", has_place=True, trouble="The channel is gone from Twitch")
        assert self.of("raid_in") == ("lost", "Not seen: the channel is gone from Twitch")

    def test_what_is_in_trouble_or_pending_is_polled_meanwhile(self) -> None:
        self.change("stream.online", status="", trouble="Twitch gives no answer")
        self.change("stream.offline", status="webhook_callback_verification_pending")
        EventSubSubscription.objects.filter(type="channel.update").delete()
        assert self.of("online") == ("polled", "Checked by polling: Twitch gives no answer")
        for kind in ("offline", "changed"):
            sentence = "Checked by polling: Twitch has not confirmed it yet"
            assert self.of(kind) == ("polled", sentence)

    def test_trouble_of_a_replacement_is_none_of_what_is_sent(self) -> None:
        self.change("stream.online", trouble="Twitch refused: no")
        assert self.of("online")[0] == "pushed"

    def test_without_a_public_address_all_that_can_be_is_polled(self) -> None:
        with override_settings(CAN_RECEIVE_WEBHOOKS=False):
            found = {one.kind: one.code for one in coverage_of(self.streamer)}
        assert [found[kind] for kind in ALL] == [
            *[Code.POLLED] * 4,
            *[Code.LOST] * 2,
            *[Code.NEEDS_CONSENT] * 2,
        ]

    def test_followers_and_whom_the_streamer_follows_need_consent(self) -> None:
        assert self.of("follower") == (
            "needs_consent",
            "The streamer has to allow it at Twitch;"
            " until then only the number of followers is known",
        )
        assert self.of("follows") == (
            "needs_consent",
            "The streamer has to allow it at Twitch; nobody else may see whom a streamer follows",
        )

    def test_with_consent_they_are_pushed_and_polled(self) -> None:
        self.allow("moderator:read:followers", "user:read:follows")
        assert self.of("follower") == ("lost", "Not seen: Twitch has not confirmed it yet")
        condition = {"broadcaster_user_id": "4711", "moderator_user_id": "4711"}
        self.promise("channel.follow", condition)
        assert self.of("follower") == ("pushed", "Twitch tells it at once")
        assert self.of("follows", follows=600) == (
            "polled",
            "Checked by polling every 10 min: Twitch tells it to nobody unasked",
        )

    def test_what_became_of_followers_is_said(self) -> None:
        self.allow("moderator:read:followers")
        condition = {"broadcaster_user_id": "4711", "moderator_user_id": "4711"}
        self.promise("channel.follow", condition, status="", trouble="Twitch refused: no")
        assert self.of("follower") == ("lost", "Not seen: Twitch refused: no")
        assert self.of("follows")[0] == "needs_consent"

    def test_a_moderators_consent_does_for_followers(self) -> None:
        condition = {"broadcaster_user_id": "4711", "moderator_user_id": "9"}
        self.promise("channel.follow", condition)
        assert self.of("follower")[0] == "pushed"

    def test_a_moderator_whom_twitch_refuses_is_no_consent(self) -> None:
        condition = {"broadcaster_user_id": "4711", "moderator_user_id": "9"}
        self.promise("channel.follow", condition, status="", trouble=troubles.NO_ANSWER)
        assert self.of("follower")[0] == "lost"
        self.change("channel.follow", trouble=troubles.NO_MODERATOR)
        assert self.of("follower")[0] == "needs_consent"
        assert self.of("follower")[1].endswith(
            "; somebody else allowed it, but does not moderate this channel"
        )
        self.allow("moderator:read:followers")
        assert self.of("follower") == ("lost", "Not seen: Twitch has not confirmed it yet")

    def test_what_somebody_listens_on_changes_nothing(self) -> None:
        told = coverage_of(self.streamer)
        for moderator, trouble in (("8", ""), ("9", troubles.NO_MODERATOR)):
            condition = {"broadcaster_user_id": "4711", "moderator_user_id": moderator}
            self.promise("channel.follow", condition, trouble=trouble)
        topic = EventSubWant.OwnerKind.TOPIC
        EventSubWant.objects.filter(type="channel.follow").update(owner_kind=topic)
        assert coverage_of(self.streamer) == told

    def test_between_its_end_and_the_sweep_a_consent_is_needed_already(self) -> None:
        self.allow("moderator:read:followers", state=Grant.State.DEAD)
        condition = {"broadcaster_user_id": "4711", "moderator_user_id": "4711"}
        self.promise("channel.follow", condition)
        assert self.of("follower")[0] == "needs_consent"
        self.change("channel.follow", status="authorization_revoked", trouble="too bad")
        assert self.of("follower")[1].startswith("The streamer's consent at Twitch has ended; ")

    def test_only_a_consent_to_it_can_end(self) -> None:
        self.allow("user:read:follows", state=Grant.State.DEAD)
        for kind in ("follower", "follows"):
            assert self.of(kind)[1].startswith("The streamer has to allow it at Twitch; ")

    def test_a_mere_login_shows_not_whom_the_streamer_follows(self) -> None:
        self.allow("user:read:follows")
        assert self.of("follows")[0] == "needs_consent"

    def test_a_consent_that_has_ended_is_needed_again(self) -> None:
        self.allow("moderator:read:followers", "user:read:follows", state=Grant.State.DEAD)
        for kind in ("follower", "follows"):
            code, sentence = self.of(kind)
            assert code == "needs_consent"
            assert sentence.startswith("The streamer's consent at Twitch has ended; ")

    def test_whom_nobody_watches_is_not_seen(self) -> None:
        other = make_streamer()
        assert coverage_of(other)[0] == Coverage(
            "online", Code.LOST, "Not seen: nobody watches this streamer"
        )

    def test_many_cost_as_much_as_one(self) -> None:
        streamers = [self.streamer, *(make_streamer() for _ in range(5))]
        with self.assertNumQueries(3):  # wants, promises, grants
            found = coverage_of_all(streamers)
        assert len(found) == 6
        with self.assertNumQueries(0):  # nobody
            assert coverage_of_all([]) == {}
