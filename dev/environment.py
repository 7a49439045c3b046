"""The environment of `make run`: `.env`, written once, and what its children are given.

What is set in the environment wins over `.env`, and both over what is chosen here.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev import ports

DEFAULT_PORT = "8000"
DEFAULT_SIMULATOR_PORT = "8001"
CALLBACK = "/accounts/twitch/login/callback/"
DEFAULT_OPERATOR = "ada_streams"

DOTENV = """\
# Written once by `make run`, with secrets of this machine; never overwritten.
# What else can be set here: .env.example
SECRET_KEY={secret_key}
FIELD_ENCRYPTION_KEYS={field_encryption_key}
TWITCH_EVENTSUB_SECRET={eventsub_secret}
"""

ONE_OF_TWO = (
    "Only {given} is set: set {missing} too to use the real Twitch, or neither to use the"
    " local one."
)
SAME_PORT = "PORT and SIMULATOR_PORT are both {port}: give one of them another number."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is started: addresses, whether with the local Twitch, and the children's variables."""

    port: int
    simulator_port: int
    local_twitch: bool
    app_url: str
    simulator_url: str
    variables: dict[str, str]


def write_dotenv(file: Path) -> bool:
    """Write `.env` with generated secrets, readable by its owner only; False when it exists."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as opened:
        opened.write(
            DOTENV.format(
                secret_key=secrets.token_urlsafe(50),
                field_encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                eventsub_secret=secrets.token_hex(32),
            )
        )
    return True


def plan(given: Mapping[str, str], var: Path) -> Plan:
    """Decide from the environment (`.env` already in it) what `make run` starts and with what."""
    port, simulator_port = chosen_ports(given)
    local_twitch = not real_twitch(given)
    app_url, simulator_url = f"http://localhost:{port}", f"http://localhost:{simulator_port}"
    variables = {"PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    variables |= _unless_set(
        given,
        PUBLIC_URL=app_url,
        DATABASE_URL=f"sqlite:///{var.name}/{'local' if local_twitch else 'twitch'}.sqlite3",
    )
    if local_twitch:
        public_url = variables.get("PUBLIC_URL") or given["PUBLIC_URL"]
        variables |= _for_local_twitch(given, var, app_url, public_url, simulator_url)
    return Plan(
        port=port,
        simulator_port=simulator_port,
        local_twitch=local_twitch,
        app_url=app_url,
        simulator_url=simulator_url,
        variables=variables,
    )


def chosen_ports(given: Mapping[str, str]) -> tuple[int, int]:
    """The app's and the simulator's port; ends the command with a sentence when they are wrong."""
    port = ports.number("PORT", given.get("PORT") or DEFAULT_PORT)
    simulator_port = ports.number(
        "SIMULATOR_PORT", given.get("SIMULATOR_PORT") or DEFAULT_SIMULATOR_PORT
    )
    if port == simulator_port and not real_twitch(given):
        sys.exit(SAME_PORT.format(port=port))
    return port, simulator_port


def real_twitch(given: Mapping[str, str]) -> bool:
    """True when a client of the real Twitch is given; half of one ends the command."""
    names = ("TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET")
    present = [name for name in names if given.get(name)]
    if len(present) == 1:
        missing = next(name for name in names if name not in present)
        sys.exit(ONE_OF_TWO.format(given=present[0], missing=missing))
    return bool(present)


def _unless_set(given: Mapping[str, str], **defaults: str) -> dict[str, str]:
    return {name: defaults[name] for name in defaults if not given.get(name)}


def _for_local_twitch(
    given: Mapping[str, str], var: Path, app_url: str, public_url: str, simulator_url: str
) -> dict[str, str]:
    client = _simulator_client(var / "simulator-client.json")
    operator = given.get("SIMULATOR_OPERATOR") or DEFAULT_OPERATOR
    by_number = app_url.replace("localhost", "127.0.0.1")
    callbacks = dict.fromkeys(
        f"{url.rstrip('/')}{CALLBACK}" for url in (app_url, by_number, public_url)
    )
    return {
        "TWITCH_CLIENT_ID": client["id"],
        "TWITCH_CLIENT_SECRET": client["secret"],
        "TWITCH_AUTH_URL": f"{simulator_url}/oauth2",
        "TWITCH_API_URL": f"{simulator_url}/helix",
        "TWITCH_EVENTSUB_WS_URL": f"{simulator_url.replace('http', 'ws', 1)}/ws",
        "TWITCH_PLAYER_URL": f"{simulator_url}/player",
        "TWITCH_EMBED_URL": f"{simulator_url}/embed",
        "SIMULATOR_CLIENT_ID": client["id"],
        "SIMULATOR_CLIENT_SECRET": client["secret"],
        "SIMULATOR_REDIRECT_URIS": ",".join(callbacks),
        "SIMULATOR_STATE": str(var / "simulator.sqlite3"),
        **_unless_set(given, OPERATOR_TWITCH_LOGINS=operator, SIMULATOR_OPERATOR=operator),
    }


def _simulator_client(file: Path) -> dict[str, str]:
    """The app's client at the simulator: made once and kept, for tokens belong to a client."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        client = {"id": secrets.token_hex(15), "secret": secrets.token_hex(15)}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump(client, opened)
    loaded: dict[str, str] = json.loads(file.read_text())
    return loaded
