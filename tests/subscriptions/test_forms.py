"""What people type into the search box."""

from __future__ import annotations

from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.forms import SearchForm, SubscribeForm, is_login


def meant(q: str) -> str:
    form = SearchForm({"q": q})
    assert form.is_valid(), form.errors
    return str(form.cleaned_data["q"])


class SearchFormTests(SimpleTestCase):
    def test_blanks_and_marks_are_left_out(self) -> None:
        for q, expected in (
            ("", ""), ("   ", ""), ("ada", "ada"), ("  ada  ", "ada"), ("@ada", "ada"),
            ("ada\t\u00a0 streams", "ada streams"), ("@", ""), ("Ada", "Ada"), ("a@b", "a@b"),
        ):  # fmt: skip
            with self.subTest(q=q):
                assert meant(q) == expected

    def test_an_address_of_twitch_is_its_name(self) -> None:
        for q, expected in (
            ("https://www.twitch.tv/ada", "ada"), ("twitch.tv/ada", "ada"),
            ("HTTPS://WWW.TWITCH.TV/Ada/", "Ada"), ("http://m.twitch.tv/ada?a=b#c", "ada"),
            ("https://www.twitch.tv/ada/videos", "ada"), ("www.twitch.tv//ada", "ada"),
            ("https://www.twitch.tv/popout/ada/chat", "ada"),
            ("https://www.twitch.tv/moderator/ada", "ada"), ("twitch.tv/@ada", "ada"),
            ("https://www.twitch.tv:443/ada", "ada"),
        ):  # fmt: skip
            with self.subTest(q=q):
                assert meant(q) == expected

    def test_other_addresses_are_words(self) -> None:
        for q in (
            "https://www.twitch.tv", "https://example.com/ada", "twitch.tv.example.com/ada",
            "https://nottwitch.tv/ada", "http://[", "//", "http://twitch.tv:x/ada/", "://",
        ):  # fmt: skip
            with self.subTest(q=q):
                assert meant(q) in (q, "ada")

    def test_is_missing_where_nothing_was_asked(self) -> None:
        assert SearchForm({}).is_valid()

    def test_a_nul_is_refused(self) -> None:
        assert not SearchForm({"q": "a\x00"}).is_valid()

    @given(st.text(max_size=100))
    def test_whatever_is_typed_has_a_meaning_or_a_reason(self, q: str) -> None:
        form = SearchForm({"q": q})
        if form.is_valid():
            words = form.cleaned_data["q"]
            assert words == " ".join(words.split())
        else:
            assert form.errors["q"]

    @given(st.sampled_from(["https://twitch.tv/", "//", "twitch.tv", "http://"]), st.text())
    def test_no_address_breaks_it(self, start: str, rest: str) -> None:
        form = SearchForm({"q": start + rest})
        assert form.is_valid() or form.errors


class OtherInputTests(SimpleTestCase):
    def test_logins(self) -> None:
        assert all(map(is_login, ("a", "ada_streams", "a" * 25, "1", "_")))
        bad = ("", "A", "a-b", "a b", "a" * 26, "é", "a\n", "٣", "a.b", "名")
        assert not any(map(is_login, bad))

    def test_the_account_shown_must_be_said(self) -> None:
        assert SubscribeForm({"twitch_id": "1"}).is_valid()
        for twitch_id in ("", "9" * 33, "\x00"):
            assert not SubscribeForm({"twitch_id": twitch_id}).is_valid()
        assert not SubscribeForm({}).is_valid()
