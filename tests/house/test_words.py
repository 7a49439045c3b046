"""The words of DESIGN.md section 4: none that means something else in this house."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from tests.house.reading import (
    apps,
    assert_nothing,
    findings,
    lines_with,
    own_models,
    python,
    texts,
    without_tags,
)

BANNED = (
    "member",
    "customer",
    "creator",
    "favou?rite",
    "timeline",
    "destination",
    "username",
)
# Between letters and underscores too: `is_favourite`, `creators`.
WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(BANNED)})s?(?![a-z])", re.IGNORECASE)
# Not ours: Django's admin and the login of allauth.
NOT_OURS = {"admin", "accounts"}
SHOWN_ATTRIBUTE = re.compile(
    r"\s(?:alt|aria-label|aria-description|content|placeholder|title|value)=\"([^\"]*)\""
)
HTML_TAG = re.compile(r"<[^<>]*>", re.DOTALL)
MODULES = {"utils", "helpers", "common", "core", "services", "util", "helper", "service"}
UNFINISHED = rf"\b(?:{'TO'}DO|{'FIX'}ME|X{'XX'})\b"


def banned(names: Iterable[str]) -> list[str]:
    return sorted({one for one in names if WORD.search(one)})


def field_names(all_models: Iterable[type[models.Model]]) -> Iterator[str]:
    for model in all_models:
        yield model.__name__
        for field in model._meta.get_fields():
            yield f"{model.__name__}.{field.name}"


def url_words(resolver: URLResolver, top: bool = True) -> Iterator[str]:
    """Names and paths of the patterns, without those that others bring."""
    for one in resolver.url_patterns:
        path = str(one.pattern)
        if top and path.strip("/") in NOT_OURS:
            continue
        if isinstance(one, URLResolver):
            yield from (f"{path}{word}" for word in url_words(one, top=False))
        elif isinstance(one, URLPattern):
            yield f"{path} ({one.name})"


def words_shown(text: str) -> list[str]:
    """Banned words in what a template shows: between its tags, and in attributes that are read."""
    text = without_tags(text)
    shown = "\n".join(SHOWN_ATTRIBUTE.findall(text))
    blank = HTML_TAG.sub(lambda tag: "\n" * tag.group().count("\n"), text)
    return lines_with(blank, WORD.pattern) + [f"attribute: {one}" for one in WORD.findall(shown)]


def bad_modules(files: Iterable[Path]) -> list[str]:
    return [str(file) for file in files if MODULES & {file.stem, *file.parts[:-1]}]


def unfinished(text: str) -> list[str]:
    return [one for one in lines_with(text, UNFINISHED) if one.split()[1].isupper()]


def test_models_use_the_words() -> None:
    assert_nothing(banned(field_names(own_models())))


def test_addresses_use_the_words() -> None:
    words = list(url_words(get_resolver()))
    assert "home/ (home)" in words
    assert_nothing(banned(words))


def test_pages_use_the_words() -> None:
    own = [
        file
        for file in [*texts(".html"), *texts(".txt")]
        if file.parts[0] in {"templates", "simulator", *apps()}
    ]
    assert own != []
    assert_nothing(findings(own, words_shown))


def test_scripts_use_the_words() -> None:
    assert_nothing(findings(texts(".js"), lambda text: lines_with(text, WORD.pattern)))


def test_modules_are_verbs_or_words() -> None:
    assert_nothing(bad_modules(python()))


def test_nothing_is_left_unfinished() -> None:
    assert_nothing(
        findings([*python(), *texts(".html"), *texts(".js"), *texts(".css")], unfinished)
    )


@pytest.mark.parametrize(
    "bad", ["member", "is_favourite", "Favorites", "User.username", "creators/", "timeline_at"]
)
def test_a_banned_name_is_found(bad: str) -> None:
    assert banned(["remember", "twitch_id", "time", bad]) == [bad]


def test_a_banned_field_is_found() -> None:
    from django.contrib.auth.models import User

    assert banned(field_names([User])) == ["User.username"]


def test_a_banned_address_is_found() -> None:
    from django.http import HttpResponse
    from django.urls import include, path

    def view(_request: object) -> HttpResponse:
        return HttpResponse()

    patterns: list[URLPattern | URLResolver] = [
        path("admin/", include([path("member/", view, name="username")])),
        path("streamers/", include([path("favourites/", view, name="x")])),
        path("feed/", view, name="timeline"),
    ]
    words = list(url_words(URLResolver(RoutePattern(""), patterns)))
    assert words == ["streamers/favourites/ (x)", "feed/ (timeline)"]
    assert banned(words) == sorted(words)


@pytest.mark.parametrize(
    "bad",
    [
        "<p>\nYour favourites</p>",
        '<input placeholder="Your username">',
        "<p>{{ user }} is a member since</p>",
        '<p title="Timeline">x</p>',
    ],
)
def test_a_banned_word_on_a_page_is_found(bad: str) -> None:
    assert len(words_shown(bad)) == 1


@pytest.mark.parametrize(
    "good",
    [
        '<input name="username" class="timeline">',
        "<p>{{ streamer.username }}{% if member %}remembered{% endif %}</p>",
        "{% comment %}Not a timeline{% endcomment %}",
    ],
)
def test_words_that_nobody_reads_are_let_be(good: str) -> None:
    assert words_shown(good) == []


def test_a_badly_named_module_is_found() -> None:
    bad = [Path("activity/utils.py"), Path("core/models.py"), Path("tests/helpers/x.py")]
    assert bad_modules([*bad, Path("activity/recording.py")]) == [str(one) for one in bad]


def test_unfinished_work_is_found() -> None:
    assert unfinished(f"x = 1\n# {'TO'}DO: more") == [f"2: {'TO'}DO"]
    assert unfinished("todo = [1]") == []
