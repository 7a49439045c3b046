"""What went wrong at Twitch, as plain sentences for people.

Those of a subscription's row stand behind its icon and end without a full stop; those beside a
field are whole sentences that say what to do.
"""

from __future__ import annotations

from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)
from streamwatch.twitch.eventsub import Status

NO_ADDRESS = "Twitch needs a public https address (PUBLIC_URL)"
NO_ANSWER = "Twitch gives no answer; StreamWatch keeps trying"
NO_BUDGET = "Twitch allows no more subscriptions: its budget for StreamWatch is used up"
BUDGET_USED_UP = "Twitch's budget is used up"
POLLED = f"{BUDGET_USED_UP}: checked by polling"
NO_MORE_ALIKE = "Twitch allows no more than three subscriptions to the same messages"
NO_CONSENT = "Twitch does not allow it: the consent for it is missing"
NO_MODERATOR = "Somebody else allowed it, but does not moderate this channel"
NO_CLIENT = "Twitch does not accept StreamWatch's client id and secret (TWITCH_CLIENT_ID)"
ELSEWHERE = "Twitch sends these messages to another address of StreamWatch's client id"
LONGEST = 300  # of the column

ENDINGS = {
    Status.FAILURES_EXCEEDED: "Twitch gave up: StreamWatch did not answer its messages in time",
    Status.AUTHORIZATION_REVOKED: "The consent at Twitch was withdrawn",
    Status.MODERATOR_REMOVED: "Who allowed it does not moderate this channel any more",
    Status.USER_REMOVED: "The channel is gone from Twitch",
    Status.VERSION_REMOVED: "Twitch no longer sends these messages in the form StreamWatch knows",
}


def is_refusal(trouble: str) -> bool:
    """Whether Twitch finds that nobody allows it, or nobody who may."""
    ended = (ENDINGS[Status.AUTHORIZATION_REVOKED], ENDINGS[Status.MODERATOR_REMOVED])
    return trouble in (NO_CONSENT, NO_MODERATOR, *ended)


def of_status(status: str, *, callback: str) -> str:
    """Why Twitch ended a promise to send to `callback`, whose status is none of the living."""
    if status == Status.VERIFICATION_FAILED:
        sentence = (
            f"Twitch could not reach StreamWatch at {callback.partition('?')[0]}:"
            " the challenge was not answered"
        )
    elif status in ENDINGS:
        sentence = ENDINGS[Status(status)]
    else:
        sentence = f"Twitch ended it ({status.replace('_', ' ') or 'without a reason'})"
    return sentence[:LONGEST]


def of_error(error: TwitchError) -> str:
    """Why Twitch does not promise what it was asked for."""
    match error:
        case TwitchUnavailable():
            return NO_ANSWER
        case TokenRefused():
            return NO_CLIENT
        case LimitReached(message=message):
            return NO_MORE_ALIKE if "type and condition" in message else NO_BUDGET
        case TwitchRefused(status=403):
            return NO_CONSENT
        case TwitchRefused(status=status, message=message):
            return f"Twitch refused: {message or status}"[:LONGEST]
    return NO_ANSWER


def beside_field(error: TwitchError) -> str:
    """What a person who searches or verifies is told when Twitch does not answer."""
    match error:
        case LimitReached():
            return "Twitch is asked too much at the moment. Try again in a minute."
        case TokenRefused():
            return "Twitch does not accept StreamWatch's client id and secret. Tell the operator."
        case TwitchRefused():
            return "Twitch refused the question. Try again, or tell the operator."
    return "Twitch gives no answer. Try again in a moment."
