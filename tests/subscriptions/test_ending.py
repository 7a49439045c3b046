"""What nobody wants any more is ended at Twitch."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from accounts.twitch import helix
from streamwatch.twitch.errors import TwitchRefused, TwitchUnavailable
from streamwatch.twitch.payloads import Promise
from subscriptions.subscribing import unsubscribe
from tests.factories import make_promise, make_user
from tests.simulator.callbacks import SECRET
from tests.subscriptions.reconcile_case import TYPES, ReconcileCase, rows
from tests.subscriptions.twitch_here import ADA, CARLA, listed


class EndingTests(ReconcileCase):
    def test_after_the_last_viewer_everything_is_ended(self) -> None:
        self.confirmed()
        other = make_user()
        theirs = self.watch(user=other)
        self.leave()
        self.reconcile()
        assert len(listed(ADA)) == 6
        unsubscribe(user=other, subscription_id=theirs.pk)
        self.reconcile()
        assert listed(ADA) == []
        assert rows() == []

    def test_the_row_is_kept_until_twitch_was_told(self) -> None:
        self.confirmed()
        self.leave()
        for error in (TwitchRefused(403, "no"), TwitchUnavailable("away")):
            with patch.object(helix(), "end_promise", side_effect=error):
                self.reconcile()
            assert len(rows()) == 6
            assert len(listed(ADA)) == 6
        self.wait_no_longer()
        self.reconcile()
        assert (rows(), listed(ADA)) == ([], [])

    def test_what_is_gone_at_twitch_already_is_forgotten(self) -> None:
        self.confirmed()
        self.leave()
        with patch.object(helix(), "end_promise", side_effect=TwitchRefused(404, "unknown")):
            self.reconcile()
        assert rows() == []

    def test_what_was_never_asked_is_forgotten(self) -> None:
        make_promise(subject_id=ADA, type="channel.follow", twitch_id="", status="")
        self.leave()
        self.reconcile()
        assert rows() == []

    def test_leaving_and_coming_back_ends_in_watching(self) -> None:
        self.confirmed()
        self.leave()
        self.subscription = self.watch()
        self.reconcile()
        assert self.state()[0] == "watching"
        self.subscription.refresh_from_db()
        self.leave()
        self.reconcile()
        self.subscription = self.watch()
        self.confirmed()
        assert self.state()[0] == "watching"

    def test_one_that_cannot_be_ended_does_not_stop_the_others(self) -> None:
        self.confirmed()
        self.leave()
        real, stubborn = helix().end_promise, rows()[0].twitch_id

        def end(twitch_id: str) -> None:
            if twitch_id == stubborn:
                raise TwitchRefused(400, "no")
            real(twitch_id)

        with patch.object(helix(), "end_promise", end):
            self.reconcile()
        assert [row.twitch_id for row in rows()] == [stubborn]

    def test_promises_that_nobody_knows_of_are_ended(self) -> None:
        self.confirmed()
        helix().make_promise(
            type_name="channel.shared_chat.begin",
            version="1",
            condition={"broadcaster_user_id": ADA},
            callback=self.callback.url,
            secret=SECRET,
        )
        self.reconcile()
        assert Counter(promise.type for promise in listed(ADA)) == TYPES

    def test_promises_about_two_people_are_left_to_their_own_subject(self) -> None:
        """A condition may name somebody else beside the one it is about."""
        key = f"broadcaster_user_id={CARLA}&moderator_user_id={ADA}"
        make_promise(subject_id=CARLA, type="channel.follow", condition_key=key)
        condition = {"broadcaster_user_id": CARLA, "moderator_user_id": ADA}
        theirs = Promise("x", "enabled", "channel.follow", "2", condition, self.callback.url, 0)
        with (
            patch.object(helix(), "promises", return_value=[theirs]),
            patch.object(helix(), "end_promise") as end,
        ):
            self.reconcile()
        end.assert_not_called()

    def test_promises_to_other_addresses_are_not_ours(self) -> None:
        foreign = helix().make_promise(
            type_name="channel.shared_chat.begin",
            version="1",
            condition={"broadcaster_user_id": ADA},
            callback="http://localhost:1/other-house/",
            secret=SECRET,
        )
        self.confirmed()
        self.leave()
        self.reconcile()
        assert [one.twitch_id for one in listed(ADA)] == [foreign.twitch_id]
