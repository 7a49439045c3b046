"""What is committed: no addresses of registries, nobody else's files, nothing that is made."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.house.reading import ROOT, assert_nothing, findings, lines_with, own_files

# Put together here, so that this file is not among the findings.
REGISTRIES = "|".join(
    re.escape(".".join(words))
    for words in [
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("npm", "pkg", "github", "com"),
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("cdn", "jsdelivr", "net"),
        ("unpkg", "com"),
        ("cdnjs", "cloudflare", "com"),
    ]
)
INDEX_OPTIONS = "--" + r"(?:extra-)?index-url|--" + "find-links|--" + "trusted-host"
PICTURES = {".png", ".jpg", ".ico", ".gz", ".woff2"}
BUILT = re.compile(
    r"(?:^|/)(?:bootstrap|jquery|chart|popper)(?:[.-][^/]*)?\.(?:js|css|mjs|scss)$"
    r"|\.min\.(?:js|css)$|\.map$|\.woff2?$|(?:^|/)(?:node_modules|vendor|dist)/"
)
MADE = re.compile(r"(?:^|/)(?:\.env|\.venv|var|__pycache__|\.coverage)(?:/|$)|\.py[co]$|\.sqlite3")
PIN = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.]+|-r \S+|#.*|")


def registries(text: str) -> list[str]:
    return lines_with(text, f"{REGISTRIES}|{INDEX_OPTIONS}")


def other_peoples(files: list[str]) -> list[str]:
    return [file for file in files if BUILT.search(file) or MADE.search(file)]


def unpinned(text: str) -> list[str]:
    return [line for line in text.splitlines() if not PIN.fullmatch(line)]


def resolved(lock: object) -> list[object]:
    """Every download address in package-lock.json."""
    if isinstance(lock, dict):
        here = [lock["resolved"]] if "resolved" in lock else []
        return here + [address for value in lock.values() for address in resolved(value)]
    return []


def text_files() -> list[Path]:
    return [file for file in own_files() if file.suffix not in PICTURES]


def test_no_file_names_a_registry() -> None:
    assert_nothing(findings(text_files(), registries))


@pytest.mark.parametrize("folder", [ROOT, ROOT / "tests" / "conformance" / "pubsub"])
def test_the_lock_has_no_addresses(folder: Path) -> None:
    lock = json.loads((folder / "package-lock.json").read_text())
    assert lock["packages"] != {}
    assert resolved(lock) == []
    assert "omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text()


def test_nothing_made_or_built_is_committed() -> None:
    assert_nothing(other_peoples([str(file) for file in own_files()]))


def test_python_packages_are_pinned() -> None:
    lists = [file for file in own_files() if re.fullmatch(r"requirements.*\.txt", str(file))]
    assert len(lists) >= 4
    assert_nothing(findings(lists, unpinned))


@pytest.mark.parametrize(
    "bad",
    [
        "https://registry.npm" + "js.org/jquery/-/jquery-4.0.0.tgz",
        "see https://py" + "pi.org/project/honcho",
        "https://files.python" + "hosted.org/x.whl",
        "--index" + "-url http://localhost:8080",
        "--extra-index" + "-url=http://x",
    ],
)
def test_a_registry_is_found(bad: str) -> None:
    assert len(registries(f"first line\n{bad}\n")) == 1


def test_an_address_in_the_lock_is_found() -> None:
    lock = {"packages": {"": {}, "node_modules/jquery": {"version": "4.0.0", "resolved": "x"}}}
    assert resolved(lock) == ["x"]


def test_files_of_others_are_found() -> None:
    bad = [
        *("static/js/bootstrap.bundle.min.js", "static/jquery-4.0.0.js", "static/css/x.min.css"),
        *("static/vendor/a.css", "node_modules/a/b.js", "static/font/icons.woff2", "a/b.js.map"),
        *(".env", "var/local.sqlite3", "activity/__pycache__/x.pyc", "kept.sqlite3"),
    ]
    good = ["static/js/page.js", ".env.example", "static/css/charts-page.css", "dev/environment.py"]
    assert other_peoples([*bad, *good]) == bad


def test_a_loose_pin_is_found() -> None:
    bad = ["Django", "httpx>=0.28", "honcho @ https://example.org/x.whl", "--pre"]
    good = ["# Why", "", "-r base.txt", "Django==5.2.19", "python-dateutil==2.9.0.post0"]
    assert unpinned("\n".join([*bad, *good])) == bad
