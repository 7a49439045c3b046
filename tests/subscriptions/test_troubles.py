"""The sentences that people read."""

from __future__ import annotations

from django.test import SimpleTestCase

from streamwatch.twitch.errors import (
    LimitReached,
    TokenRefused,
    TwitchError,
    TwitchRefused,
    TwitchUnavailable,
)
from subscriptions import troubles

LONG = "x" * 1_000


class TroublesTests(SimpleTestCase):
    def test_errors_of_twitch(self) -> None:
        for error, words in (
            (TwitchUnavailable("x"), "keeps trying"),
            (TokenRefused(401, "x"), "TWITCH_CLIENT_ID"),
            (LimitReached(429, "maximum total cost exceeded", None), "budget"),
            (
                LimitReached(429, "maximum subscriptions with type and condition exceeded", None),
                "more than three",
            ),
            (TwitchRefused(403, "subscription missing proper authorization"), "consent"),
            (TwitchRefused(400, "bad condition"), "bad condition"),
            (TwitchRefused(400, ""), "400"),
            (TwitchError("x"), "no answer"),
        ):
            with self.subTest(error=error):
                assert words in troubles.of_error(error)

    def test_fit_their_column(self) -> None:
        sentences = (
            troubles.of_error(TwitchRefused(400, LONG)),
            troubles.of_status(LONG, callback="x"),
            troubles.of_status("webhook_callback_verification_failed", callback=LONG),
        )
        assert all(len(sentence) == 300 for sentence in sentences)

    def test_an_ending_without_a_name(self) -> None:
        assert troubles.of_status("", callback="x") == "Twitch ended it (without a reason)"

    def test_sentences_beside_a_field_say_what_to_do(self) -> None:
        for error in (
            TwitchUnavailable("x"), TokenRefused(401, "x"), LimitReached(429, "x", 1),
            TwitchRefused(400, "x"), TwitchError("x"),
        ):  # fmt: skip
            with self.subTest(error=error):
                sentence = troubles.beside_field(error)
                assert sentence.endswith(".")
                assert "Try again" in sentence or "Tell the operator" in sentence
