"""The subscription types of EventSub: what each must name and which consent it needs."""

from __future__ import annotations

from dataclasses import dataclass

BROADCASTER = "broadcaster_user_id"
MODERATOR = "moderator_user_id"
USER = "user_id"
FROM = "from_broadcaster_user_id"
TO = "to_broadcaster_user_id"
CLIENT = "client_id"


@dataclass(frozen=True)
class SubscriptionType:
    """One type in one version.

    `needs` are the keys its condition must hold, `one_of` a group of which exactly one must
    be there, `may` those it may hold. `consent` is the key naming whose grant counts, and
    `scopes` the scopes of which any one will do; a type without scopes needs no consent.
    Of each group of `besides` one is needed too.
    """

    name: str
    version: str
    needs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    consent: str = ""
    scopes: tuple[str, ...] = ()
    besides: tuple[tuple[str, ...], ...] = ()

    def allowed_by(self, granted: frozenset[str]) -> bool:
        """Whether these scopes are consent enough."""
        return all(granted.intersection(group) for group in (self.scopes, *self.besides))

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key the condition may hold."""
        return self.needs + self.one_of + self.may


def _broadcaster(names: str, version: str, *scopes: str) -> list[SubscriptionType]:
    return [
        SubscriptionType(name, version, (BROADCASTER,), consent=BROADCASTER, scopes=scopes)
        for name in names.split()
    ]


def _moderator(names: str, version: str, *scopes: str) -> list[SubscriptionType]:
    needs = (BROADCASTER, MODERATOR)
    return [
        SubscriptionType(name, version, needs, consent=MODERATOR, scopes=scopes)
        for name in names.split()
    ]


def _reader(names: str) -> list[SubscriptionType]:
    needs = (BROADCASTER, USER)
    return [
        SubscriptionType(name, "1", needs, consent=USER, scopes=("user:read:chat",))
        for name in names.split()
    ]


def _read_or_manage(what: str) -> tuple[str, ...]:
    return f"moderator:read:{what}", f"moderator:manage:{what}"


_ALL: list[SubscriptionType] = [
    SubscriptionType("stream.online", "1", (BROADCASTER,)),
    SubscriptionType("stream.offline", "1", (BROADCASTER,)),
    SubscriptionType("channel.update", "2", (BROADCASTER,)),
    SubscriptionType("channel.raid", "1", one_of=(FROM, TO)),
    SubscriptionType("user.update", "1", (USER,)),
    SubscriptionType("channel.shared_chat.begin", "1", (BROADCASTER,)),
    SubscriptionType("channel.shared_chat.update", "1", (BROADCASTER,)),
    SubscriptionType("channel.shared_chat.end", "1", (BROADCASTER,)),
    SubscriptionType("user.authorization.grant", "1", (CLIENT,)),
    SubscriptionType("user.authorization.revoke", "1", (CLIENT,)),
    SubscriptionType("conduit.shard.disabled", "1", (CLIENT,), may=("conduit_id",)),
    SubscriptionType(
        "user.whisper.message",
        "1",
        (USER,),
        consent=USER,
        scopes=("user:read:whispers", "user:manage:whispers"),
    ),
    *_moderator("channel.follow", "2", "moderator:read:followers"),
    SubscriptionType(
        "channel.moderate",
        "2",
        (BROADCASTER, MODERATOR),
        consent=MODERATOR,
        scopes=_read_or_manage("blocked_terms"),
        besides=(
            _read_or_manage("chat_settings"),
            _read_or_manage("unban_requests"),
            _read_or_manage("banned_users"),
            _read_or_manage("chat_messages"),
            _read_or_manage("warnings"),
            ("moderator:read:moderators",),
            ("moderator:read:vips",),
        ),
    ),
    *_moderator("automod.message.hold automod.message.update", "2", "moderator:manage:automod"),
    *_moderator(
        "channel.suspicious_user.message channel.suspicious_user.update",
        "1",
        "moderator:read:suspicious_users",
    ),
    *_moderator("automod.settings.update", "1", "moderator:read:automod_settings"),
    *_moderator("automod.terms.update", "1", "moderator:manage:automod"),
    *_moderator(
        "channel.shield_mode.begin channel.shield_mode.end",
        "1",
        *_read_or_manage("shield_mode"),
    ),
    *_moderator(
        "channel.unban_request.create channel.unban_request.resolve",
        "1",
        *_read_or_manage("unban_requests"),
    ),
    *_moderator(
        "channel.warning.send channel.warning.acknowledge", "1", *_read_or_manage("warnings")
    ),
    *_moderator(
        "channel.shoutout.create channel.shoutout.receive", "1", "moderator:read:shoutouts"
    ),
    *_broadcaster(
        "channel.subscribe channel.subscription.end channel.subscription.gift"
        " channel.subscription.message",
        "1",
        "channel:read:subscriptions",
    ),
    *_broadcaster("channel.cheer channel.bits.use", "1", "bits:read"),
    *_broadcaster("channel.ad_break.begin", "1", "channel:read:ads", "channel:manage:ads"),
    *_broadcaster(
        "channel.poll.begin channel.poll.progress channel.poll.end",
        "1",
        "channel:read:polls",
        "channel:manage:polls",
    ),
    *_broadcaster(
        "channel.prediction.begin channel.prediction.progress channel.prediction.lock"
        " channel.prediction.end",
        "1",
        "channel:read:predictions",
        "channel:manage:predictions",
    ),
    *_broadcaster(
        "channel.hype_train.begin channel.hype_train.progress channel.hype_train.end",
        "2",
        "channel:read:hype_train",
    ),
    *_broadcaster(
        "channel.goal.begin channel.goal.progress channel.goal.end", "1", "channel:read:goals"
    ),
    *_broadcaster(
        "channel.charity_campaign.donate channel.charity_campaign.start"
        " channel.charity_campaign.progress channel.charity_campaign.stop",
        "1",
        "channel:read:charity",
    ),
    *_broadcaster(
        "channel.vip.add channel.vip.remove", "1", "channel:read:vips", "channel:manage:vips"
    ),
    *_broadcaster("channel.moderator.add channel.moderator.remove", "1", "moderation:read"),
    *_broadcaster("channel.ban channel.unban", "1", "channel:moderate"),
    *_broadcaster(
        "channel.channel_points_automatic_reward_redemption.add",
        "2",
        "channel:read:redemptions",
        "channel:manage:redemptions",
    ),
    *[
        SubscriptionType(
            f"channel.channel_points_custom_reward_redemption.{what}",
            "1",
            (BROADCASTER,),
            may=("reward_id",),
            consent=BROADCASTER,
            scopes=("channel:read:redemptions", "channel:manage:redemptions"),
        )
        for what in ("add", "update")
    ],
    *_reader(
        "channel.chat.message channel.chat.notification channel.chat.clear"
        " channel.chat.message_delete channel.chat.clear_user_messages"
        " channel.chat.user_message_hold channel.chat.user_message_update"
        " channel.chat_settings.update"
    ),
]
# Told to the application itself, so by callback only.
NOT_OVER_WEBSOCKET = ("user.authorization.grant", "user.authorization.revoke")
TYPES = {(kind.name, kind.version): kind for kind in _ALL}


def subject_of(condition: dict[str, str]) -> str:
    """`key:id` of the one whose doings the condition asks for."""
    for key in (BROADCASTER, FROM, TO, USER, CLIENT):
        if condition.get(key):
            return f"{key}:{condition[key]}"
    return ""
