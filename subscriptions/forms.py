"""Input of the pages, query strings included."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django import forms

LONGEST_QUERY = 100
LOGIN = re.compile(r"[a-z0-9_]{1,25}", re.ASCII)
TWITCH_HOST = re.compile(r"(?:(?:www|m|go|player|dashboard)\.)?twitch\.tv", re.ASCII)
# Paths of twitch.tv in which the name comes second.
BEFORE_NAME = frozenset({"popout", "moderator", "embed", "u", "team"})


def is_login(text: str) -> bool:
    """Whether Twitch could know `text` (lower case) as a login."""
    return LOGIN.fullmatch(text) is not None


class SearchForm(forms.Form):
    """What a viewer types to find a streamer: a name, `@name`, or an address of twitch.tv."""

    q = forms.CharField(
        required=False,
        max_length=LONGEST_QUERY,
        error_messages={"max_length": f"Type at most {LONGEST_QUERY} letters."},
    )

    def clean_q(self) -> str:
        """The words that are meant, one blank between them."""
        words = " ".join(str(self.cleaned_data["q"]).split())
        return _name_in_address(words) or words.removeprefix("@").lstrip()


class SubscribeForm(forms.Form):
    """The verification form: which account was shown."""

    twitch_id = forms.CharField(max_length=32)


def _name_in_address(words: str) -> str:
    """The name in a pasted address of twitch.tv, else ""."""
    try:
        parts = urlsplit(words if "://" in words else f"//{words}")
        host = parts.hostname or ""
    except ValueError:
        return ""
    if not TWITCH_HOST.fullmatch(host):
        return ""
    steps = [step for step in parts.path.split("/") if step]
    if len(steps) > 1 and steps[0].lower() in BEFORE_NAME:
        steps = steps[1:]
    return steps[0].removeprefix("@") if steps else ""
