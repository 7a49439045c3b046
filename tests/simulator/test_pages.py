"""The control page, used as without JavaScript: forms, redirects, sentences."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator.testing import Simulator
from tests.simulator.callbacks import Callback, subscribe

ADA, TINA = "700000001", "700000008"


class Text(HTMLParser):
    """The words of a page, and the values of its fields by id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.fields: dict[str, str] = {}
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "input" and given.get("id"):
            self.fields[str(given["id"])] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words = f"{self.words} {data.strip()}"


def look(simulator: Simulator, address: str = "/") -> Text:
    """The page at an address."""
    answer = simulator.http.get(simulator.url + address)
    assert answer.status_code == 200
    return Text(answer.text)


def press(simulator: Simulator, what: str, **form: str) -> tuple[httpx.Response, Text]:
    """Send a form, and see the page it leads to."""
    answer = simulator.http.post(f"{simulator.url}/do/{what}", data=form)
    assert answer.status_code == 303
    return answer, look(simulator, answer.headers["location"])


def test_says_what_it_is(shared: Simulator) -> None:
    html = shared.http.get(shared.url).text
    assert "local stand-in for Twitch" in html.partition("<title>")[2].partition("</title>")[0]
    assert "script" not in Text(html).tags


def test_forbids_scripts_and_framing(shared: Simulator) -> None:
    policy = shared.http.get(shared.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_its_style_is_served(shared: Simulator) -> None:
    answer = shared.http.get(f"{shared.url}/static/style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in answer.text


def test_shows_the_operator_until_somebody_is_chosen(shared: Simulator) -> None:
    assert look(shared).fields["login"] == "ada_streams"
    assert look(shared, f"/?who={TINA}").fields["login"] == "tag_tina"
    assert look(shared, "/?q=tag_tina").fields["login"] == "tag_tina"


def test_finds_people_by_a_part_of_the_login(simulator: Simulator) -> None:
    words = look(simulator, "/?q=tina").words
    assert "tag_tina" in words
    assert "bob_watches" not in words
    assert "Nobody is called so." in look(simulator, "/?q=nobody_at_all").words


def test_shows_html_in_titles_as_text(shared: Simulator) -> None:
    page = look(shared, f"/?who={TINA}")
    assert '<b>bold</b> & "quotes"' in page.words
    assert page.fields["title"] == '<b>bold</b> & "quotes"'


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"type": "stream.online"}, "Ada_Streams went live."),
        ({"type": "stream.offline"}, "Ada_Streams went offline."),
        (
            {"type": "channel.update", "title": "Now this", "category": "Chess"},
            "Ada_Streams streams Chess now: “Now this”.",
        ),
        (
            {"type": "channel.raid", "to": "bob_watches", "viewers": "12"},
            "Ada_Streams raided Bob_Watches with 12 viewers.",
        ),
        (
            {"type": "channel.raid", "to": "bob_watches", "viewers": ""},
            "Ada_Streams raided Bob_Watches with 25 viewers.",
        ),
        ({"type": "channel.follow", "user": "bob_watches"}, "Bob_Watches followed Ada_Streams."),
        (
            {"type": "user.whisper.message", "to": "bob_watches", "text": "psst"},
            "Ada_Streams whispered to Bob_Watches.",
        ),
        (
            {"type": "channel.chat.message", "user": "bob_watches", "text": "hi"},
            "Bob_Watches wrote in the chat of Ada_Streams.",
        ),
        (
            {"type": "channel.poll.begin", "told": "1", "user": "bob_watches", "text": "Hello"},
            "Ada_Streams asks in a poll: What next?",
        ),
        (
            {"type": "channel.shoutout.create", "told": "1", "user": "", "to": "grace_mods"},
            "Ada_Streams gave a shoutout to GraceMods.",
        ),
        (
            {"type": "user.update", "login": "ada_anew", "name": "Ada Anew"},
            "ada_anew is called Ada Anew.",
        ),
        ({"type": "user.removed"}, "Ada_Streams was banned."),
    ],
)
def test_each_form_makes_it_happen(
    simulator: Simulator, form: dict[str, str], sentence: str
) -> None:
    answer, page = press(simulator, "event", broadcaster="ada_streams", who=ADA, **form)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["who"] == [ADA]
    assert "Done." in page.words
    assert sentence in page.words


def test_a_ban_is_shown_and_taken_back(simulator: Simulator) -> None:
    _, page = press(simulator, "event", type="user.removed", broadcaster="ada_streams", who=ADA)
    assert "Take the ban back" in page.words
    _, page = press(simulator, "event", type="user.restored", broadcaster="ada_streams", who=ADA)
    assert "Take the ban back" not in page.words


def test_speed_and_seed_are_set(simulator: Simulator) -> None:
    _, page = press(simulator, "world", speed="2.5", seed="9")
    assert "The world lives at speed 2.5 now; its seed is 9." in page.words
    assert (page.fields["speed"], page.fields["seed"]) == ("2.5", "9")


def test_a_fault_is_ordered_and_waits(simulator: Simulator) -> None:
    _, page = press(simulator, "fault", fault="helix_down", count="3")
    assert "Ordered: Helix answers 503." in page.words
    assert re.search(r"helix_down\s+\S 3 on /helix", page.words)


@pytest.mark.parametrize(
    ("what", "form", "sentence"),
    [
        (
            "event",
            {"type": "channel.raid", "broadcaster": "ada_streams", "to": "who"},
            "to: nobody",
        ),
        ("world", {"speed": "fast", "seed": "1"}, "speed: must be a number"),
        ("fault", {"fault": "helix_down", "count": "x"}, "count: must be a whole number"),
        ("anything", {}, "there is no such form"),
    ],
)
def test_bad_input_comes_back_as_a_sentence(
    shared: Simulator, what: str, form: dict[str, str], sentence: str
) -> None:
    _, page = press(shared, what, **form)
    assert "Not done." in page.words
    assert sentence in page.words


def test_another_sites_form_does_nothing(shared: Simulator) -> None:
    answer = shared.http.post(
        f"{shared.url}/do/event",
        data={"type": "stream.online", "broadcaster": "zoe_quiet"},
        headers={"Origin": "https://evil.example"},
    )
    assert "Another+site" in answer.headers["location"]
    assert not shared.control.people("zoe_quiet")[0]["live"]


def test_shows_subscriptions_and_what_became_of_messages(
    simulator: Simulator, callback: Callback
) -> None:
    subscribe(simulator, callback, "channel.raid", to_broadcaster_user_id=ADA)
    ids = simulator.control.event("channel.raid", "bob_watches", to="ada_streams", viewers=1)
    simulator.control.settled(ids)
    words = look(simulator).words
    assert "channel.raid" in words
    assert "to ada_streams" in words
    assert callback.url in words
    assert "enabled" in words
    assert "delivered" in words
    assert ids[0] in words


@pytest.mark.parametrize(
    ("path", "status_code"),
    [("/nothing", 404), ("/do/event", 405), ("/oauth2/token", 405), ("/control/events", 405)],
)
def test_wrong_addresses_and_methods_are_told_plainly(
    shared: Simulator, path: str, status_code: int
) -> None:
    assert shared.http.get(shared.url + path).status_code == status_code
