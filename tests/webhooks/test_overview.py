"""The operator's overview: its numbers, what it says when something is wrong, its buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.conf import settings
from django.test import Client, TestCase, override_settings
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Grant
from streamwatch.models import Lease, LeaseQuerySet
from subscriptions.models import Budget, EventSubSubscription, EventSubWant
from tests.factories import (
    make_activity,
    make_broadcast,
    make_message,
    make_promise,
    make_ring,
    make_streamer,
    make_subscription,
    make_user,
    make_want,
)
from tests.webhooks.sending import body_of, online_body
from webhooks import sweeping
from webhooks.models import InboxMessage
from webhooks.overview import Line, panels
from webhooks.reworking import process_again

URL = "/admin/overview/"
PUBLISH = "streamwatch.queue._publish"


def lines() -> dict[str, Line]:
    return {line.name: line for panel in panels() for line in panel.lines}


def make_well() -> None:
    """Everything as it should be."""
    now = timezone.now()
    Budget.objects.note(total_cost=30, max_total_cost=10_000)
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        name = str(entry["task"]).replace(".tasks.", ".")
        Lease.objects.create(name=name, holder="x", until=now)
    for name, period in (("streams", 60.0), ("channels", 61.0), ("profiles", 86_400.0)):
        make_ring(name=name, period_seconds=period, due_at=now, spent_until=now)


class NumbersTests(TestCase):
    def setUp(self) -> None:
        self.now = timezone.now()
        make_well()

    def test_nothing_is_wrong_when_all_is_well(self) -> None:
        subscription = make_subscription()
        make_want(subscription=subscription)
        make_promise(subject_id=subscription.streamer.twitch_id)
        make_message(processed_at=self.now)
        make_activity()
        Grant.objects.create(user=make_user(), due_at=self.now)
        troubles = {line.name: line.trouble for line in lines().values() if line.trouble}
        assert troubles == {}

    def test_messages_are_counted_by_the_time_they_came(self) -> None:
        for seconds, processed in ((5, True), (30, False), (90, True), (3000, True), (4000, True)):
            moment = self.now - timedelta(seconds=seconds)
            make_message(received_at=moment, processed_at=self.now if processed else None)
        found = lines()
        assert found["In the last minute"].value == "2"
        assert found["In the last hour"].value == "4 (0.1 a minute)"

    def test_a_message_that_waits_too_long_is_trouble(self) -> None:
        make_message(received_at=self.now - timedelta(seconds=20))
        assert lines()["Unprocessed"] == Line(
            "Unprocessed",
            "1, the oldest waits for 20 s",
            link="/admin/webhooks/inboxmessage/?processing=unprocessed",
        )
        make_message(received_at=self.now - timedelta(hours=2, minutes=5))
        unprocessed = lines()["Unprocessed"]
        assert unprocessed.value == "2, the oldest waits for 2 h 5 min"
        assert "Are a worker and beat running" in unprocessed.trouble

    def test_what_was_given_up_is_trouble_for_an_hour(self) -> None:
        make_message(processed_at=self.now - timedelta(hours=2), problem="BadMessage: x")
        assert lines()["Given up in the last hour"].trouble == ""
        make_message(processed_at=self.now, problem="BadMessage: x")
        given_up = lines()["Given up in the last hour"]
        assert given_up.value == "1"
        assert "process them again" in given_up.trouble

    def test_the_budget_and_what_has_no_place_in_it(self) -> None:
        make_promise(subject_id="7", has_place=False, status="", twitch_id="")
        found = lines()
        assert found["Budget used"].value == "30 of 10,000 (0 %)"
        assert found["Without a place in the budget"].value == "1"
        assert "polled" in found["Without a place in the budget"].trouble
        Budget.objects.update(as_of=self.now - timedelta(minutes=20))
        assert "Twitch said so 20 min ago" in lines()["Budget used"].trouble

    def test_a_budget_that_is_full_at_nought_is_shown(self) -> None:
        Budget.objects.update(total_cost=0, max_total_cost=0)
        assert lines()["Budget used"].value == "0 of 0 (0 %)"
        Budget.objects.all().delete()
        assert lines()["Budget used"].value == "not known yet"

    def test_the_gap_between_wants_and_promises(self) -> None:
        make_want(subscription=make_subscription())
        make_promise(subject_id="unwanted")
        subscription = make_subscription()
        subject = subscription.streamer.twitch_id
        for type_, fields in {
            "stream.online": {"status": "webhook_callback_verification_pending"},
            "stream.offline": {"status": "", "twitch_id": ""},
            "channel.update": {"status": "user_removed", "trouble": "The channel is gone"},
        }.items():
            make_want(subscription=subscription, type=type_)
            make_promise(subject_id=subject, type=type_, **fields)
        found = lines()
        assert {
            name: found[name].value
            for name in (
                *("Wanted, not asked for", "Promised, not wanted"),
                *("Pending for long", "In trouble", "Enabled"),
            )
        } == {
            "Wanted, not asked for": "1",
            "Promised, not wanted": "1",
            "Pending for long": "2",
            "In trouble": "1",
            "Enabled": "1 of 4",
        }
        assert settings.EVENTSUB_CALLBACK in found["Pending for long"].trouble

    def test_the_gap_is_looked_for_where_it_can_be(self) -> None:
        for number in range(3):
            make_want(subscription=make_subscription())
            make_promise(subject_id=f"{number}", due_at=self.now + timedelta(minutes=number))
        assert len(EventSubSubscription.objects.first_unwanted(self.now, 2)) == 2
        assert len(EventSubSubscription.objects.first_unwanted(self.now)) == 3
        assert EventSubWant.objects.newest(2).without_row().count() == 2

    def test_what_was_asked_a_moment_ago_is_not_pending_for_long(self) -> None:
        make_promise(subject_id="7", status="", twitch_id="", changed_at=self.now)
        assert lines()["Pending for long"].value == "0"

    @override_settings(CAN_RECEIVE_WEBHOOKS=False)
    def test_without_a_public_address_that_is_what_is_wrong(self) -> None:
        assert "set PUBLIC_URL" in lines()["Enabled"].trouble

    def test_consents(self) -> None:
        Grant.objects.create(user=make_user(), due_at=self.now - timedelta(minutes=20))
        Grant.objects.create(user=make_user(), due_at=self.now)
        Grant.objects.create(user=make_user(), state="dead", ending="revoked")
        found = lines()
        assert (found["Active"].value, found["Dead"].value) == ("2", "1")
        assert found["Validation overdue"].value == "1"
        assert "every hour" in found["Validation overdue"].trouble

    def test_an_activity_that_nobody_heard_of(self) -> None:
        make_activity(announced_at=None, recorded_at=self.now - timedelta(minutes=3))
        found = lines()["Oldest unannounced activity"]
        assert found.value == "3 min"
        assert found.trouble.endswith("Repair does it now.")


class StaleSourcesTests(TestCase):
    def setUp(self) -> None:
        self.now = timezone.now()

    def test_a_ring_says_how_often_it_should_and_does(self) -> None:
        make_ring(name="streams", due_at=self.now, period_seconds=130.0, round_seconds=95.0)
        make_ring(name="channels", due_at=self.now)
        found = lines()
        assert found["Ring “streams”"].value == "every 1 min; really: 2 min"
        assert "POLL_POINTS_SHARE" in found["Ring “streams”"].trouble
        assert found["Ring “channels”"].value == "every 1 min; really: no round is over yet"
        assert found["Ring “channels”"].trouble == ""

    def test_a_ring_that_does_not_go_on_and_one_that_twitch_does_not_answer(self) -> None:
        make_ring(name="streams", due_at=self.now - timedelta(minutes=10))
        make_ring(name="channels", due_at=self.now, failures=3)
        found = lines()
        assert "due for 10 min" in found["Ring “streams”"].trouble
        assert "3 times in a row" in found["Ring “channels”"].trouble

    def test_a_ring_in_a_long_round_is_not_stale(self) -> None:
        make_ring(name="streams", due_at=self.now - timedelta(hours=1), spent_until=self.now)
        assert lines()["Ring “streams”"].trouble == ""

    def test_polling_that_has_not_begun_or_is_off(self) -> None:
        assert lines()["Polling"].value == "not begun yet"
        with override_settings(POLL_POINTS_SHARE=0):
            assert lines()["Polling"].value == "switched off"

    def test_a_task_that_was_not_seen_for_long(self) -> None:
        minutes = {"activity.poll": 10, "webhooks.prune": 4, "activity.prune": 100}
        for name, ago in minutes.items():
            Lease.objects.create(name=name, holder="", until=self.now - timedelta(minutes=ago))
        Lease.objects.create(name="webhooks.sweep", holder="", until=self.now + timedelta(hours=1))
        found = lines()
        assert found["activity.poll"].trouble.startswith("It was not seen for 10 min.")
        assert found["webhooks.prune"].value == "every 1 min; 4 min ago"
        assert {found[name].trouble for name in ("webhooks.prune", "activity.prune")} == {""}
        assert found["webhooks.sweep"].value == "every 5 s; running, or just ended"

    def test_a_task_that_was_never_seen(self) -> None:
        found = lines()
        assert "should run every 5 s" in found["subscriptions.sweep"].trouble
        # Beat counts from its own start.
        assert found["activity.prune"].trouble == ""

    def test_every_task_of_beat_takes_the_lease_it_is_looked_for_by(self) -> None:
        for entry in settings.CELERY_BEAT_SCHEDULE.values():
            name = str(entry["task"])
            with mock.patch.object(LeaseQuerySet, "take", return_value="") as take:
                import_string(name).run()
            assert [call.args[0] for call in take.call_args_list] == [name.replace(".tasks.", ".")]


class PageTests(TestCase):
    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))

    def test_it_says_that_all_is_well(self) -> None:
        make_well()
        page = self.client.get(URL)
        self.assertContains(page, "All is well.")
        self.assertNotContains(page, "is-troubled")

    def test_it_says_what_is_wrong(self) -> None:
        make_well()
        make_message(received_at=timezone.now() - timedelta(hours=1))
        page = self.client.get(URL)
        self.assertContains(page, "1 thing needs a look.")
        self.assertContains(page, "Messages should be processed within seconds.")

    def test_its_links_lead_to_lists(self) -> None:
        for line in lines().values():
            if line.link:
                assert self.client.get(line.link).status_code == 200, line.link

    def test_index_and_header_lead_there(self) -> None:
        for url in ("/admin/", "/admin/webhooks/inboxmessage/"):
            self.assertContains(self.client.get(url), f'href="{URL}"')

    def test_it_costs_the_same_for_many(self) -> None:
        make_well()
        for number in range(30):
            subscription = make_subscription()
            make_want(subscription=subscription)
            make_promise(subject_id=subscription.streamer.twitch_id, trouble="x")
            make_message(processed_at=timezone.now() if number % 2 else None)
            Grant.objects.create(user=make_user())
        self.client.get(URL)
        with self.assertNumQueries(18):  # session, user, and 16 of the numbers
            self.client.get(URL)

    def test_nobody_but_an_operator_gets_in(self) -> None:
        viewer, visitor = self.client_class(), self.client_class()
        viewer.force_login(make_user())
        make_message(received_at=timezone.now() - timedelta(minutes=1))
        for client in (viewer, visitor):
            assert client.get(URL).status_code in {302, 403}
            for deed in ("reconcile", "repair"):
                assert client.post(f"{URL}{deed}/").status_code in {302, 403}
        assert InboxMessage.objects.filter(processed_at=None).count() == 1


class DeedsTests(TestCase):
    def setUp(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        publishing = mock.patch(PUBLISH)
        self.publish = publishing.start()
        self.addCleanup(publishing.stop)

    def press(self, deed: str) -> list[str]:
        """What it says afterwards."""
        with self.captureOnCommitCallbacks(execute=True):
            page = self.client.post(f"{URL}{deed}/", follow=True)
        return [str(message) for message in page.context["messages"]]

    def published(self) -> dict[str, Any]:
        return {call.args[0].name: call.args[1] for call in self.publish.call_args_list}

    def test_they_want_a_post_with_a_token(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(make_user(is_staff=True, is_superuser=True))
        for deed in ("reconcile", "repair"):
            assert self.client.get(f"{URL}{deed}/").status_code == 405
            assert strict.post(f"{URL}{deed}/").status_code == 403

    def test_reconcile_now_has_a_worker_compare_what_is_due(self) -> None:
        for subject_id in ("7", "8"):
            promise = make_promise(subject_id=subject_id)
            make_want(subscription=make_subscription(), condition_key=promise.condition_key)
        later = make_promise(subject_id="9", due_at=timezone.now() + timedelta(minutes=5))
        make_want(
            subscription=make_subscription(), condition_key=later.condition_key, subject_id="9"
        )
        EventSubSubscription.objects.filter(subject_id="9").update(callback="", twitch_id="")
        said = self.press("reconcile")
        assert said[0].endswith("being reconciled with Twitch.")
        (subject_ids,) = self.published().values()
        assert {"7", "8"} <= set(subject_ids)
        assert "9" not in subject_ids

    def test_reconcile_now_with_nothing_due(self) -> None:
        assert self.press("reconcile") == ["Nothing is due: all was compared."]
        assert self.published() == {}

    def test_repair_does_what_the_sweeps_do_and_says_so(self) -> None:
        long_ago = timezone.now() - timedelta(minutes=10)
        make_message(
            body=body_of("odd", {}), received_at=long_ago, claim="killed", claimed_at=long_ago
        )
        make_message(body=body_of("odd", {}), received_at=long_ago)
        held_up = make_promise(
            subject_id="7", trouble="x", failures=5, due_at=timezone.now() + timedelta(hours=1)
        )
        make_activity(announced_at=None, recorded_at=long_ago)
        make_broadcast(ended_at=long_ago)
        assert self.press("repair") == [
            "Repair: 1 message freed; 2 messages processed; 1 promise made due;"
            " 1 activity announced; 1 broadcast closed."
        ]
        assert not InboxMessage.objects.filter(processed_at=None).exists()
        held_up.refresh_from_db()
        assert held_up.due_at is not None
        assert held_up.due_at <= timezone.now()
        assert set(self.published()) == {"webhooks.tasks.sweep", "subscriptions.tasks.sweep"}
        assert self.press("repair") == ["Repair found nothing to do."]

    def test_repair_leaves_what_is_being_worked_at(self) -> None:
        now = timezone.now()
        make_message(claim="alive", claimed_at=now, received_at=now - timedelta(seconds=20))
        assert self.press("repair") == ["Repair found nothing to do."]
        assert InboxMessage.objects.get().claim == "alive"


class ProcessAgainTests(TestCase):
    def setUp(self) -> None:
        publishing = mock.patch(PUBLISH)
        publishing.start()
        self.addCleanup(publishing.stop)

    def test_it_is_taken_up_as_if_it_had_just_come(self) -> None:
        message = make_message(
            processed_at=timezone.now(), claim="x", attempts=6, problem="BadMessage: no id"
        )
        assert process_again(pks=[message.pk]).taken_up == 1
        message.refresh_from_db()
        assert (message.processed_at, message.claim, message.claimed_at) == (None, "", None)
        assert (message.attempts, message.problem) == (0, "")
        # Twice at once: it waits already.
        assert process_again(pks=[message.pk]).taken_up == 0

    def test_what_was_recorded_is_not_recorded_twice(self) -> None:
        streamer = make_streamer(twitch_id="1337")
        message = make_message(
            body=online_body(), received_at=timezone.now() - timedelta(minutes=1)
        )
        for _ in range(2):
            assert sweeping.sweep() == 1
            assert process_again(pks=[message.pk]).taken_up == 1
        assert streamer.activity_set.filter(kind="online").count() == 1

    def test_a_private_one_while_its_body_is_there(self) -> None:
        now = timezone.now()
        private = {"is_private": True, "processed_at": now}
        there = make_message(body=b"encrypted", blank_at=now, **private)
        blanked = make_message(body=b"", **private)
        done = process_again(pks=[there.pk, blanked.pk])
        assert (done.taken_up, done.blanked) == (1, 1)
        there.refresh_from_db()
        blanked.refresh_from_db()
        assert (there.processed_at, there.blank_at) == (None, None)
        assert blanked.processed_at is not None

    def test_what_a_process_works_at_is_left_to_it(self) -> None:
        message = make_message(claim="alive", claimed_at=timezone.now())
        assert process_again(pks=[message.pk]).taken_up == 0
        message.refresh_from_db()
        assert message.claim == "alive"
