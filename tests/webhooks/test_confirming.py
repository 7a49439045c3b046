from __future__ import annotations

import threading
import time
from collections.abc import Callable
from unittest import TestCase
from unittest.mock import patch

from django.test import TransactionTestCase

from streamwatch.twitch.errors import TwitchUnavailable
from webhooks import confirming
from webhooks.confirming import Confirmer, subject_of


class Readings:
    """Stands for `confirm`: notes who was read and when, and says what it is told to say."""

    def __init__(self, *results: bool | Exception) -> None:
        self.results = list(results)
        self.read: list[tuple[str, float]] = []
        self._changed = threading.Condition()

    def __call__(self, *, subject_id: str, twitch: object) -> bool:
        assert twitch is not None
        with self._changed:
            self.read.append((subject_id, time.monotonic()))
            result = self.results.pop(0) if self.results else False
            self._changed.notify_all()
        if isinstance(result, Exception):
            raise result
        return result

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.read) >= count, 10)


class SubjectTests(TestCase):
    def test_is_whoever_the_condition_names(self) -> None:
        assert subject_of({"broadcaster_user_id": "1337"}) == "1337"
        assert subject_of({"user_id": "7"}) == "7"
        assert subject_of({"broadcaster_user_id": "1", "moderator_user_id": "2"}) == "1"
        raid = {"from_broadcaster_user_id": "", "to_broadcaster_user_id": "9"}
        assert subject_of(raid) == "9"
        assert subject_of({"from_broadcaster_user_id": "8", "to_broadcaster_user_id": ""}) == "8"
        assert subject_of({}) == ""
        assert subject_of({"client_id": "crq72vsaoijkc83xx42hz6i37"}) == "application"


class ConfirmerTests(TransactionTestCase):
    """With a hundredth of the real times."""

    def setUp(self) -> None:
        assert confirming.SECONDS == (1.0, 2.0, 5.0, 15.0)
        self._patch("SECONDS", (0.01, 0.02, 0.05, 0.15))
        self.confirmer = Confirmer()
        self.confirmer.start()
        self.addCleanup(self.confirmer.stop)

    def _patch(self, name: str, value: object) -> None:
        patched = patch.object(confirming, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    def readings(self, *results: bool | Exception) -> Readings:
        readings = Readings(*results)
        self._patch("confirm", readings)
        return readings

    def _until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def test_reads_after_1_2_5_and_15_s_while_something_is_pending(self) -> None:
        readings = self.readings()
        began = time.monotonic()
        self.confirmer.note("1337")
        readings.wait_for(4)
        for (subject, at), seconds in zip(readings.read, confirming.SECONDS, strict=True):
            assert subject == "1337"
            assert at - began >= seconds
        self._until(lambda: not self.confirmer._challenged_at and not self.confirmer._due)
        assert len(readings.read) == 4

    def test_reads_no_more_when_nothing_is_pending(self) -> None:
        readings = self.readings(False, True)
        self.confirmer.note("1337")
        self._until(lambda: not self.confirmer._due)
        assert len(readings.read) == 2
        assert not self.confirmer._challenged_at

    def test_challenges_for_the_same_streamer_are_one_reading(self) -> None:
        self._patch("SECONDS", (0.3, 0.31, 0.32, 0.33))
        readings = self.readings(True, True)
        for subject in ("1", "1", "1", "2", "1", "2"):
            self.confirmer.note(subject)
        # Four readings ahead for each: more challenges neither add to them nor put them off.
        assert len(self.confirmer._due) == 2 * 4
        self._until(lambda: not self.confirmer._due)
        assert [subject for subject, _ in readings.read] == ["1", "2"]

    def test_a_later_challenge_begins_anew(self) -> None:
        readings = self.readings(True)
        self.confirmer.note("1")
        readings.wait_for(1)
        self._until(lambda: not self.confirmer._challenged_at)
        self.confirmer.note("1")
        readings.wait_for(5)

    def test_goes_on_after_twitch_was_away_and_after_any_error(self) -> None:
        readings = self.readings(TwitchUnavailable("timed out"), ZeroDivisionError("x"))
        with self.assertLogs("webhooks.confirming", "WARNING") as logs:
            self.confirmer.note("1337")
            readings.wait_for(4)
        assert [record.levelname for record in logs.records] == ["WARNING", "ERROR"]

    def test_nobody_in_the_condition_is_nothing_to_read(self) -> None:
        readings = self.readings()
        self.confirmer.note("")
        self.confirmer.note("1")
        readings.wait_for(1)
        assert readings.read[0][0] == "1"

    def test_more_than_it_can_remember_is_left_to_the_sweep(self) -> None:
        self._patch("SECONDS", (100.0, 100.0, 100.0, 100.0))
        self._patch("MOST_SUBJECTS", 3)
        for number in range(5):
            self.confirmer.note(str(number))
        assert list(self.confirmer._challenged_at) == ["0", "1", "2"]

    def test_ends_at_once_and_can_begin_again(self) -> None:
        self._patch("SECONDS", (100.0, 200.0, 500.0, 1500.0))
        self.confirmer.note("1")
        self.confirmer.stop()
        self.confirmer.stop()
        assert not [one for one in threading.enumerate() if one.name == "confirmer"]
        self._patch("SECONDS", (0.01, 0.02, 0.05, 0.15))
        readings = self.readings(True)
        self.confirmer.start()
        self.confirmer.start()
        self.confirmer.note("2")
        readings.wait_for(1)
        assert readings.read[0][0] == "2"
