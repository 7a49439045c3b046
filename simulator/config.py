"""What the simulator is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_REDIRECT = "http://localhost:8000/accounts/twitch/login/callback/"


class BadConfig(Exception):
    """The environment says something that cannot be used; the text says what."""


@dataclass(frozen=True)
class Config:
    """Everything that can be chosen; times are in seconds."""

    state: Path
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...] = (DEFAULT_REDIRECT,)
    port: int = 8001
    operator: str = "ada_streams"
    # World seconds a second; None is as it was left, at first 1.
    speed: float | None = None
    seed: int = 1
    streamers: int = 300
    ca_file: Path | None = None
    # A challenge goes out after the answer to the POST, as at Twitch.
    challenge_delay: float = 0.1
    answer_timeout: float = 5.0
    # How long after each failed try a message is sent again; then it is given up.
    retry_delays: tuple[float, ...] = (5.0, 15.0, 30.0, 60.0, 120.0)
    # So many messages of one subscription given up in a row, and the subscription is revoked.
    failures_allowed: int = 10
    # How long a message that is to come out of order is held back.
    held_back: float = 3.0
    slow_seconds: float = 10.0
    # So many times faster pass the times of WebSockets: keepalive, first subscription, reconnect.
    socket_pace: float = 1.0
    # How often a WebSocket is pinged, and how long its pong may take.
    ping_seconds: float = 20.0
    # How long Helix goes on showing the subscriptions of a WebSocket that is gone.
    ended_kept: float = 60.0
    code_lifetime: float = 600.0
    user_token_lifetime: float = 14_124.0
    app_token_lifetime: float = 5_011_271.0
    max_total_cost: int = 10_000
    points_a_minute: int = 800

    @property
    def origin(self) -> str:
        """The address under which people and StreamWatch reach the simulator."""
        return f"http://localhost:{self.port}"


def from_environment(environ: Mapping[str, str]) -> Config:
    """Read SIMULATOR_* variables.

    Raises:
        BadConfig: a variable is missing or is no number.
    """
    for name in ("SIMULATOR_CLIENT_ID", "SIMULATOR_CLIENT_SECRET"):
        if not environ.get(name):
            raise BadConfig(f"{name} is not set: the simulator needs a client it knows.")
    uris = environ.get("SIMULATOR_REDIRECT_URIS", DEFAULT_REDIRECT)
    ca_file = environ.get("SIMULATOR_CA_FILE")
    # So many times sooner a message is sent again.
    retry_pace = max(1.0, _number(environ, "SIMULATOR_RETRY_PACE", 1.0))
    return Config(
        state=Path(environ.get("SIMULATOR_STATE") or "var/simulator.sqlite3"),
        client_id=environ["SIMULATOR_CLIENT_ID"],
        client_secret=environ["SIMULATOR_CLIENT_SECRET"],
        redirect_uris=tuple(uri.strip() for uri in uris.split(",") if uri.strip()),
        port=_port(environ),
        operator=environ.get("SIMULATOR_OPERATOR") or "ada_streams",
        speed=_number(environ, "SIMULATOR_SPEED", 1.0) if environ.get("SIMULATOR_SPEED") else None,
        seed=int(_number(environ, "SIMULATOR_SEED", 1)),
        streamers=int(_number(environ, "SIMULATOR_STREAMERS", 300)),
        ca_file=Path(ca_file) if ca_file else None,
        retry_delays=tuple(one / retry_pace for one in Config.retry_delays),
        max_total_cost=int(_number(environ, "SIMULATOR_MAX_TOTAL_COST", 10_000)),
        socket_pace=max(1.0, _number(environ, "SIMULATOR_SOCKET_PACE", 1.0)),
        points_a_minute=max(1, int(_number(environ, "SIMULATOR_POINTS_A_MINUTE", 800))),
    )


def _port(environ: Mapping[str, str]) -> int:
    port = int(_number(environ, "SIMULATOR_PORT", 8001))
    if not 1 <= port <= 65_535:
        raise BadConfig(f"SIMULATOR_PORT must be a port from 1 to 65535, not {port}.")
    return port


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        raise BadConfig(f"{name} must be a number, not {text!r}.") from None
    if not 0 <= value < 2**53:
        raise BadConfig(f"{name} must be a number from 0 upwards, not {text!r}.")
    return value
