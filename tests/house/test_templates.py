"""Templates: nothing the content security policy would refuse, nothing unescaped."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house.reading import (
    assert_nothing,
    findings,
    lines_with,
    name,
    nodes,
    python,
    texts,
    without_tags,
)

INLINE_SCRIPT = r"<script\b[^>]*>\s*[^\s<].*?</script>|<style\b|\bjavascript:"
INLINE_ATTRIBUTE = r"<[a-z][^<>]*?\s(?:style|on[a-z]+)\s*=[^<>]*>"
UNESCAPED = r"\|\s*safe(?:seq)?\b|\{%-?\s*autoescape\s+(?:off|false)\b"
UNESCAPED_NAMES = {"mark_safe", "SafeString", "SafeText", "Markup"}
CONTEXT_COMMENT = re.compile(r"\{% comment %\}Expects |\{# ?Expects ")


def inline(text: str) -> list[str]:
    text = without_tags(text)
    return lines_with(text, INLINE_SCRIPT) + lines_with(text, INLINE_ATTRIBUTE)


def unescaped(text: str) -> list[str]:
    return lines_with(text, UNESCAPED)


def unescaped_in_python(text: str) -> list[str]:
    found = []
    for node in nodes(text, ast.Name, ast.Attribute, ast.alias):
        word = node.name if isinstance(node, ast.alias) else ""
        if isinstance(node, ast.expr):
            word = name(node)
        if word.rpartition(".")[2] in UNESCAPED_NAMES:
            found.append(f"{getattr(node, 'lineno', 0)}: {word}")
    return found


def without_context(text: str) -> list[str]:
    return [] if CONTEXT_COMMENT.match(text) else ["1: begins with no comment on its context"]


def fragments() -> list[Path]:
    return [file for file in texts(".html") if file.name.startswith("_")]


def test_no_inline_script_or_style() -> None:
    assert_nothing(findings(texts(".html"), inline))


def test_nothing_is_marked_safe() -> None:
    """Messages in .txt are exempt: allauth's `autoescape off` there meets text, not HTML."""
    assert_nothing(findings(texts(".html"), unescaped))
    assert_nothing(findings(python(), unescaped_in_python))


def test_fragments_say_what_they_expect() -> None:
    assert fragments() != []
    assert_nothing(findings(fragments(), without_context))


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<script nonce='x'>\n  alert(1)\n</script>",
        "<script>{{ data }} + 1</script>",
        "<style>p {}</style>",
        "<p style='color: red'>",
        '<p class="a" STYLE = "color: red">',
        "<button\n  onclick='go()'>",
        '<p {% if a > b %}hidden{% endif %} onload="x">',
        '<a href="javascript:go()">',
    ],
)
def test_inline_script_is_found(bad: str) -> None:
    assert len(inline(f"<p>\n{bad}\n</p>")) == 1


@pytest.mark.parametrize(
    "good",
    [
        '<script src="/static/js/page.js" defer></script>',
        '<p data-style="x" data-on="y">style="none"</p>',
        "{# <script>1</script> #}{% comment %}<p style='x'>{% endcomment %}",
        "{{ data|json_script:'data' }}",
    ],
)
def test_what_is_not_inline_is_let_be(good: str) -> None:
    assert inline(good) == []


@pytest.mark.parametrize(
    "bad",
    ["{{ title|safe }}", "{{ title | safe }}", "{{ rows|safeseq }}", "{% autoescape off %}"],
)
def test_unescaped_text_is_found(bad: str) -> None:
    assert len(unescaped(f"<p>\n{bad}")) == 1
    assert unescaped("{{ title|safely }} {% autoescape on %} is it safe?") == []


@pytest.mark.parametrize(
    "bad",
    [
        "html = mark_safe(title)",
        "html = safestring.mark_safe(title)",
        "from django.utils.safestring import mark_safe",
        "html = SafeString(title)",
    ],
)
def test_unescaped_text_in_python_is_found(bad: str) -> None:
    assert len(unescaped_in_python(bad)) >= 1
    assert unescaped_in_python('format_html("{}", title)  # no mark_safe') == []


def test_a_fragment_without_a_word_on_its_context_is_found() -> None:
    assert without_context("<p>{{ a }}</p>\n{% comment %}Expects `a`.{% endcomment %}") != []
    assert without_context("{% comment %}Expects `a`.{% endcomment %}\n<p>") == []
