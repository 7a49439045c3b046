"""What `make run` decides from the environment, and the `.env` it writes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from dev import environment

REAL = {"TWITCH_CLIENT_ID": "an-id", "TWITCH_CLIENT_SECRET": "a-secret"}


def test_without_a_client_the_local_twitch_is_used(tmp_path: Path) -> None:
    plan = environment.plan({}, tmp_path / "var")
    assert plan.local_twitch
    assert (plan.app_url, plan.simulator_url) == ("http://localhost:8000", "http://localhost:8001")
    assert plan.variables["DATABASE_URL"] == "sqlite:///var/local.sqlite3"
    assert plan.variables["PUBLIC_URL"] == "http://localhost:8000"
    assert plan.variables["TWITCH_AUTH_URL"] == "http://localhost:8001/oauth2"
    assert plan.variables["TWITCH_API_URL"] == "http://localhost:8001/helix"
    assert plan.variables["TWITCH_CLIENT_ID"] == plan.variables["SIMULATOR_CLIENT_ID"]
    assert plan.variables["TWITCH_CLIENT_SECRET"] == plan.variables["SIMULATOR_CLIENT_SECRET"]
    # A browser may call this machine by either name.
    assert plan.variables["SIMULATOR_REDIRECT_URIS"].split(",") == [
        "http://localhost:8000/accounts/twitch/login/callback/",
        "http://127.0.0.1:8000/accounts/twitch/login/callback/",
    ]
    assert plan.variables["OPERATOR_TWITCH_LOGINS"] == plan.variables["SIMULATOR_OPERATOR"]


def test_with_a_client_the_real_twitch_is_used(tmp_path: Path) -> None:
    plan = environment.plan(REAL, tmp_path / "var")
    assert not plan.local_twitch
    assert plan.variables == {
        "PORT": "8000",
        "SIMULATOR_PORT": "8001",
        "PUBLIC_URL": "http://localhost:8000",
        "DATABASE_URL": "sqlite:///var/twitch.sqlite3",
    }
    assert not (tmp_path / "var").exists()


def test_what_is_given_stays(tmp_path: Path) -> None:
    given = {
        "PUBLIC_URL": "https://watch.example.org",
        "DATABASE_URL": "mysql://somewhere/else",
        "OPERATOR_TWITCH_LOGINS": "somebody",
        "PORT": "9000",
        "SIMULATOR_PORT": "9001",
    }
    plan = environment.plan(given, tmp_path / "var")
    assert not {"PUBLIC_URL", "DATABASE_URL", "OPERATOR_TWITCH_LOGINS"} & plan.variables.keys()
    assert plan.app_url == "http://localhost:9000"
    assert plan.variables["TWITCH_API_URL"] == "http://localhost:9001/helix"
    assert plan.variables["SIMULATOR_REDIRECT_URIS"].split(",") == [
        "http://localhost:9000/accounts/twitch/login/callback/",
        "http://127.0.0.1:9000/accounts/twitch/login/callback/",
        "https://watch.example.org/accounts/twitch/login/callback/",
    ]


def test_the_simulators_client_is_kept_from_start_to_start(tmp_path: Path) -> None:
    first = environment.plan({}, tmp_path / "var").variables
    again = environment.plan({}, tmp_path / "var").variables
    file = tmp_path / "var" / "simulator-client.json"
    assert again["TWITCH_CLIENT_SECRET"] == first["TWITCH_CLIENT_SECRET"]
    assert json.loads(file.read_text())["id"] == first["TWITCH_CLIENT_ID"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(("given", "missing"), [tuple(REAL), tuple(REAL)[::-1]])
def test_half_a_client_ends_with_a_sentence(tmp_path: Path, given: str, missing: str) -> None:
    with pytest.raises(SystemExit) as ended:
        environment.plan({given: "x"}, tmp_path)
    assert str(ended.value).startswith(f"Only {given} is set: set {missing} too")


def test_one_port_for_two_ends_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="PORT and SIMULATOR_PORT are both 8001"):
        environment.plan({"PORT": "8001"}, tmp_path)
    # The real Twitch needs no second port.
    assert environment.plan({"PORT": "8001", **REAL}, tmp_path).port == 8001


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80 80", "٨٠٠٠"])
def test_a_port_that_is_none_ends_with_a_sentence(tmp_path: Path, value: str) -> None:
    with pytest.raises(SystemExit, match="give a port number from 1 to 65535"):
        environment.plan({"PORT": value}, tmp_path)


def test_dotenv_has_secrets_and_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert environment.write_dotenv(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    values = dict(
        line.split("=", 1) for line in file.read_text().splitlines() if not line.startswith("#")
    )
    assert values.keys() == {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "TWITCH_EVENTSUB_SECRET"}
    assert len(values["SECRET_KEY"]) >= 50
    assert Fernet(values["FIELD_ENCRYPTION_KEYS"]).encrypt(b"token") != b"token"
    assert 10 <= len(values["TWITCH_EVENTSUB_SECRET"]) <= 100


def test_two_dotenvs_have_different_secrets(tmp_path: Path) -> None:
    for name in ("one", "two"):
        environment.write_dotenv(tmp_path / name)
    lines = [(tmp_path / name).read_text().splitlines() for name in ("one", "two")]
    assert not [pair for pair in zip(*lines, strict=True) if "=" in pair[0] and pair[0] == pair[1]]


def test_dotenv_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SECRET_KEY=mine\n")
    assert not environment.write_dotenv(file)
    assert file.read_text() == "SECRET_KEY=mine\n"
