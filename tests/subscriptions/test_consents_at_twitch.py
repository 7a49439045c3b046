"""A consent from its link to its end, over HTTP with the simulator."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import Grant, User
from accounts.twitch import helix, oauth
from accounts.validating import validate_due
from simulator.testing import wait_for
from streamwatch.twitch.eventsub import Status
from streamwatch.twitch.payloads import Promise
from subscriptions.coverage import coverage_of
from subscriptions.models import EventSubSubscription, EventSubWant
from subscriptions.panel import states_of
from subscriptions.promises import COMPARE_EVERY
from subscriptions.reconciling import note_revocation
from subscriptions.sweeping import sweep
from tests.accounts.dance import Dancer
from tests.subscriptions.reconcile_case import ReconcileCase
from tests.subscriptions.test_reconcile_command import reconcile
from tests.subscriptions.twitch_here import ADA, listed, settled

NOT_ALLOWED = (
    "The streamer has to allow it at Twitch; until then only the number of followers is known"
)


class ConsentCase(ReconcileCase):
    def setUp(self) -> None:
        super().setUp()
        self.confirmed()

    def allow(self, login: str = "ada_streams", channel_id: str = "") -> Dancer:
        browser = Dancer()
        answer = browser.allow_as(login, channel_id)
        assert answer["Location"] == "/consent/thanks/", answer
        return browser

    def sweep(self, **time: int) -> None:
        """As the worker does it, `time` after the sweep before."""
        for row in EventSubSubscription.objects.exclude(due_at=None):
            assert row.due_at is not None
            EventSubSubscription.objects.filter(pk=row.pk).update(
                due_at=row.due_at - timedelta(**time)
            )
        sweep(twitch=helix())

    def watched(self) -> None:
        """Wanted, challenged and confirmed."""
        self.sweep()
        settled(ADA)
        assert self.confirm()

    def followers(self) -> tuple[str, str]:
        found = {one.kind: one for one in coverage_of(self.subscription.streamer)}
        return found["follower"].code.value, found["follower"].sentence

    def has_consent_ended(self) -> bool:
        streamer = self.subscription.streamer
        return states_of([streamer])[streamer.pk].has_consent_ended

    def follow(self) -> list[Promise]:
        return [one for one in listed(ADA) if one.type == "channel.follow"]

    def end_at_twitch(self, status: str) -> None:
        """Twitch ends its promise about followers, and tells."""
        (promise,) = self.follow()
        self.simulator.inside(
            lambda twitch: twitch.subscriptions.set_status(promise.twitch_id, status)
        )
        note_revocation(promise=self.follow()[0])


class StreamerTests(ConsentCase):
    def test_before_it_is_said_what_is_needed(self) -> None:
        self.sweep()
        assert self.followers() == ("needs_consent", NOT_ALLOWED)
        assert not self.has_consent_ended()

    def test_followers_are_pushed_at_no_cost(self) -> None:
        before = helix().total_cost().total_cost
        self.allow()
        assert self.followers() == ("lost", "Not seen: Twitch has not confirmed it yet")
        self.watched()
        assert self.followers() == ("pushed", "Twitch tells it at once")
        (promise,) = self.follow()
        condition = {"broadcaster_user_id": ADA, "moderator_user_id": ADA}
        assert (promise.version, promise.condition, promise.cost) == ("2", condition, 0)
        # All else about the streamer is free now too; what is left is the application's own.
        assert (before, helix().total_cost().total_cost) == (6, 1)
        assert self.state() == ("watching", "Watching")

    def test_withdrawn_it_ends_within_a_sweep(self) -> None:
        browser = self.allow()
        self.watched()
        browser.post("/settings/consent/")
        grant = Grant.objects.get()
        assert (grant.state, grant.access_token) == (Grant.State.DEAD, "")
        self.sweep()
        assert self.follow() == []
        assert not EventSubWant.objects.filter(owner_kind="grant").exists()
        assert self.followers() == (
            "needs_consent",
            "The streamer's consent at Twitch has ended;"
            " until then only the number of followers is known",
        )
        assert self.has_consent_ended()
        assert self.state() == ("watching", "Watching")

    def test_the_streamer_logging_in_again_gives_nothing_back(self) -> None:
        self.allow().post("/settings/consent/")
        Dancer().log_in_as("ada_streams")
        self.sweep()
        assert self.follow() == []
        assert self.followers()[1].startswith("The streamer's consent at Twitch has ended; ")
        assert self.has_consent_ended()

    def test_given_again_it_begins_anew(self) -> None:
        self.allow().post("/settings/consent/")
        self.sweep()
        assert self.has_consent_ended()
        self.allow()
        self.watched()
        assert self.followers()[0] == "pushed"
        assert not self.has_consent_ended()

    def test_who_was_merely_logged_in_has_ended_no_consent(self) -> None:
        browser = Dancer()
        browser.log_in_as("ada_streams")
        browser.post("/settings/consent/")
        self.sweep()
        assert self.followers() == ("needs_consent", NOT_ALLOWED)
        assert not self.has_consent_ended()

    def test_taken_back_at_twitch_the_grant_is_asked_about_and_ends(self) -> None:
        self.allow()
        self.watched()
        self.simulator.inside(lambda twitch: twitch.tokens.end_grant(ADA))
        self.end_at_twitch("authorization_revoked")
        validate_due(oauth=oauth())
        assert Grant.objects.get().ending == Grant.Ending.REFUSED
        self.sweep()
        assert self.follow() == []
        assert self.has_consent_ended()

    def test_while_twitch_refuses_it_is_not_asked_again_and_again(self) -> None:
        self.allow()
        self.watched()
        # Ours lives on: Twitch is not asked about it for a while.
        self.simulator.inside(lambda twitch: twitch.tokens.end_grant(ADA))
        self.end_at_twitch("authorization_revoked")
        self.sweep()
        assert self.followers() == ("lost", "Not seen: the consent at Twitch was withdrawn")
        self.sweep(seconds=10)
        (row,) = EventSubSubscription.objects.filter(type="channel.follow")
        assert row.trouble == "Twitch does not allow it: the consent for it is missing"
        assert row.due_at is not None
        assert row.due_at > timezone.now() + timedelta(seconds=20)
        assert self.state() == ("watching", "Watching")


class ModeratorTests(ConsentCase):
    """grace_mods moderates ada_streams, bob_watches does not."""

    def test_a_moderator_who_followed_the_link_shows_the_followers(self) -> None:
        self.allow("grace_mods", ADA)
        self.watched()
        assert self.followers() == ("pushed", "Twitch tells it at once")
        grace = User.objects.get(login="grace_mods").twitch_id
        (promise,) = self.follow()
        assert promise.condition == {"broadcaster_user_id": ADA, "moderator_user_id": grace}

    def test_without_a_channel_in_the_link_nothing_is_tried(self) -> None:
        self.allow("grace_mods")
        self.sweep()
        assert self.followers() == ("needs_consent", NOT_ALLOWED)

    def test_who_does_not_moderate_it_is_refused_and_that_is_said(self) -> None:
        self.allow("bob_watches", ADA)
        self.sweep()
        assert self.follow() == []
        assert self.followers() == (
            "needs_consent",
            "The streamer has to allow it at Twitch;"
            " somebody else allowed it, but does not moderate this channel",
        )
        # Which puts nobody's row into trouble.
        assert self.state() == ("watching", "Watching")

    def test_a_moderator_no_more(self) -> None:
        self.allow("grace_mods", ADA)
        self.watched()
        self.simulator.inside(lambda twitch: twitch.store.run("DELETE FROM moderators"))
        self.end_at_twitch("moderator_removed")
        self.sweep()
        assert self.followers() == (
            "needs_consent",
            "The streamer has to allow it at Twitch;"
            " who allowed it does not moderate this channel any more",
        )
        self.sweep(seconds=10)
        assert self.follow() == []
        assert "does not moderate this channel" in self.followers()[1]

    def test_while_a_moderator_shows_them_the_streamers_consent_is_not_missed(self) -> None:
        self.allow().post("/settings/consent/")
        self.sweep()
        assert self.has_consent_ended()
        self.allow("grace_mods", ADA)
        self.watched()
        assert self.followers()[0] == "pushed"
        assert not self.has_consent_ended()


class ApplicationTests(ConsentCase):
    TYPE = "user.authorization.revoke"

    def own(self) -> list[Promise]:
        return list(helix().promises(type_name=self.TYPE))

    def row(self) -> EventSubSubscription:
        return EventSubSubscription.objects.get(subject_id="application")

    def test_is_promised_compared_and_recreated(self) -> None:
        self.sweep()
        wait_for(lambda: self.own()[0].status == Status.ENABLED, "its challenge")
        assert self.confirm("application")
        assert self.row().is_enabled
        (promise,) = self.own()
        assert promise.condition == {"client_id": self.simulator.client_id}
        # Twitch gives it up, without a word.
        self.simulator.inside(
            lambda twitch: twitch.subscriptions.set_status(
                promise.twitch_id, "notification_failures_exceeded"
            )
        )
        for wait in (COMPARE_EVERY, timedelta(seconds=10)):
            self.sweep(seconds=wait.seconds)
        (again,) = self.own()
        assert again.twitch_id != promise.twitch_id
        assert again.twitch_id == self.row().twitch_id

    def test_a_lost_answer_is_adopted(self) -> None:
        self.sweep()
        (promise,) = self.own()
        EventSubSubscription.objects.filter(pk=self.row().pk).update(twitch_id="", status="")
        self.sweep(minutes=1)
        assert (
            [one.twitch_id for one in self.own()] == [self.row().twitch_id] == [promise.twitch_id]
        )

    def test_the_command_knows_it(self) -> None:
        EventSubWant.objects.all().delete()
        self.sweep()
        assert f"leave    {self.TYPE} client_id=" in reconcile(dry_run=True, verbosity=2)
