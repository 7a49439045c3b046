"""What the house's checks look at: the clone's own files, and small ways to read Python."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from django.apps import apps as django_apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent.parent

# What Django or Jinja puts in; a `>` in it would end a tag too early.
TEMPLATE_TAG = re.compile(
    r"\{%-?\s*comment\b.*?endcomment\s*-?%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL
)

# A rule: takes a file's text and gives one line for each place that breaks it.
Rule = Callable[[str], list[str]]


@functools.cache
def own_files() -> tuple[Path, ...]:
    """Every file that is or would be committed, relative to the clone."""
    # A clone that another user owns is read all the same.
    git = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(
        [*git, "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted(set(listed.split("\0")) - {""})
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def texts(suffix: str) -> list[Path]:
    """The own files with this suffix."""
    return [file for file in own_files() if file.suffix == suffix]


def python(*, tests: bool = True) -> list[Path]:
    """The own Python; migrations are Django's, and tests can be left out."""
    files = [file for file in texts(".py") if "migrations" not in file.parts]
    return [file for file in files if tests or file.parts[0] != "tests"]


def apps() -> list[str]:
    """The packages that Django knows as apps."""
    return sorted(file.parts[0] for file in python() if file.name == "apps.py")


def app_python(*, but: Iterable[str] = ()) -> list[Path]:
    """The own Python of the apps, without the files named in `but`."""
    left_out = {Path(name) for name in but}
    return [file for file in python() if file.parts[0] in apps() and file not in left_out]


def own_models() -> list[type[models.Model]]:
    """The models of the apps."""
    return [model for model in django_apps.get_models() if model._meta.app_label in apps()]


def findings(files: Iterable[Path], rule: Rule) -> list[str]:
    """What `rule` finds in `files`, as `path:line: what`; UTF-8 is a rule of its own."""
    found = []
    for file in files:
        text = (ROOT / file).read_text(encoding="utf-8")
        found += [f"{file}:{one}" for one in rule(text)]
    return found


@functools.cache
def tree(text: str) -> ast.Module:
    """The text as Python; parsed once, so that a node is the same for all who look at it."""
    return ast.parse(text)


def assert_nothing(found: list[str]) -> None:
    """Fail with everything that was found, a line each."""
    assert found == [], "\n" + "\n".join(found)


def nodes(text: str, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of these kinds, in order."""
    for node in ast.walk(tree(text)):
        if isinstance(node, kinds):
            yield node


def calls(text: str) -> Iterator[ast.Call]:
    """All calls."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.Call):
            yield node


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods, nested ones too."""
    for node in ast.walk(tree(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name(node: ast.expr) -> str:
    """`a.b.c` of a name or of attributes of one; of `f().c` only `c`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name(node.value)}.{node.attr}".lstrip(".")
    return ""


def last_name(node: ast.expr) -> str:
    """The last word of `name`."""
    return name(node).rpartition(".")[2]


def lines_with(text: str, pattern: str) -> list[str]:
    """`line: match` for each match of the pattern."""
    return [
        f"{text.count(chr(10), 0, match.start()) + 1}: {' '.join(match.group().split())[:80]}"
        for match in re.finditer(pattern, text, re.IGNORECASE | re.DOTALL)
    ]


def without_tags(text: str) -> str:
    """A template's tags, values and comments as blanks; lines stay where they are."""
    return TEMPLATE_TAG.sub(lambda tag: re.sub(r"[^\n]", " ", tag.group()), text)
