from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.drafts import ChannelState, Followed, Named, Person, Raid, WentLive, WentOffline
from activity.models import Activity
from streamwatch.twitch.errors import BadMessage
from webhooks.translate import translate

PUSH = Activity.Source.PUSH
SENT_AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
COOL = Person(twitch_id="1337", login="cool_user", display_name="Cool_User")
NAMED = Named(person=COOL, as_of=SENT_AT, source=PUSH)
BROADCASTER = {
    "broadcaster_user_id": "1337",
    "broadcaster_user_login": "cool_user",
    "broadcaster_user_name": "Cool_User",
}
ONLINE = {"id": "9001", **BROADCASTER, "type": "live", "started_at": "2026-11-24T14:58:12.123Z"}
UPDATE = {
    **BROADCASTER,
    "title": "Best Stream Ever",
    "language": "en",
    "category_id": "12453",
    "category_name": "Grand Theft Auto",
    "content_classification_labels": ["MatureGame"],
}
RAID = {
    "from_broadcaster_user_id": "1234",
    "from_broadcaster_user_login": "raider",
    "from_broadcaster_user_name": "Raider",
    "to_broadcaster_user_id": "1337",
    "to_broadcaster_user_login": "cool_user",
    "to_broadcaster_user_name": "Cool_User",
    "viewers": 9001,
}
FOLLOW = {
    "user_id": "1234",
    "user_login": "fan",
    "user_name": "Fan",
    **BROADCASTER,
    "followed_at": "2026-11-24T14:59:58.163246719Z",
}
USER = {
    "user_id": "1337",
    "user_login": "cool_user",
    "user_name": "Cool_User",
    "email": "user@email.com",
    "email_verified": True,
    "description": "cool description",
}


class TestTable:
    """Each type as TWITCH.md section 3.5 has it."""

    def test_stream_online_is_as_of_its_beginning(self) -> None:
        began = datetime(2026, 11, 24, 14, 58, 12, 123000, tzinfo=UTC)
        assert translate("stream.online", ONLINE, SENT_AT) == [
            WentLive(
                twitch_id="1337", stream_id="9001", started_at=began, as_of=began, source=PUSH
            ),
            Named(person=COOL, as_of=began, source=PUSH),
        ]

    @pytest.mark.parametrize("kind", ["live", "playlist", "watch_party", "premiere", "rerun", None])
    def test_whatever_is_on_the_air_is_live(self, kind: str | None) -> None:
        drafts = translate("stream.online", {**ONLINE, "type": kind}, SENT_AT)
        assert isinstance(drafts[0], WentLive)

    @pytest.mark.parametrize("started_at", [None, "", "yesterday", 5, "2027-01-01T00:00:00Z"])
    def test_a_beginning_that_cannot_be_is_the_signed_time(self, started_at: object) -> None:
        drafts = translate("stream.online", {**ONLINE, "started_at": started_at}, SENT_AT)
        assert isinstance(drafts[0], WentLive)
        assert drafts[0].started_at == drafts[0].as_of == SENT_AT

    def test_stream_offline_with_the_streams_id(self) -> None:
        assert translate("stream.offline", {"id": "9001", **BROADCASTER}, SENT_AT) == [
            WentOffline(twitch_id="1337", stream_id="9001", as_of=SENT_AT, source=PUSH),
            NAMED,
        ]

    def test_stream_offline_without_it(self) -> None:
        for event in (BROADCASTER, {"id": None, **BROADCASTER}, {"id": "", **BROADCASTER}):
            assert translate("stream.offline", event, SENT_AT) == [
                WentOffline(twitch_id="1337", stream_id="", as_of=SENT_AT, source=PUSH),
                NAMED,
            ]

    def test_channel_update(self) -> None:
        assert translate("channel.update", UPDATE, SENT_AT) == [
            ChannelState(
                twitch_id="1337",
                title="Best Stream Ever",
                category_id="12453",
                category_name="Grand Theft Auto",
                as_of=SENT_AT,
                source=PUSH,
            ),
            NAMED,
        ]

    def test_channel_update_to_nothing(self) -> None:
        empty = {**UPDATE, "title": "", "category_id": "", "category_name": ""}
        (state, _) = translate("channel.update", empty, SENT_AT)
        assert isinstance(state, ChannelState)
        assert (state.title, state.category_id, state.category_name) == ("", "", "")

    def test_channel_raid_names_both_sides(self) -> None:
        raider = Person(twitch_id="1234", login="raider", display_name="Raider")
        assert translate("channel.raid", RAID, SENT_AT) == [
            Raid(raider=raider, target=COOL, viewers=9001, as_of=SENT_AT, source=PUSH),
            Named(person=raider, as_of=SENT_AT, source=PUSH),
            NAMED,
        ]

    @pytest.mark.parametrize(
        ("viewers", "counted"), [(None, 0), ("12", 0), (True, 0), (-5, 0), (1.5, 0), (7, 7)]
    )
    def test_odd_numbers_of_viewers_leave_the_raid(self, viewers: object, counted: int) -> None:
        raid = translate("channel.raid", {**RAID, "viewers": viewers}, SENT_AT)[0]
        assert isinstance(raid, Raid)
        assert raid.viewers == counted

    def test_an_absurd_number_of_viewers_is_one_a_database_keeps(self) -> None:
        raid = translate("channel.raid", {**RAID, "viewers": 10**4000}, SENT_AT)[0]
        assert isinstance(raid, Raid)
        assert raid.viewers == 10_000_000_000

    def test_channel_follow_names_both_sides(self) -> None:
        fan = Person(twitch_id="1234", login="fan", display_name="Fan")
        moment = datetime(2026, 11, 24, 14, 59, 58, 163246, tzinfo=UTC)
        assert translate("channel.follow", FOLLOW, SENT_AT) == [
            Followed(follower=fan, followed=COOL, followed_at=moment, as_of=moment, source=PUSH),
            Named(person=fan, as_of=moment, source=PUSH),
            Named(person=COOL, as_of=moment, source=PUSH),
        ]

    @pytest.mark.parametrize("followed_at", [None, "", "today", 5, "2027-01-01T00:00:00Z"])
    def test_a_follow_that_cannot_be_is_as_of_the_signed_time(self, followed_at: object) -> None:
        drafts = translate("channel.follow", {**FOLLOW, "followed_at": followed_at}, SENT_AT)
        assert isinstance(drafts[0], Followed)
        assert drafts[0].followed_at == drafts[0].as_of == SENT_AT

    def test_a_follower_without_names_is_one_all_the_same(self) -> None:
        nameless = {**FOLLOW, "user_login": None, "user_name": None}
        followed, named = translate("channel.follow", nameless, SENT_AT)
        assert isinstance(followed, Followed)
        assert followed.follower == Person(twitch_id="1234", login="", display_name="")
        assert isinstance(named, Named)
        assert named.person == COOL

    def test_user_update_is_the_name_alone(self) -> None:
        drafts = translate("user.update", USER, SENT_AT)
        assert drafts == [NAMED]
        assert "email.com" not in repr(drafts)

    def test_other_types_say_nothing(self) -> None:
        for name in ("channel.cheer", "user.whisper.message", "", "stream.online ", "constructor"):
            assert translate(name, ONLINE, SENT_AT) == []


