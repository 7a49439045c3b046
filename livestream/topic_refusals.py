"""Why a topic is not listened to, as PubSub's word for it and a sentence for the viewer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from django.http import JsonResponse
from django.urls import reverse

from accounts.refreshing import GrantEnded
from livestream.topics import BAD_AUTH, BAD_MESSAGE, BAD_TOPIC, SERVER, Refusal
from streamwatch.twitch.errors import LimitReached, TokenRefused, TwitchError, TwitchRefused

STATUSES: Final = {
    BAD_AUTH: 403,
    BAD_MESSAGE: 422,
    BAD_TOPIC: 422,
    SERVER: 503,
}
NO_ANSWER: Final = "Twitch gives no answer. Try again in a moment."
TOO_OFTEN: Final = "Twitch is asked too much at the moment. Try again in a minute."
TOO_MANY_SOCKETS: Final = (
    "Twitch allows three connections of one viewer, and others are open. Close StreamWatch in"
    " another browser, or use PubSub."
)
TOO_MANY_ALIKE: Final = (
    "Twitch sends this to three of your connections already, and allows no more."
)
TOO_DEAR: Final = (
    "Twitch allows topics that cost 10 together, and this would be more. Stop one that costs"
    " something, or use PubSub."
)
NO_GRANT: Final = "Twitch no longer lets StreamWatch see your account. Log in again to mend it."
NOT_ALLOWED: Final = (
    "Twitch does not send you this. It may be for the channel's streamer or moderators only."
)
NO_SESSION: Final = "The connection to Twitch has ended. It is opened again."


@dataclass(frozen=True, slots=True)
class Answer:
    """A refusal for the page; `more` says what it can do about it."""

    error: str
    sentence: str
    status: int = 0
    more: dict[str, object] = field(default_factory=dict)

    def response(self) -> JsonResponse:
        """As JSON: `error`, `sentence` and what is in `more`."""
        body = {"error": self.error, "sentence": self.sentence, **self.more}
        return JsonResponse(body, status=self.status or STATUSES.get(self.error, 422))


def of_refusal(refusal: Refusal) -> Answer:
    """What our own reading of the topic refuses."""
    more: dict[str, object] = {"is_passing": True} if refusal.word == SERVER else {}
    return Answer(refusal.word, refusal.sentence, more=more)


def of_error(error: TwitchError) -> Answer:
    """What Twitch refuses, or why it could not be asked; `is_passing` when it may mend itself."""
    match error:
        case GrantEnded() | TokenRefused():
            return Answer(BAD_AUTH, NO_GRANT, more={"login_url": reverse("account_login")})
        case LimitReached(reset_at=int()):
            return Answer(SERVER, TOO_OFTEN, 429, {"is_passing": True})
        case LimitReached(message=message):
            return Answer(SERVER, _limit(message), 429)
        case TwitchRefused(status=403):
            return Answer(BAD_AUTH, NOT_ALLOWED)
        case TwitchRefused(message=message) if "session" in message:
            return Answer(SERVER, NO_SESSION, 409, {"is_passing": True, "reopen": True})
        case TwitchRefused(status=status, message=message):
            return Answer(SERVER, f"Twitch refused this: {message or status}", 422)
    return Answer(SERVER, NO_ANSWER, more={"is_passing": True})


def _limit(message: str) -> str:
    if "transport" in message:
        return TOO_MANY_SOCKETS
    return TOO_MANY_ALIKE if "type and condition" in message else TOO_DEAR
