"""Models: indexes say which query they serve, all are in the admin, migrations are named."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.db import models
from django.db.migrations.loader import MigrationLoader

from tests.house.reading import (
    apps,
    assert_nothing,
    calls,
    findings,
    last_name,
    nodes,
    own_files,
    own_models,
    python,
)

NETWORK = {"celery", "httpx", "kombu", "requests", "urllib", "socket", "aiohttp"}
MIGRATION = re.compile(r"\d{4}_(?!auto_)[a-z][a-z0-9_]*\.py|__init__\.py")
GENERIC_VIEWS = re.compile(r"(?:.*View|.*Mixin)$")


def model_files() -> list[Path]:
    return [file for file in python(tests=False) if "models" in (file.stem, *file.parts[:-1])]


def uncommented_indexes(text: str) -> list[str]:
    """An Index, or `db_index=True`, with a comment neither above it nor on its lines."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    return [
        f"{call.lineno}: {last_name(call.func)}"
        for call in calls(text)
        if last_name(call.func) == "Index" or any(word.arg == "db_index" for word in call.keywords)
        if not commented & set(range(call.lineno - 1, (call.end_lineno or 0) + 1))
    ]


def network_imports(text: str) -> list[str]:
    found = []
    for node in nodes(text, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            words = [alias.name for alias in node.names]
        else:
            words = [getattr(node, "module", "") or ""]
        found += [
            f"{getattr(node, 'lineno', 0)}: imports {word}"
            for word in words
            if word.partition(".")[0] in NETWORK or word.rpartition(".")[2] == "tasks"
        ]
    return found


def unregistered(all_models: list[type[models.Model]], site: AdminSite) -> list[str]:
    return [model._meta.label for model in all_models if not site.is_registered(model)]


def badly_named(names: list[str]) -> list[str]:
    return [one for one in names if not MIGRATION.fullmatch(one)]


def class_views(text: str) -> list[str]:
    return [
        f"{node.lineno}: {node.name}"
        for node in nodes(text, ast.ClassDef)
        if isinstance(node, ast.ClassDef)
        and any(GENERIC_VIEWS.match(last_name(base)) for base in node.bases)
    ]


def test_every_index_has_a_comment() -> None:
    assert_nothing(findings(model_files(), uncommented_indexes))


def test_models_know_no_network_and_no_tasks() -> None:
    assert_nothing(findings(model_files(), network_imports))


def test_every_model_is_in_the_admin() -> None:
    assert own_models() != []
    assert_nothing(unregistered(own_models(), admin.site))


def test_migrations_are_named() -> None:
    names = [file.name for file in own_files() if "migrations" in file.parts]
    assert names != []
    assert_nothing(badly_named(names))


def test_migrations_are_one_line_of_single_steps() -> None:
    """MySQL cannot roll a schema change back: what fails half-way must be one operation."""
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app in apps() and not migration.initial and not name.startswith("0001_"):
            assert len(migration.operations) == 1, f"{app}.{name}"
    assert loader.detect_conflicts() == {}


def test_views_are_functions() -> None:
    files = [file for file in python(tests=False) if file.name.endswith("views.py")]
    assert_nothing(findings(files, class_views))


@pytest.mark.parametrize(
    "bad",
    [
        "indexes = [\n    models.Index(fields=['a'], name='a'),\n]",
        "# The feed.\n\nindexes = [Index(fields=['a'])]",
        "name = models.CharField(max_length=3, db_index=True)",
        # The second one has none of its own.
        "x = [\n  # The feed.\n  Index(\n    fields=['a'],\n  ),\n  Index(fields=['b'])]",
    ],
)
def test_an_index_without_comment_is_found(bad: str) -> None:
    assert len(uncommented_indexes(bad)) == 1


@pytest.mark.parametrize(
    "good",
    [
        "indexes = [\n    # The feed.\n    models.Index(fields=['a'], name='a'),\n]",
        "name = models.CharField(db_index=True)  # The search.",
        "models.Index(\n    fields=['a'],  # The feed.\n)",
    ],
)
def test_an_index_with_comment_is_let_be(good: str) -> None:
    assert uncommented_indexes(good) == []


@pytest.mark.parametrize(
    "bad",
    [
        "import httpx",
        "from celery import shared_task",
        "import kombu.utils",
        "from activity import models\nfrom activity.tasks import sweep",
        "def late():\n    import urllib.request",
    ],
)
def test_a_model_with_a_network_is_found(bad: str) -> None:
    assert len(network_imports(bad)) == 1


def test_a_model_missing_from_the_admin_is_found() -> None:
    assert unregistered(own_models(), AdminSite()) == [model._meta.label for model in own_models()]


def test_a_badly_named_migration_is_found() -> None:
    bad = ["0002_auto_20260101_1200.py", "0003.py", "more.py", "0004_Upper.py"]
    assert badly_named([*bad, "0001_initial.py", "0002_streamer_revision.py"]) == bad


def test_a_class_view_is_found() -> None:
    assert class_views("class Feed(LoginRequiredMixin, ListView):\n    pass") == ["1: Feed"]
    assert class_views("class ViewerRequest(HttpRequest):\n    user: User") == []
