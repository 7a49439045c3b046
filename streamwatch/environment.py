"""Reads the environment for settings.py; what cannot be used ends the start with one sentence.

`SystemExit` rather than an exception: a sentence helps an operator, a traceback does not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from environ.fileaware_mapping import FileAwareMapping

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"", "0", "false", "no", "off"})
SHORTEST_EVENTSUB_SECRET, LONGEST_EVENTSUB_SECRET = 10, 100


class Environment:
    """The variables of one process; `NAME_FILE` names a file that holds NAME's value."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        given = dict(os.environ if variables is None else variables)
        self._env = environ.Env()
        self._env.ENVIRON = FileAwareMapping(given)

    def text(self, name: str, default: str = "") -> str:
        """The variable without surrounding space; `default` when it is absent or empty."""
        value: str = self._env.str(name, default="")
        return value.strip() or default

    def required(self, name: str, purpose: str) -> str:
        """The variable; ends the start when it is missing, saying what it is for."""
        value = self.text(name)
        if not value:
            raise refusal(f"{name} is not set: {purpose}.")
        return value

    def items(self, name: str) -> list[str]:
        """A comma list without empty items."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def boolean(self, name: str) -> bool:
        """A switch, off when absent; ends the start when it is misspelt."""
        value = self.text(name).lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise refusal(f"{name} is {value!r}: write true or false.")

    def number(self, name: str, default: int) -> int:
        """A whole number from 0 upwards."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()):
            raise refusal(f"{name} is {value!r}: write a whole number from 0 upwards.")
        return int(value)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of `choices`, the first when absent."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise refusal(f"{name} is {value!r}: write one of {', '.join(choices)}.")
        return value

    def address(self, name: str, default: str = "", *, scheme: str = "https") -> str:
        """An https or http (wss or ws) address without a slash at its end."""
        value = self.text(name, default).rstrip("/")
        parts = urlsplit(value)
        if parts.scheme not in (scheme, scheme.removesuffix("s")) or not parts.hostname:
            raise refusal(f"{name} is {value!r}: write an address such as {scheme}://example.org.")
        return value

    def field_keys(self, name: str) -> list[str]:
        """Fernet keys, the first of which encrypts."""
        self.required(name, "tokens and private messages lie encrypted in the database with it")
        keys = self.items(name)
        for position, key in enumerate(keys, 1):
            try:
                Fernet(key)
            except ValueError:
                raise refusal(
                    f"{name}: key {position} is not 32 bytes in URL-safe base64; `python -c"
                    ' "import base64,os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"`'
                    " makes one."
                ) from None
        return keys

    def eventsub_secrets(self, name: str) -> list[str]:
        """Secrets of EventSub (10 to 100 ASCII characters), the first of which is given out."""
        self.required(name, "Twitch's messages are signed with it")
        secrets = self.items(name)
        for position, secret in enumerate(secrets, 1):
            fits = SHORTEST_EVENTSUB_SECRET <= len(secret) <= LONGEST_EVENTSUB_SECRET
            if not (fits and secret.isascii()):
                raise refusal(f"{name}: secret {position} must be 10 to 100 ASCII characters.")
        return secrets


def refusal(sentence: str) -> SystemExit:
    """What to raise when StreamWatch cannot start."""
    return SystemExit(f"StreamWatch does not start: {sentence} (.env.example lists all settings.)")
