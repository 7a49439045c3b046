"""The sentence of each kind, as it is read aloud, and with hostile words in it."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from activity.models import Activity
from subscriptions.models import Streamer

HOSTILE = '</bdi></p><img src=x onerror="alert(1)"> & {% now %} \u202eغرفة 🎮 \U0001f9ff'


class Reader(HTMLParser):
    """The text in [data-sentence], and the tags on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.is_in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.is_in = self.is_in or "data-sentence" in dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self.is_in = self.is_in and tag != "p"

    def handle_data(self, data: str) -> None:
        self.text += data if self.is_in else ""


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    # As a browser does with white space.
    reader.text = re.sub(r"[ \n\t]+", " ", reader.text).strip()
    return reader


def row(kind: str, details: dict[str, Any], **fields: Any) -> str:
    streamer = Streamer(pk=1, login="ann", display_name=fields.pop("name", "Ann"))
    moment = timezone.now() - timedelta(minutes=5)
    activity = Activity(
        pk=7, streamer=streamer, kind=kind, details=details, occurred_at=moment, **fields
    )
    return render_to_string("activity/_row.html", {"activity": activity})


def sentence(kind: str, details: dict[str, Any], **fields: Any) -> str:
    return read(row(kind, details, **fields)).text


def burst(*others: str, more: int = 0) -> dict[str, Any]:
    """Details of a follow: those who are named beside the actor, and how many besides."""
    return {"others": [{"login": one.lower(), "name": one} for one in others], "more": more}


def total(gained: int, in_all: int, *, hours: float = 24) -> dict[str, Any]:
    """Details of a total that changed within so many hours."""
    since = timezone.now() - timedelta(minutes=5) - timedelta(hours=hours)
    return {"gained": gained, "total": in_all, "since": since.isoformat()}


def change(old: str, new: str) -> dict[str, str]:
    return {"old": old, "new": new}


@pytest.mark.parametrize(
    ("kind", "details", "said"),
    [
        ("online", {"title": "Endgames", "category": "Chess"}, "Ann went live: Endgames in Chess"),
        ("online", {"title": "", "category": ""}, "Ann went live: no title"),
        ("online", {"title": "", "category": "Chess"}, "Ann went live: no title in Chess"),
        ("offline", {"lasted_seconds": 7500}, "Ann went offline after 2 h 5 min"),
        ("offline", {"lasted_seconds": 0}, "Ann went offline after 0 s"),
        ("offline", {"lasted_seconds": None}, "Ann went offline"),
        (
            "changed",
            {"title": change("Openings", "Endgames")},
            "Ann changed the title from “Openings” to “Endgames”",
        ),
        (
            "changed",
            {"category": change("Chess", "")},
            "Ann changed the category from “Chess” to no category",
        ),
        (
            "changed",
            {"title": change("", "Ladders"), "category": change("Chess", "Go")},
            "Ann changed the title from no title to “Ladders” "
            "and the category from “Chess” to “Go”",
        ),
        (
            "changed",
            {"title": change("Openings", "Openings")},
            "Ann changed the title and changed it back to “Openings”",
        ),
        (
            "changed",
            {"title": change("", "")},
            "Ann changed the title and changed it back to no title",
        ),
        (
            "renamed",
            {"login": change("bea", "ann"), "name": change("Bea", "Ann")},
            "Bea is now called Ann (login bea → ann)",
        ),
        ("renamed", {"name": change("ann", "Ann")}, "ann is now called Ann"),
        ("renamed", {"login": change("bea", "ann")}, "Ann is now called ann, formerly bea"),
        ("raid_in", {"viewers": 12345}, "Ann is being raided by Bob with 12,345 viewers"),
        ("raid_in", {"viewers": 1}, "Ann is being raided by Bob with 1 viewer"),
        ("raid_out", {"viewers": 0}, "Ann raided Bob with 0 viewers"),
        ("follower", burst(), "Bob followed Ann"),
        ("follower", burst("Cid"), "Bob and Cid followed Ann"),
        ("follower", burst("Cid", "Dee"), "Bob, Cid and Dee followed Ann"),
        ("follower", burst("Cid", "Dee", more=1), "Bob, Cid, Dee and 1 more followed Ann"),
        ("follower", burst("Cid", "Dee", more=2400), "Bob, Cid, Dee and 2,400 more followed Ann"),
        ("follower", burst("", "Dee", more=3), "Bob, somebody, Dee and 3 more followed Ann"),
        ("follows", burst(), "Ann followed Bob"),
        ("follows", burst("Cid"), "Ann followed Bob and Cid"),
        ("follows", burst("Cid", "Dee"), "Ann followed Bob, Cid and Dee"),
        ("follows", burst("Cid", "Dee", more=12), "Ann followed Bob, Cid, Dee and 12 more"),
    ],
)
def test_sentence(kind: str, details: dict[str, Any], said: str) -> None:
    assert sentence(kind, details, actor_name="Bob", actor_twitch_id="7") == said


