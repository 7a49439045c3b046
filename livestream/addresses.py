"""The addresses of watching: of its page, with what is on it, and of Twitch's frames."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from subscriptions.forms import is_login

MOST_STREAMS = 4
# A longer address is nobody's wish; so many words of it are told to the viewer.
LONGEST_WITH = 400
MOST_SAID = 100
LAYOUTS = {"grid": "Chat beside", "first": "First one large", "wide": "Chat below"}
# Words that stand where a login stands: they are led past in upper case, as logins know no case.
NOT_LOGINS = frozenset({"allow", "biggest", "eventsub", "facts", "recent", "topics"})


class LoginConverter:
    """A login in an address; whatever a message called itself, its page has an address."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """In small letters, as Twitch has them."""
        return value.lower()

    def to_url(self, login: str) -> str:
        """Upper case where the word is one of ours; without slashes."""
        return login.upper() if login in NOT_LOGINS else login.replace("/", "") or "-"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page's address asks for. `sound` and `chat` are one of `logins`, or "".

    `problems` are sentences about what was asked and cannot be.
    """

    logins: Sequence[str] = ()
    layout: str = "grid"
    sound: str = ""
    chat: str = ""
    problems: Sequence[str] = ()

    @classmethod
    def read(cls, login: str, query: QueryDict) -> Self:
        """The wish in an address: its path's login ("" for none), and its query."""
        problems: list[str] = []
        asked = [login] if login else []
        asked += query.get("with", "")[:LONGEST_WITH].lower().split(",")
        logins = list(dict.fromkeys(one.strip() for one in asked if one.strip()))
        problems += [f"{quoted(one)} is no login." for one in logins if not is_login(one)]
        logins = [one for one in logins if is_login(one)]
        if len(logins) > MOST_STREAMS:
            problems.append(f"At most {MOST_STREAMS} streams play at once; the rest is left out.")
        layout = query.get("layout", "") or "grid"
        if layout not in LAYOUTS:
            problems.append(f"There is no layout called {quoted(layout)}.")
            layout = "grid"
        wish = cls(logins[:MOST_STREAMS], layout, problems=problems)
        sound, chat = (query.get(name, "").lower() for name in ("sound", "chat"))
        problems += [
            f"{quoted(one)} is not among the streams on this page."
            for one in dict.fromkeys((sound, chat))
            if one and one not in wish.logins
        ]
        return replace(wish, sound=sound, chat=chat).of(wish.logins)

    def of(self, logins: Sequence[str]) -> Self:
        """The same for these logins; the sound and the chat of others are let go."""
        return replace(
            self,
            logins=tuple(logins),
            sound=self.sound if self.sound in logins else "",
            chat=self.chat if self.chat in logins else "",
        )

    def alone(self, login: str) -> Self:
        """`login` in the place of all others; who listens goes on listening."""
        return replace(self, logins=(login,), sound=login if self.sound else "", chat="")

    def adding(self, login: str) -> Self:
        """`login` beside the others."""
        return replace(self, logins=(*self.logins, login))

    def exchanging(self, login: str, other: str) -> Self:
        """`other` in the place of `login`, with its sound and chat."""
        return replace(
            self,
            logins=tuple(other if one == login else one for one in self.logins),
            sound=other if self.sound == login else self.sound,
            chat=other if self.chat == login else self.chat,
        )

    def without(self, login: str) -> Self:
        """The others."""
        return self.of([one for one in self.logins if one != login])

    def first(self, login: str) -> Self:
        """`login` before the others, which keep their order."""
        return replace(self, logins=(login, *(one for one in self.logins if one != login)))

    def hearing(self, login: str) -> Self:
        """Only `login` with its sound, and its chat; "" mutes all."""
        return replace(self, sound=login, chat=login or self.chat)

    @property
    def room(self) -> str:
        """Whose chat is shown: as asked, else that of the first."""
        return self.chat or (self.logins[0] if self.logins else "")

    @property
    def is_full(self) -> bool:
        """Whether no other stream fits beside these."""
        return len(self.logins) >= MOST_STREAMS

    @property
    def url(self) -> str:
        """The address of the page."""
        return self._at("watch")

    @property
    def facts_url(self) -> str:
        """The address of what is said about these streams now."""
        return self._at("livestream_facts", login=",".join(self.logins[:1]))

    @property
    def biggest_url(self) -> str:
        """The address of the biggest streams, for this page."""
        return self._at("livestream_biggest", login=",".join(self.logins[:1]))

    def _at(self, name: str, **more: str) -> str:
        if name == "watch" and self.logins:
            path = reverse("watch", args=[self.logins[0]])
        else:
            path = reverse("livestream" if name == "watch" else name)
        said = {
            **more,
            "with": ",".join(self.logins[1:]),
            "layout": "" if self.layout == "grid" else self.layout,
            "sound": self.sound,
            "chat": self.chat if self.chat not in self.logins[:1] else "",
        }
        query = urlencode({key: value for key, value in said.items() if value}, safe=",")
        return f"{path}?{query}" if query else path


def quoted(text: str) -> str:
    """The text as part of a sentence; isolated, for it may be written from right to left."""
    return f"“\u2068{text[:MOST_SAID]}\u2069”"


@dataclass(frozen=True, slots=True)
class Embedding:
    """Where Twitch's frames are embedded: `parent` is the name of the page's host."""

    parent: str
    is_secure: bool

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """As the viewer reached the page; Twitch wants the name without its port."""
        parent = urlsplit(f"//{request.get_host()}").hostname or ""
        return cls(parent, request.is_secure())

    def player_url(self, login: str, *, is_muted: bool) -> str:
        """Muted unless the viewer asked for its sound: browsers let only muted ones begin."""
        said = {
            "channel": login,
            "parent": self.parent,
            "muted": str(is_muted).lower(),
            "autoplay": "true",
        }
        return f"{settings.TWITCH_PLAYER_URL}/?{urlencode(said)}"

    def chat_url(self, login: str) -> str:
        """The chat room, light; `&darkpopout` makes it dark."""
        query = urlencode({"parent": self.parent})
        return f"{settings.TWITCH_EMBED_URL}/{login}/chat?{query}"

    @property
    def trouble(self) -> str:
        """Why Twitch will refuse its frames here; "" when it should not."""
        if self.parent == "localhost":
            return ""
        if _is_ip(self.parent):
            return f"Twitch refuses frames on a page at a bare IP address ({self.parent})."
        if not self.is_secure:
            return "Twitch refuses frames on a page without https."
        return ""


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