class TestOddities:
    def test_an_empty_login_is_no_new_name(self) -> None:
        odd: list[object] = ["", None, 5, []]
        for login in odd:
            event = {**BROADCASTER, "broadcaster_user_login": login}
            drafts = translate("stream.offline", event, SENT_AT)
            assert [type(draft) for draft in drafts] == [WentOffline]

    def test_a_missing_display_name_is_no_new_name(self) -> None:
        for name in ("", None, 5):
            (named,) = translate("user.update", {**USER, "user_name": name}, SENT_AT)
            assert isinstance(named, Named)
            assert named.person.display_name == ""

    @pytest.mark.parametrize(
        ("type_name", "event", "field"),
        [
            ("stream.online", ONLINE, "id"),
            ("stream.online", ONLINE, "broadcaster_user_id"),
            ("stream.offline", BROADCASTER, "broadcaster_user_id"),
            ("channel.update", UPDATE, "broadcaster_user_id"),
            ("channel.update", UPDATE, "title"),
            ("channel.update", UPDATE, "category_id"),
            ("channel.update", UPDATE, "category_name"),
            ("channel.raid", RAID, "from_broadcaster_user_id"),
            ("channel.raid", RAID, "to_broadcaster_user_id"),
            ("user.update", USER, "user_id"),
            ("channel.follow", FOLLOW, "user_id"),
            ("channel.follow", FOLLOW, "broadcaster_user_id"),
        ],
    )
    def test_what_makes_it_useless_is_said(
        self, type_name: str, event: dict[str, Any], field: str
    ) -> None:
        odds: list[object] = [None, 5, True, [], {}]
        for odd in odds:
            with pytest.raises(BadMessage, match=rf"^{field} is no (id|text)$"):
                translate(type_name, {**event, field: odd}, SENT_AT)
        with pytest.raises(BadMessage):
            translate(type_name, {k: v for k, v in event.items() if k != field}, SENT_AT)

    def test_ids_are_ids(self) -> None:
        for odd in ("", " ", "1 2", "1\x00", "é", "<b>", "\ud83d"):
            with pytest.raises(BadMessage):
                translate("stream.online", {**ONLINE, "id": odd}, SENT_AT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
TYPES = (
    *("stream.online", "stream.offline", "channel.update"),
    *("channel.raid", "user.update", "channel.follow"),
)


@given(
    type_name=st.sampled_from(TYPES),
    changes=st.dictionaries(
        st.sampled_from([*ONLINE, *UPDATE, *RAID, *USER, *FOLLOW]), json_values, max_size=4
    ),
    late=st.timedeltas(timedelta(0), timedelta(days=1)),
)
def test_whatever_a_message_says_it_is_drafts_or_a_bad_message(
    type_name: str, changes: dict[str, Any], late: timedelta
) -> None:
    event = json.loads(json.dumps({**ONLINE, **UPDATE, **RAID, **USER, **FOLLOW, **changes}))
    try:
        drafts = translate(type_name, event, SENT_AT + late)
    except BadMessage:
        return
    assert all(draft.as_of <= SENT_AT + late for draft in drafts)
