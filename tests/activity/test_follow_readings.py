"""What Twitch says about who follows whom, compared with what was taken in before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.test import SimpleTestCase
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.drafts import Followed, FollowersCounted, Person
from activity.follow_readings import (
    FollowerTotal,
    Listed,
    TotalsRead,
    first_cursor,
    read_down_to,
    read_followed,
    read_totals,
)
from activity.models import FollowerCount
from streamwatch.twitch.payloads import FollowedChannel
from subscriptions.models import Streamer
from tests.activity.saying import ANN, POLL, START, at

DAY = 24 * 3600
PAGE = 100
ann = Streamer(pk=7, twitch_id=ANN, login="ann", display_name="Ann")


def followed(twitch_id: str, second: float | None, **names: str) -> FollowedChannel:
    """An item of Get Followed Channels."""
    shown = {"login": f"user{twitch_id}", "display_name": f"User{twitch_id}", **names}
    return FollowedChannel(twitch_id, followed_at=None if second is None else at(second), **shown)


class TotalsTests(SimpleTestCase):
    def read(self, count: FollowerCount | None, total: int, second: float) -> TotalsRead:
        counts = {} if count is None else {ann.pk: count}
        totals = [FollowerTotal(ANN, total), FollowerTotal("unknown", 3)]
        return read_totals([ann], totals, at(second), counts=counts, pushed=self.pushed)

    def setUp(self) -> None:
        self.pushed: set[str] = set()

    def first(self, total: int = 100) -> FollowerCount:
        (count,) = self.read(None, total, 0).new
        count.pk = 1
        return count

    def test_the_first_total_is_what_is_counted_from(self) -> None:
        result = self.read(None, 100, 0)
        (count,) = result.new
        assert (count.total, count.as_of) == (count.base_total, count.base_at) == (100, START)
        assert result.drafts == []

    def test_before_a_day_is_over_only_the_total_is_kept(self) -> None:
        result = self.read(self.first(), 150, DAY - 1)
        (count,) = result.known
        assert result.drafts == []
        assert (count.total, count.as_of) == (150, at(DAY - 1))
        assert (count.base_total, count.base_at) == (100, START)

    def test_after_a_day_the_difference_is_told_and_counting_begins_anew(self) -> None:
        for total in (412, 88):
            with self.subTest(total=total):
                result = self.read(self.first(), total, DAY)
                assert result.drafts == [
                    FollowersCounted(
                        twitch_id=ANN,
                        gained=total - 100,
                        total=total,
                        since=START,
                        as_of=at(DAY),
                        source=POLL,
                    )
                ]
                (count,) = result.known
                assert (count.base_total, count.base_at) == (total, at(DAY))

    def test_no_difference_is_no_news(self) -> None:
        result = self.read(self.first(), 100, DAY)
        assert result.drafts == []
        assert result.known[0].base_at == at(DAY)

    def test_after_a_kill_the_same_is_said_from_the_same_moment(self) -> None:
        (one,) = self.read(self.first(), 150, DAY).drafts
        # Recorded, but the count was not written.
        (again,) = self.read(self.first(), 151, DAY + 60).drafts
        assert again.since == one.since

    def test_of_whom_each_follower_is_told_nothing_is_counted(self) -> None:
        count = self.first()
        self.pushed = {ANN}
        result = self.read(count, 150, 2 * DAY)
        assert result.drafts == []
        assert result.known == [count]
        assert (count.base_total, count.base_at) == (150, at(2 * DAY))
        # When Twitch tells it no more, only what came since is counted.
        self.pushed = set()
        (draft,) = self.read(count, 157, 3 * DAY).drafts
        assert draft.gained == 7

    def test_an_older_answer_changes_nothing(self) -> None:
        count = self.first()
        count.as_of = at(60)
        assert self.read(count, 99, 60) == TotalsRead()


class FollowedTests(SimpleTestCase):
    """Ann's list was read for the first time at START; the newest was a thousand seconds old."""

    def setUp(self) -> None:
        self.old = [followed("2", -1000), followed("1", -90_000)]
        first = first_cursor(ann, since=at(-999), asked_at=START)
        drafts, self.cursor = read_followed(Listed(ann, first, [self.old]), START)
        assert drafts == []

    def read(self, second: float, *pages: Sequence[FollowedChannel]) -> list[str]:
        """Ids of whom Ann is said to have followed, oldest first."""
        drafts, self.cursor = read_followed(Listed(ann, self.cursor, pages), at(second))
        return [draft.followed.twitch_id for draft in drafts]

    def test_what_was_there_at_first_is_no_news(self) -> None:
        assert self.read(60, self.old) == []
        assert self.cursor.taken == []

    def test_a_follow_is_told_once(self) -> None:
        listed = [followed("3", 30), *self.old]
        drafts, self.cursor = read_followed(Listed(ann, self.cursor, [listed]), at(60))
        assert drafts == [
            Followed(
                follower=Person(twitch_id=ANN, login="ann", display_name="Ann"),
                followed=Person(twitch_id="3", login="user3", display_name="User3"),
                followed_at=at(30),
                as_of=at(60),
                source=POLL,
            )
        ]
        assert self.cursor.newest_at == at(30)
        for second in (60, 120, 100_000):
            assert self.read(second, listed) == []

    def test_they_come_in_the_order_they_happened(self) -> None:
        assert self.read(60, [followed("5", 50), followed("4", 40), followed("3", 30)]) == [
            *("3", "4", "5")
        ]

    def test_one_that_the_list_showed_late_is_told(self) -> None:
        self.read(60, [followed("4", 50), *self.old])
        assert self.read(120, [followed("4", 50), followed("3", -500), *self.old]) == ["3"]

    def test_a_list_that_was_empty_at_first_makes_no_old_follow_news(self) -> None:
        self.cursor = first_cursor(ann, since=START, asked_at=START)
        assert self.read(0, []) == []
        assert self.read(60, [followed("3", 30), *self.old]) == ["3"]

    def test_what_came_since_the_consent_is_news_at_first(self) -> None:
        self.cursor = first_cursor(ann, since=START, asked_at=at(60))
        assert self.read(60, [followed("3", 30), *self.old]) == ["3"]

    def test_not_all_that_came_while_nobody_polled_is_news_at_first(self) -> None:
        self.cursor = first_cursor(ann, since=START, asked_at=at(90_000))
        assert self.read(90_000, [followed("4", 89_000), followed("3", 30)]) == ["4"]

    def test_an_empty_list_later_changes_nothing(self) -> None:
        listed = [followed("3", 30), *self.old]
        self.read(60, listed)
        assert self.read(120, []) == []
        assert self.read(180, listed) == []

    def test_followed_again_is_another_follow(self) -> None:
        self.read(60, [followed("3", 30), *self.old])
        assert self.read(120, [followed("3", 90), *self.old]) == ["3"]

    def test_a_page_that_repeats_says_nothing_twice(self) -> None:
        page = [followed("4", 40), followed("3", 30)]
        assert self.read(60, page, page, self.old) == ["3", "4"]

    def test_what_moved_between_two_pages_is_found_in_the_next_reading(self) -> None:
        hours = 3600
        new = [followed(str(number), number * hours) for number in range(9, 3, -1)]
        # "6" moved from the second page to the first when "9" was unfollowed between the two.
        assert self.read(10 * hours, new[:3], new[4:] + self.old) == ["4", "5", "7", "8", "9"]
        assert self.read(10 * hours + 60, new[1:4], new[4:] + self.old) == ["6"]
        assert self.read(10 * hours + 120, new[1:4], new[4:] + self.old) == []
        assert self.cursor.newest_at == at(8 * hours)

    def test_null_names_and_moments(self) -> None:
        listed = [
            followed("9", None),
            followed("", 50),
            followed("5", 50, login="", display_name=""),
            followed("4", 40, login=""),
            followed("3", 30, display_name=""),
            *self.old,
        ]
        drafts, self.cursor = read_followed(Listed(ann, self.cursor, [listed]), at(60))
        assert [draft.followed for draft in drafts] == [
            Person(twitch_id="3", login="user3", display_name="user3"),
            Person(twitch_id="4", login="User4", display_name="User4"),
        ]
        # Told as soon as it has a name.
        assert self.read(120, [followed("5", 50), *listed[3:]]) == ["5"]

    def test_a_moment_that_is_yet_to_come_hides_nothing(self) -> None:
        self.read(60, [followed("4", 9e8), *self.old])
        assert self.cursor.newest_at == at(60)
        assert self.read(120, [followed("4", 9e8), followed("3", 90), *self.old]) == ["3"]

    def test_what_is_remembered_does_not_grow(self) -> None:
        for hour in range(1, 30):
            self.read(hour * 3600, [followed(str(hour), hour * 3600 - 5), *self.old])
        assert len(self.cursor.taken) == 1


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, str, bool]]:
    """Moments at which Ann follows or unfollows somebody."""
    clock, life = 0, []
    for _ in range(draw(st.integers(0, 12))):
        clock += draw(st.integers(1, 2000))
        life.append((clock, draw(st.sampled_from("abcdefgh")), draw(st.booleans())))
    return life


