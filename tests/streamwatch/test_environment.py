"""What settings read: defaults, misspellings, and sentences that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamwatch.environment import Environment

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "yes", "on"])
def test_a_switch_is_on(value: str) -> None:
    assert Environment({"DEBUG": value}).boolean("DEBUG") is True


@pytest.mark.parametrize("value", ["false", "0", "no", "off", "", " "])
def test_a_switch_is_off(value: str) -> None:
    assert Environment({"DEBUG": value}).boolean("DEBUG") is False


def test_an_absent_switch_is_off() -> None:
    assert Environment({}).boolean("DEBUG") is False


@pytest.mark.parametrize("value", ["ture", "yess", "2", "none"])
def test_a_misspelt_switch_ends_the_start(value: str) -> None:
    with pytest.raises(SystemExit, match=r"DEBUG is .*write true or false"):
        Environment({"DEBUG": value}).boolean("DEBUG")


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    environment = Environment({"SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert environment.required("SECRET_KEY", "reason") == "from the file"


def test_a_missing_secret_says_what_it_is_for() -> None:
    with pytest.raises(SystemExit, match="SECRET_KEY is not set: sessions are signed with it"):
        Environment({"SECRET_KEY": "  "}).required("SECRET_KEY", "sessions are signed with it")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("short", "secret 1"), ("x" * 101, "secret 1"), (f"{'x' * 20},ü{'x' * 20}", "secret 2")],
)
def test_eventsub_secrets_must_be_what_twitch_takes(value: str, sentence: str) -> None:
    with pytest.raises(SystemExit, match=f"{sentence} must be 10 to 100 ASCII"):
        Environment({"S": value}).eventsub_secrets("S")


def test_several_secrets_keep_their_order() -> None:
    secrets = Environment({"S": "first-secret, second-secret"}).eventsub_secrets("S")
    assert secrets == ["first-secret", "second-secret"]


def test_a_field_key_must_be_one() -> None:
    assert Environment({"K": KEY}).field_keys("K") == [KEY]
    with pytest.raises(SystemExit, match="key 2 is not 32 bytes"):
        Environment({"K": f"{KEY},nonsense"}).field_keys("K")


@pytest.mark.parametrize("value", ["example.org", "ftp://example.org", "https://"])
def test_an_address_must_be_one(value: str) -> None:
    with pytest.raises(SystemExit, match=r"A is .*write an address"):
        Environment({"A": value}).address("A")


def test_numbers_and_choices_refuse_nonsense() -> None:
    assert Environment({}).number("N", 5) == 5
    with pytest.raises(SystemExit, match="N is '-1'"):
        Environment({"N": "-1"}).number("N", 5)
    assert Environment({}).choice("C", ["a", "b"]) == "a"
    with pytest.raises(SystemExit, match="C is 'c': write one of a, b"):
        Environment({"C": "c"}).choice("C", ["a", "b"])


REQUIRED = (
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "PUBLIC_URL",
    "TWITCH_CLIENT_ID",
    "TWITCH_CLIENT_SECRET",
    "TWITCH_EVENTSUB_SECRET",
)


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    """Import the settings as every process does, with `variables` over the test's own."""
    return subprocess.run(
        [sys.executable, "-c", "import streamwatch.settings"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("name", REQUIRED)
def test_the_app_refuses_to_start_without(name: str) -> None:
    process = start(**{name: ""})
    assert process.returncode == 1
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1, process.stderr
    assert lines[0].startswith(f"StreamWatch does not start: {name} is not set: ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DEBUG", "maybe", "write true or false"),
        ("DATABASE_URL", "postgres://localhost/x", "must be of SQLite or MySQL"),
        ("EVENTSUB_TRANSPORT", "conduit", "write one of webhook"),
        ("LOG_LEVEL", "LOUD", "write one of INFO"),
    ],
)
def test_the_app_refuses_to_start_with(name: str, value: str, words: str) -> None:
    process = start(**{name: value})
    assert process.returncode == 1
    assert words in process.stderr
    assert "Traceback" not in process.stderr
