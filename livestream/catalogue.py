"""Every topic there is: those of the retired PubSub, documented or not, and EventSub's types.

Source of the old ones: third-party copies of Twitch's table, and what clients listened on. Which
of EventSub's types says the same is our reading where Twitch's guide, now gone, did not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from livestream.event_types import APPLICATION_ONLY, TYPES, Names

Spelling = Literal["pubsub", "eventsub"]
# What an id in a topic is: the viewer's own, or that of any channel.
VIEWER: Final = "viewer"
CHANNEL: Final = "channel"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of topic: `<word>.<an id for each of whose>`.

    `types` are EventSub's behind it, none for a dead one; `scopes` the narrowest that all of
    them need, `cost` what they cost at most. `nearest` is the word that says something like it.
    """

    word: str
    spelling: Spelling
    what: str
    whose: tuple[str, ...] = (CHANNEL,)
    types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    cost: int = 0
    nearest: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether nothing of the kind is told by Twitch any more."""
        return not self.types

    @property
    def pattern(self) -> str:
        """How it is written, e.g. `automod-queue.<viewer>.<channel>`."""
        return ".".join((self.word, *(f"<{one}>" for one in self.whose)))


def _living(
    spelling: Spelling, word: str, what: str, types: str, whose: tuple[str, ...] | None = None
) -> Kind:
    found = [TYPES[name] for name in types.split()]
    is_own = any(one.names in (Names.OWN_CHANNEL, Names.OWN_ACCOUNT) for one in found)
    return Kind(
        word=word,
        spelling=spelling,
        what=what,
        whose=whose or ((VIEWER,) if is_own else (CHANNEL,)),
        types=tuple(one.name for one in found),
        scopes=tuple(dict.fromkeys(scope for one in found for scope in one.scopes)),
        # The old `raid` told only who was raided.
        cost=sum(min(one.cost, 1) if spelling == "pubsub" else one.cost for one in found),
    )


def _old(word: str, what: str, types: str, whose: tuple[str, ...] | None = None) -> Kind:
    return _living("pubsub", word, what, types, whose)


def _dead(nearest: str, **words: str) -> Iterator[Kind]:
    for word, what in words.items():
        yield Kind(word=word.replace("_", "-"), spelling="pubsub", what=what, nearest=nearest)


BOTH: Final = (VIEWER, CHANNEL)
_POINTS: Final = (
    "channel.channel_points_custom_reward_redemption.add"
    " channel.channel_points_custom_reward_redemption.update"
    " channel.channel_points_automatic_reward_redemption.add"
)
_HYPE: Final = "channel.hype_train.begin channel.hype_train.progress channel.hype_train.end"
_PLAYBACK: Final = "stream.online stream.offline"
_HELD: Final = "channel.chat.user_message_hold channel.chat.user_message_update"

DOCUMENTED: Final = (
    _old("whispers", "Whispers to you", "user.whisper.message"),
    _old("channel-bits-events-v1", "Bits in your channel", "channel.cheer"),
    _old("channel-bits-events-v2", "Bits in your channel", "channel.cheer"),
    _old("channel-bits-badge-unlocks", "New bits badges", "channel.chat.notification"),
    _old("channel-points-channel-v1", "Channel points redeemed in your channel", _POINTS),
    _old(
        "channel-subscribe-events-v1",
        "Paid subs of your channel",
        "channel.subscribe channel.subscription.gift channel.subscription.message",
    ),
    _old(
        "automod-queue",
        "Messages that AutoMod holds back",
        "automod.message.hold automod.message.update",
        BOTH,
    ),
    _old("chat_moderator_actions", "What moderators do", "channel.moderate", BOTH),
    _old(
        "low-trust-users",
        "What suspicious people write, and who becomes one",
        "channel.suspicious_user.message channel.suspicious_user.update",
        BOTH,
    ),
    _old("user-moderation-notifications", "Your own messages held back", _HELD, BOTH),
)

UNDOCUMENTED: Final = (
    _old("video-playback", "A stream begins or ends, by the channel's login", _PLAYBACK),
    _old("video-playback-by-id", "A stream begins or ends", _PLAYBACK),
    _old("broadcast-settings-update", "Title or category change", "channel.update"),
    _old("stream-change-by-channel", "Title or category change", "channel.update"),
    _old("following", "Somebody follows the channel", "channel.follow"),
    _old("raid", "The channel raids another", "channel.raid"),
    _old("hype-train-events-v1", "Hype trains in your channel", _HYPE),
    _old("hype-train-events-v2", "Hype trains in your channel", _HYPE),
    _old(
        "polls",
        "Polls in your channel",
        "channel.poll.begin channel.poll.progress channel.poll.end",
    ),
    _old(
        "predictions-channel-v1",
        "Predictions in your channel",
        "channel.prediction.begin channel.prediction.progress channel.prediction.lock"
        " channel.prediction.end",
    ),
    _old(
        "creator-goals-events-v1",
        "Goals of your channel",
        "channel.goal.begin channel.goal.progress channel.goal.end",
    ),
    _old("channel-sub-gifts-v1", "Paid subs given away", "channel.subscription.gift"),
    _old("community-points-channel-v1", "Channel points redeemed in your channel", _POINTS),
    _old(
        "shoutout",
        "Shoutouts given and received",
        "channel.shoutout.create channel.shoutout.receive",
    ),
    _old(
        "shield-mode",
        "Shield mode is switched on or off",
        "channel.shield_mode.begin channel.shield_mode.end",
        BOTH,
    ),
    _old(
        "channel-unban-requests",
        "People who ask to be unbanned",
        "channel.unban_request.create channel.unban_request.resolve",
        BOTH,
    ),
    _old(
        "charity-campaign-donation-events-v1",
        "Donations to your charity campaign",
        "channel.charity_campaign.donate",
    ),
    _old("ads", "Ad breaks in your channel", "channel.ad_break.begin"),
    _old("ads-manager", "Ad breaks in your channel", "channel.ad_break.begin", (VIEWER, VIEWER)),
    _old(
        "shared-chat-channel-v1",
        "Shared chats of the channel",
        "channel.shared_chat.begin channel.shared_chat.update channel.shared_chat.end",
    ),
    _old(
        "automod-levels-modification", "AutoMod's settings change", "automod.settings.update", BOTH
    ),
)

DEAD: Final = (
    *_dead(
        "whispers",
        presence="Who of your friends is there",
        friendship="Friends found and lost",
        onsite_notifications="The bell of Twitch's own pages",
        chatrooms_user_v1="Rooms that you were in",
        user_properties_update="Your own settings",
        user_image_update="Your own picture",
    ),
    *_dead(
        "channel-bits-events-v2",
        leaderboard_events_v1="Who cheered or gave most",
        celebration_events_v1="Celebrations on the screen",
        channel_cheer_events_public_v1="Bits in any channel",
        channel_bit_events_public="Bits in any channel",
        user_bits_updates_v1="The bits that you own",
    ),
    *_dead(
        "channel.chat.message",
        pinned_chat_updates_v1="Pinned messages",
        channel_chat_highlights="Messages that Twitch finds remarkable",
        stream_chat_room_v1="Rooms and hosting",
        chatrooms_channel_v1="Rooms of a channel",
        crowd_chant_channel_v1="Crowd chants",
    ),
    *_dead(
        "channel-subscribe-events-v1",
        dashboard_activity_feed="What the dashboard of Twitch showed",
        channel_commerce_events_v1="What was bought in a channel",
        user_subscribe_events_v1="Paid subs that you took out",
        channel_prime_gifting_status="Prime gifts",
    ),
    *_dead("channel-points-channel-v1", community_points_user_v1="The points that you have"),
    *_dead("predictions-channel-v1", predictions_user_v1="What you predicted"),
    *_dead("channel-unban-requests", user_unban_requests="Your own requests to be unbanned"),
    *_dead("following", follows="Whom you follow"),
    *_dead("hype-train-events-v2", community_boost_events_v1="Boosts of a channel"),
    *_dead("ads", ad_property_refresh="What ads a channel shows"),
    *_dead(
        "video-playback-by-id",
        radio_events_v1="The music that was played",
        pv_watch_party_events="Watch parties",
        channel_squad_updates="Squad streams",
        channel_ext_v1="Extensions",
        extension_control="Extensions",
        channel_bounty_board_events="Bounties",
        channel_drop_events="Drops",
        user_drop_events="Drops for you",
        user_campaign_events="Campaigns for you",
    ),
    *(
        Kind(
            word=name,
            spelling="eventsub",
            what="Twitch tells it to applications alone",
            nearest="user.update" if name.startswith("user.") else "stream.online",
        )
        for name in APPLICATION_ONLY
    ),
)

KINDS: Final[tuple[Kind, ...]] = (
    *DOCUMENTED,
    *UNDOCUMENTED,
    *(_living("eventsub", one.name, one.what, one.name) for one in TYPES.values()),
    *DEAD,
)
