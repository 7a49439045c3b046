"""Names of topics: every spelling, whose each is, and what is said where there is none."""

from __future__ import annotations

from contextlib import suppress

import pytest

from livestream.catalogue import CHANNEL, DEAD, DOCUMENTED, KINDS, VIEWER, Kind
from livestream.event_types import TYPES, Names
from livestream.topics import Refusal, Topic, missing, needs, parse
from streamwatch.twitch.eventsub import condition_key

ME, OTHER = "700000001", "700000002"
LOGINS = {"ada": ME, "bob": OTHER, "12345": "700000003", "0012": "700000004"}
LIVING = [kind for kind in KINDS if not kind.is_dead]
ALL_SCOPES = {scope for one in TYPES.values() for group in one.groups for scope in group}
# What names a person in a condition besides the channel; that person has to be the viewer.
PERSONS = ("moderator_user_id", "user_id")


def parsed(text: str) -> Topic:
    return parse(text, resolve=LOGINS.get)


def refused(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parsed(text)
    return caught.value


def named(kind: Kind, *, viewer: str, channel: str) -> Topic:
    ids = tuple(viewer if one == VIEWER else channel for one in kind.whose)
    return parsed(".".join((kind.word, *ids)))


def words_of(kinds: list[Kind]) -> list[str]:
    return [kind.word for kind in kinds]


def test_every_word_is_there_once_and_every_dead_one_names_a_living_one() -> None:
    words = [kind.word for kind in KINDS]
    assert len(words) == len(set(words))
    assert {kind.nearest for kind in DEAD} <= set(words_of(LIVING))
    assert set(TYPES) <= set(words)


@pytest.mark.parametrize("kind", LIVING, ids=words_of(LIVING))
def test_reads_its_own_name_again(kind: Kind) -> None:
    topic = named(kind, viewer=ME, channel=OTHER) if kind.word != "video-playback" else None
    if topic is None:
        assert parsed("video-playback.ada").name == f"video-playback.{ME}"
        return
    assert topic.kind is kind
    assert parsed(topic.name) == topic
    assert needs(topic, viewer_id=ME) != ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("whispers.ada", f"whispers.{ME}"),
        ("  Whispers.ADA \n", f"whispers.{ME}"),
        ("stream.online.bob", f"stream.online.{OTHER}"),
        ("video-playback.12345", "video-playback.700000003"),
        # No id begins with 0, but logins may.
        ("stream.online.0012", "stream.online.700000004"),
        ("video-playback-by-id.12345", "video-playback-by-id.12345"),
        ("automod-queue.ada.bob", f"automod-queue.{ME}.{OTHER}"),
        ("chat_moderator_actions.bob", f"chat_moderator_actions.{OTHER}"),
        ("channel.poll.begin.ada", f"channel.poll.begin.{ME}"),
    ],
)
def test_logins_become_ids(text: str, name: str) -> None:
    assert parsed(text).name == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "A topic looks like whispers.<viewer>"),
        ("x" * 300, "A topic looks like"),
        ("whispers", "This topic is written whispers.<viewer>"),
        ("whispers.", "This topic is written whispers.<viewer>"),
        ("whispers.1.2", "This topic is written whispers.<viewer>"),
        ("whispers.a b", "each an id or a login"),
        ("whispers.<script>", "each an id or a login"),
        ("whispers.\u0664\u0665", "each an id or a login"),
        (f"whispers.0{ME}", f"nobody with the login 0{ME}"),
        ("whispers.\x00", "each an id or a login"),
        ("whispers.nobody", "Twitch knows nobody with the login nobody"),
        ("whisper.1", "The nearest is whispers.<viewer>"),
        ("stream.onlin.ada", "The nearest is stream.online.<channel>"),
        ("channel-bits-events-v3.1", "The nearest is channel-bits-events-v"),
        ("!!", "There is no such topic"),
        ("presence.1", "any more. The nearest topic is whispers.<viewer>"),
        (
            "leaderboard-events-v1.bits-usage-by-channel-v1-1-WEEK",
            "channel-bits-events-v2.<viewer>",
        ),
        ("user.authorization.revoke.1", "applications alone"),
    ],
)
def test_a_refusal_is_a_word_and_a_sentence(text: str, says: str) -> None:
    refusal = refused(text)
    assert refusal.word == "ERR_BADTOPIC"
    assert says in refusal.sentence


@pytest.mark.parametrize("kind", DEAD, ids=words_of(list(DEAD)))
def test_a_dead_one_says_so_and_what_lives(kind: Kind) -> None:
    refusal = refused(f"{kind.word}.{ME}")
    assert refusal.word == "ERR_BADTOPIC"
    assert f"The nearest topic is {kind.nearest}.<" in refusal.sentence