def test_somebody_without_any_name() -> None:
    """Twitch's names may be null."""
    assert sentence("follower", burst(), actor_twitch_id="7") == "somebody followed Ann"


@pytest.mark.parametrize(
    ("gained", "in_all", "said"),
    [
        (312, 12345, "Ann has +312 followers since yesterday: 12,345 in all"),
        (1, 1, "Ann has +1 follower since yesterday: 1 in all"),
        (-12, 12333, "Ann has 12 followers fewer since yesterday: 12,333 in all"),
        (-1, 0, "Ann has 1 follower fewer since yesterday: 0 in all"),
    ],
)
def test_sentence_of_a_total(gained: int, in_all: int, said: str) -> None:
    assert sentence("follower", total(gained, in_all)) == said


def test_streamer_leads_to_its_page_in_each_direction() -> None:
    for kind in ("follower", "follows"):
        html = row(kind, burst("Cid"), actor_name="Bob", actor_twitch_id="7")
        assert html.count("data-streamer-link") == 1
        assert 'href="/streamers/ann/"' in html
    assert 'href="/streamers/ann/"' in row("follower", total(5, 10))


def test_each_kind_has_a_picture_of_its_own() -> None:
    pictures = {
        kind: render_to_string("activity/_kind_icon.html", {"kind": kind}).strip()
        for kind in Activity.Kind.values
    }
    assert len(set(pictures.values())) == len(pictures)


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("online", {"title": HOSTILE, "category": HOSTILE}),
        ("offline", {"lasted_seconds": 5}),
        ("changed", {"title": change(HOSTILE, HOSTILE + "!"), "category": change("", HOSTILE)}),
        ("renamed", {"login": change(HOSTILE, "x"), "name": change(HOSTILE, HOSTILE + "!")}),
        ("renamed", {"login": change(HOSTILE, HOSTILE + "!")}),
        ("raid_in", {"viewers": 5}),
        ("raid_out", {"viewers": 5}),
        ("follower", burst(HOSTILE, HOSTILE, more=5)),
        ("follower", burst("Cid")),
        ("follows", burst(HOSTILE, HOSTILE, more=5)),
    ],
)
def test_hostile_words_stay_words(kind: str, details: dict[str, Any]) -> None:
    names = {"actor_name": HOSTILE, "actor_login": HOSTILE, "actor_twitch_id": "7"}
    html = row(kind, details, name=HOSTILE, **names)
    reader = read(html)
    assert "img" not in reader.tags
    assert '<img src=x onerror="alert(1)"> & {% now %} \u202eغرفة 🎮 \U0001f9ff' in reader.text


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("online", {"title": "غرفة", "category": "غرفة"}),
        ("changed", {"title": change("غرفة", "غرفة!"), "category": change("غرفة", "غرفة!")}),
        ("renamed", {"login": change("غرفة", "غرفة!"), "name": change("غرفة", "غرفة!")}),
        ("raid_in", {"viewers": 5}),
        ("raid_out", {"viewers": 5}),
        ("follower", burst("غرفة", "غرفة!", more=5)),
        ("follows", burst("غرفة", "غرفة!")),
    ],
)
def test_others_words_keep_their_direction_to_themselves(
    kind: str, details: dict[str, Any]
) -> None:
    """Each lies alone in a <bdi>, so that right-to-left words turn no words around them."""
    html = row(kind, details, name="غرفة", actor_name="غرفة", actor_twitch_id="7")
    words = html.split("data-sentence>")[1].split("</p>")[0]
    outside = re.sub(r"<bdi[^>]*>[^<]*</bdi>", "", words)
    assert "غرفة" in words
    assert "غرفة" not in outside


def test_row_says_when_and_whether_late() -> None:
    html = row("offline", {"lasted_seconds": 5}, late=True)
    assert "5 min ago" in html
    assert "StreamWatch heard of it late" in html
    assert "heard of it late" not in row("offline", {"lasted_seconds": 5}, late=False)
