"""What an address of the page of watching asks for, and the addresses it leads to."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.test import RequestFactory, override_settings
from django.urls import reverse

from livestream.addresses import NOT_LOGINS, Embedding, Wish
from livestream.urls import urlpatterns


def read(login: str, query: str = "") -> Wish:
    return Wish.read(login, QueryDict(query))


def test_streams_layout_sound_and_chat_are_in_the_address() -> None:
    wish = read("ada", "with=bob,carla&layout=first&sound=bob&chat=carla")
    assert (*wish.logins, wish.layout, wish.sound, wish.room) == (
        "ada", "bob", "carla", "first", "bob", "carla",
    )  # fmt: skip
    assert wish.problems == []
    assert wish.url == "/livestream/ada/?with=bob,carla&layout=first&sound=bob&chat=carla"


def test_an_address_tells_no_more_than_it_must() -> None:
    assert read("").url == "/livestream/"
    assert read("ada", "with=&layout=grid&sound=&chat=ada").url == "/livestream/ada/"


def test_the_path_and_the_query_are_one_list_without_repeats() -> None:
    assert read("ada", "with=ADA,%20bob%20,,bob").logins == ("ada", "bob")
    assert read("", "with=ada,bob").logins == ("ada", "bob")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("with=bob,c,d,e", "At most 4 streams play at once; the rest is left out."),
        ("with=<script>", "“\u2068<script>\u2069” is no login."),
        ("with=../admin", "“\u2068../admin\u2069” is no login."),
        ("with=" + "x" * 26, "“\u2068" + "x" * 26 + "\u2069” is no login."),
        ("with=名前", "“\u2068名前\u2069” is no login."),
        ("layout=sideways", "There is no layout called “\u2068sideways\u2069”."),
        ("sound=zoe", "“\u2068zoe\u2069” is not among the streams on this page."),
        ("chat=zoe", "“\u2068zoe\u2069” is not among the streams on this page."),
    ],
)
def test_what_cannot_be_is_left_out_and_said(query: str, sentence: str) -> None:
    wish = read("ada", query)
    assert list(wish.problems) == [sentence]
    assert wish.logins[0] == "ada"
    assert len(wish.logins) <= 4
    assert (wish.layout, wish.sound, wish.chat) == ("grid", "", "")


def test_an_endless_list_ends_somewhere() -> None:
    wish = read("ada", "with=" + ",".join(f"b{n}" for n in range(50_000)))
    assert len(wish.logins) == 4
    assert len(wish.url) < 100
    assert all(len(one) < 200 for one in read("", f"layout={'x' * 9999}").problems)


def test_links_change_one_thing() -> None:
    wish = read("ada", "with=bob&layout=wide&sound=bob")
    assert wish.alone("zoe").url == "/livestream/zoe/?layout=wide&sound=zoe"
    assert wish.adding("zoe").url == "/livestream/ada/?with=bob,zoe&layout=wide&sound=bob"
    assert wish.without("bob").url == "/livestream/ada/?layout=wide"
    assert wish.exchanging("bob", "zoe").url == "/livestream/ada/?with=zoe&layout=wide&sound=zoe"
    assert wish.first("bob").url == "/livestream/bob/?with=ada&layout=wide&sound=bob"
    assert wish.hearing("ada").url == "/livestream/ada/?with=bob&layout=wide&sound=ada"
    assert wish.hearing("").sound == ""
    assert wish.facts_url == "/livestream/facts/?login=ada&with=bob&layout=wide&sound=bob"


def test_the_chat_goes_with_the_sound() -> None:
    assert read("ada", "with=bob").hearing("bob").room == "bob"
    assert read("ada", "with=bob&sound=bob&chat=bob").hearing("").room == "bob"


def test_words_of_the_house_are_logins_in_capitals() -> None:
    words = {str(one.pattern).partition("/")[0] for one in urlpatterns} - {"", "<login:login>"}
    assert words <= NOT_LOGINS
    for word in NOT_LOGINS:
        assert reverse("watch", args=[word]) == f"/livestream/{word.upper()}/"
    assert reverse("watch", args=["a/b"]) == "/livestream/ab/"
    assert reverse("watch", args=["/"]) == "/livestream/-/"


def embedding(host: str, *, secure: bool = False) -> Embedding:
    with override_settings(ALLOWED_HOSTS=["*"]):
        return Embedding.of(RequestFactory(headers={"host": host}).get("/", secure=secure))


def test_the_parent_is_the_pages_host_without_its_port() -> None:
    assert embedding("localhost:8000").parent == "localhost"
    assert embedding("watch.example.org").parent == "watch.example.org"
    assert embedding("[::1]:8000").parent == "::1"


def test_frames_have_the_addresses_twitch_asks_for() -> None:
    here = embedding("localhost:8000")
    player = urlsplit(here.player_url("ada", is_muted=True))
    assert f"{player.scheme}://{player.netloc}{player.path}" == "http://127.0.0.1:9/player/"
    assert parse_qs(player.query) == {
        "channel": ["ada"], "parent": ["localhost"], "muted": ["true"], "autoplay": ["true"],
    }  # fmt: skip
    assert "muted=false" in here.player_url("ada", is_muted=False)
    assert here.chat_url("ada") == "http://127.0.0.1:9/embed/ada/chat?parent=localhost"


def test_where_twitch_refuses_frames_is_known() -> None:
    assert embedding("localhost:8000").trouble == ""
    assert embedding("watch.example.org", secure=True).trouble == ""
    assert "without https" in embedding("watch.example.org").trouble
    for host in ("127.0.0.1:8000", "[::1]:8000"):
        assert "bare IP address" in embedding(host, secure=True).trouble