class FollowedProperties(SimpleTestCase):
    @settings(max_examples=200)
    @given(life=lives(), data=st.data())
    def test_each_follow_that_lasted_is_told_once(
        self, life: list[tuple[int, str, bool]], data: st.DataObject
    ) -> None:
        """Lists lag up to 9 min, pages hold three, and readings come at any distance."""
        self.cursor = first_cursor(ann, since=START, asked_at=START)
        self.told: list[tuple[str, datetime]] = []
        clock, shown = 0, 0
        self.take(self.listed(life, 0), 0)
        while clock < (life[-1][0] if life else 0) + 600:
            clock += data.draw(st.sampled_from([60, 60, 300, 5000]))
            shown = max(shown, clock - data.draw(st.integers(0, 540)))
            self.take(self.listed(life, shown), clock)
        for _ in range(2):
            clock += 60
            self.take(self.listed(life, clock), clock)
        assert len(self.told) == len(set(self.told))
        lasted = {(one.twitch_id, one.followed_at) for one in self.listed(life, clock)}
        assert lasted <= set(self.told)

    def take(self, listed: list[FollowedChannel], clock: int) -> None:
        down_to = read_down_to(self.cursor)
        pages = []
        for start in range(0, max(len(listed), 1), 3):
            pages.append(listed[start : start + 3])
            if any(one.followed_at and one.followed_at < down_to for one in pages[-1]):
                break
        drafts, self.cursor = read_followed(Listed(ann, self.cursor, pages), at(clock))
        self.told += [(draft.followed.twitch_id, draft.followed_at) for draft in drafts]

    def listed(self, life: list[tuple[int, str, bool]], shown: int) -> list[FollowedChannel]:
        """What Ann followed at that second, newest first."""
        now: dict[str, int] = {}
        for moment, who, follows in life:
            if moment > shown:
                break
            if not follows:
                now.pop(who, None)
            elif who not in now:
                now[who] = moment
        newest_first = sorted(now.items(), key=lambda item: -item[1])
        return [followed(who, moment) for who, moment in newest_first]