@pytest.mark.parametrize("kind", LIVING, ids=words_of(LIVING))
@pytest.mark.parametrize("viewer", [ME, OTHER])
@pytest.mark.parametrize("channel", [ME, OTHER])
def test_nobody_asks_in_the_name_of_another(kind: Kind, viewer: str, channel: str) -> None:
    """The permit table: every topic, whose id it names, and who asks."""
    if kind.word == "video-playback":
        return
    topic = named(kind, viewer=viewer, channel=channel)
    is_swapped = kind.word == "low-trust-users" and viewer != ME
    if VIEWER in kind.whose and viewer != ME and not is_swapped:
        with pytest.raises(Refusal) as caught:
            needs(topic, viewer_id=ME)
        assert caught.value.word == "ERR_BADAUTH"
        assert ME in caught.value.sentence
        return
    for need in needs(topic, viewer_id=ME):
        persons = [need.condition[name] for name in PERSONS if name in need.condition]
        # Twitch itself asks for the consent of whoever is named there.
        assert persons in ([], [ME])
        if need.scopes and not persons:
            assert list(need.condition.values()) == [ME]
        if TYPES[need.type].names is Names.OWN_ACCOUNT:
            assert need.condition == {"user_id": ME}


def private_keys(viewer: str) -> set[tuple[str, str]]:
    """Types and conditions of all that a viewer may listen on and that needs a consent."""
    found = set()
    for kind in LIVING:
        for person in (ME, OTHER):
            for channel in (ME, OTHER):
                ids = tuple(person if one == VIEWER else channel for one in kind.whose)
                with suppress(Refusal):
                    for need in needs(Topic(kind, ids), viewer_id=viewer):
                        if need.scopes or need.type == "user.update":
                            found.add((need.type, condition_key(need.condition)))
    return found


def test_what_one_hears_by_a_consent_no_other_hears() -> None:
    """Messages are handed out by type and condition: those of two viewers never meet."""
    mine, theirs = private_keys(ME), private_keys(OTHER)
    assert len(mine) == len(theirs) > 80
    assert mine & theirs == set()


def test_who_moderates_may_stand_on_either_side() -> None:
    for text in (f"low-trust-users.{ME}.{OTHER}", f"low-trust-users.{OTHER}.5"):
        need = needs(parsed(text), viewer_id=ME)[0]
        assert need.condition == {"broadcaster_user_id": OTHER, "moderator_user_id": ME}


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("whispers.ada", [("user.whisper.message", "1")]),
        ("channel-bits-events-v2.ada", [("channel.cheer", "1")]),
        ("following.bob", [("channel.follow", "2")]),
        ("broadcast-settings-update.bob", [("channel.update", "2")]),
        ("chat_moderator_actions.ada.bob", [("channel.moderate", "2")]),
        (
            "automod-queue.ada.bob",
            [("automod.message.hold", "2"), ("automod.message.update", "2")],
        ),
        (
            "channel-points-channel-v1.ada",
            [
                ("channel.channel_points_custom_reward_redemption.add", "1"),
                ("channel.channel_points_custom_reward_redemption.update", "1"),
                ("channel.channel_points_automatic_reward_redemption.add", "2"),
            ],
        ),
        ("channel.hype_train.begin.ada", [("channel.hype_train.begin", "2")]),
        ("raid.bob", [("channel.raid", "1")]),
        ("channel.raid.bob", [("channel.raid", "1"), ("channel.raid", "1")]),
    ],
)
def test_needs_types_in_their_version(text: str, types: list[tuple[str, str]]) -> None:
    found = needs(parsed(text), viewer_id=ME)
    assert [(need.type, need.version) for need in found] == types


@pytest.mark.parametrize("kind", LIVING, ids=words_of(LIVING))
def test_costs_what_its_promises_do(kind: Kind) -> None:
    channel = "bob" if kind.word == "video-playback" else OTHER
    topic = parsed(
        ".".join((kind.word, *(ME if one != CHANNEL else channel for one in kind.whose)))
    )
    paying = [need for need in needs(topic, viewer_id=ME) if not need.scopes]
    is_own = kind.word == "user.update"  # Who has logged in has consented.
    assert kind.cost == (0 if is_own else len(paying))


@pytest.mark.parametrize("kind", LIVING, ids=words_of(LIVING))
def test_misses_the_narrowest_scopes_until_they_are_allowed(kind: Kind) -> None:
    if kind.word == "video-playback":
        assert kind.scopes == ()
        return
    topic = named(kind, viewer=ME, channel=OTHER)
    assert missing(topic, viewer_id=ME, scopes=[]) == kind.scopes
    assert missing(topic, viewer_id=ME, scopes=ALL_SCOPES) == ()


def test_a_wider_scope_will_do() -> None:
    topic = parsed("whispers.ada")
    assert missing(topic, viewer_id=ME, scopes=["user:manage:whispers"]) == ()
    topic = parsed("chat_moderator_actions.ada.bob")
    some = {"moderator:manage:warnings", "moderator:read:vips"}
    left = missing(topic, viewer_id=ME, scopes=some)
    assert "moderator:read:warnings" not in left
    assert len(left) == len(topic.kind.scopes) - 2


def test_chat_needs_more_where_the_application_listens() -> None:
    for text, more in (
        ("channel.chat.message.bob", ("user:bot",)),
        ("channel.chat.message.ada", ("user:bot", "channel:bot")),
        ("stream.online.bob", ()),
    ):
        topic = parsed(text)
        plain = missing(topic, viewer_id=ME, scopes=["user:read:chat"])
        assert plain == ()
        found = missing(topic, viewer_id=ME, scopes=["user:read:chat"], over_webhook=True)
        assert found == more


def test_the_documented_ten_are_all_there() -> None:
    assert len(DOCUMENTED) == 10
