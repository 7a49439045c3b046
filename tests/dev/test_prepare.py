"""Migrations and static files are made ready once, and again when something changed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev import prepare


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of an app with one migration and one static file."""
    for name, text in {
        "app/migrations/0001_initial.py": "",
        "static/css/page.css": "body {}",
        "requirements/base.txt": "Django==5.2.19\n",
        "package-lock.json": "{}",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    monkeypatch.setattr(prepare, "VAR", tmp_path / "var")
    (tmp_path / "var").mkdir()
    return tmp_path


@pytest.fixture
def managed(clone: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of manage.py that were started; migrate and collectstatic leave their mark."""
    started: list[str] = []

    def run(command: Sequence[str], **_options: object) -> subprocess.CompletedProcess[str]:
        name = str(command[2])
        started.append(name)
        if name == "migrate":
            with sqlite3.connect(clone / "var" / "local.sqlite3") as database:
                database.execute("CREATE TABLE IF NOT EXISTS django_migrations (id, app, name)")
            database.close()
        else:
            (clone / "var" / "static").mkdir(exist_ok=True)
            (clone / "var" / "static" / "staticfiles.json").touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return started


SQLITE = {"DATABASE_URL": "sqlite:///var/local.sqlite3"}


def test_the_database_is_migrated_once(managed: list[str]) -> None:
    prepare.database(SQLITE)
    prepare.database(SQLITE)
    assert managed == ["migrate"]


def test_a_new_migration_is_applied(managed: list[str], clone: Path) -> None:
    prepare.database(SQLITE)
    (clone / "app" / "migrations" / "0002_more.py").touch()
    prepare.database(SQLITE)
    assert managed == ["migrate", "migrate"]


def test_a_database_that_has_gone_is_made_anew(managed: list[str], clone: Path) -> None:
    prepare.database(SQLITE)
    (clone / "var" / "local.sqlite3").unlink()
    prepare.database(SQLITE)
    assert managed == ["migrate", "migrate"]


def test_a_server_is_migrated_at_each_start(managed: list[str]) -> None:
    for _ in range(2):
        prepare.database({"DATABASE_URL": "mysql://somewhere/else"})
    assert managed == ["migrate", "migrate"]


@pytest.mark.parametrize("change", ["css", "packages", "collected"])
def test_static_files_are_collected_once_and_after_a_change(
    managed: list[str], clone: Path, change: str
) -> None:
    for _ in range(2):
        prepare.static_files({})
    assert managed == ["collectstatic"]
    if change == "css":
        (clone / "static" / "css" / "page.css").write_text("body { margin: 0 }")
    elif change == "packages":
        (clone / "package-lock.json").write_text('{"name": "other"}')
    else:
        (clone / "var" / "static" / "staticfiles.json").unlink()
    prepare.static_files({})
    assert managed == ["collectstatic", "collectstatic"]


def test_a_failure_ends_with_a_sentence(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone / "manage.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(clone)
    with pytest.raises(SystemExit, match=r"`manage\.py migrate` failed: mend what it says above"):
        prepare.database({**os.environ, **SQLITE})
