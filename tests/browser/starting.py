"""Starts StreamWatch as a person would: `make run` in a fresh clone, or as in production.

Whatever is started is on a leash: it ends with the test, however that ends.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from dev import ports, prepare
from dev.leash import Leash, leash
from dev.processes import SOCKET_OPTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
# Collected once for all tests: it takes as long as all else that a start needs.
STATIC_ROOT = ROOT / "var" / "test-static"
FIRST_START_SECONDS = 400
STOP_SECONDS = 15
READY = "StreamWatch is ready: "
# Nothing of this test run may reach what it starts.
OURS = re.compile(r"DJANGO_|TEST_|TWITCH_|SIMULATOR_|PYTHON|PYTEST|VIRTUAL_ENV|MAKE|MFLAGS|CRASH_")
SETTINGS = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
Commands = Mapping[str, Sequence[str]]
TOOLS = ("make", "sh", "bash", "awk", "env", "cat", "ls", "rm", "mkdir", "uname", "id")


@dataclass
class Running:
    """A StreamWatch and its local Twitch, by their addresses; `log` is what they wrote."""

    url: str
    simulator_url: str
    processes: dict[str, subprocess.Popen[bytes]]
    log_file: Path
    folder: Path
    commands: Commands = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def log(self) -> str:
        """All that was written until now."""
        return self.log_file.read_text(errors="replace")

    def control(self, what: str, **said: Any) -> dict[str, Any]:
        """Tell the simulator: `control("events", type="stream.online", broadcaster="ada")`."""
        answer = httpx.post(f"{self.simulator_url}/control/{what}", json=said, timeout=10)
        assert answer.is_success, answer.text
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body

    def start(self, role: str, **variables: str) -> None:
        """Start the process of `role`, as in production, with more variables."""
        with self.log_file.open("ab") as log:
            self.processes[role] = subprocess.Popen(
                self.commands[role],
                cwd=ROOT,
                env={**self.environment, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def restart(self, role: str, **variables: str) -> None:
        """Kill the process of `role` and start another."""
        self.processes[role].kill()
        self.processes[role].wait()
        self.start(role, **variables)

    def event(self, kind: str, broadcaster: str, **said: Any) -> None:
        """Make something happen at the simulator."""
        self.control("events", type=kind, broadcaster=broadcaster, **said)


def fresh_clone(folder: Path) -> Path:
    """What a clone of this tree would have, uncommitted files too, and nothing that was made."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def bare_environment(folder: Path) -> dict[str, str]:
    """This environment without our settings, and with a PATH that knows Python and make only.

    So Node, compilers and MariaDB's headers are hidden.
    """
    tools = folder / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    python = tools / "python3"
    real = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    python.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    python.chmod(0o755)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in SETTINGS and not OURS.match(name)
    }
    return {**kept, "PATH": str(tools)}


@contextmanager
def make_run(held: Leash, clone: Path, variables: Mapping[str, str]) -> Iterator[Running]:
    """`make run` in `clone`, from its start to Ctrl-C."""
    port, simulator_port = ports.free(2)
    environment = {**variables, "PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    log_file = clone / "make-run.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=clone,
            env=held.environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    running = Running(
        url=f"http://localhost:{port}",
        simulator_url=f"http://localhost:{simulator_port}",
        processes={"make": process},
        log_file=log_file,
        folder=clone,
    )
    try:
        wait_for(lambda: READY in running.log(), running, FIRST_START_SECONDS)
        yield running
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C to the whole group, as a terminal sends it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(condition: Callable[[], bool], running: Running, seconds: float) -> None:
    """Until `condition` holds; a process that ended meanwhile, or the time, fails with the log."""
    deadline = time.monotonic() + seconds
    while True:
        # Looked at first: the condition may be what a process does before it ends.
        dead = {n: p.returncode for n, p in running.processes.items() if p.poll() is not None}
        if condition():
            return
        assert not dead, f"ended: {dead}\n{running.log()[-4000:]}"
        assert time.monotonic() < deadline, f"not within {seconds} s:\n{running.log()[-4000:]}"
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether 200 comes from there."""
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


# --- As in production: web, live, worker and beat apart, behind one address


def production_environment(
    *, database_url: str, redis_url: str, folder: Path, front: int, simulator: int
) -> dict[str, str]:
    """The variables of every process: MariaDB, Redis, and the local Twitch for the real one."""
    client = {"ID": secrets.token_hex(15), "SECRET": secrets.token_hex(15)}
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return {
        **kept,
        "SECRET_KEY": secrets.token_hex(32),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "TWITCH_EVENTSUB_SECRET": secrets.token_hex(20),
        "TWITCH_CLIENT_ID": client["ID"],
        "TWITCH_CLIENT_SECRET": client["SECRET"],
        "TWITCH_AUTH_URL": f"http://localhost:{simulator}/oauth2",
        "TWITCH_API_URL": f"http://localhost:{simulator}/helix",
        "TWITCH_EVENTSUB_WS_URL": f"ws://localhost:{simulator}/ws",
        "TWITCH_PLAYER_URL": f"http://localhost:{simulator}/player",
        "TWITCH_EMBED_URL": f"http://localhost:{simulator}/embed",
        "PUBLIC_URL": f"http://localhost:{front}",
        "OPERATOR_TWITCH_LOGINS": "ada_streams",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": redis_url,
        "STATIC_ROOT": str(STATIC_ROOT),
        "SIMULATOR_CLIENT_ID": client["ID"],
        "SIMULATOR_CLIENT_SECRET": client["SECRET"],
        "SIMULATOR_PORT": str(simulator),
        "SIMULATOR_SPEED": "0",
        "SIMULATOR_STATE": str(folder / "simulator.sqlite3"),
        "SIMULATOR_REDIRECT_URIS": f"http://localhost:{front}/accounts/twitch/login/callback/",
    }


def production_commands(folder: Path, web: int, live: int, front: int) -> Commands:
    """What is started, by role."""
    python = sys.executable
    uvicorn = (python, "-m", "uvicorn", "--no-access-log", "--log-level", "warning")
    celery = (python, "-m", "celery", "--app", "streamwatch")
    return {
        "simulator": (python, "-m", "simulator"),
        "web": (
            *(python, "-m", "gunicorn", "streamwatch.wsgi", "--bind", f"127.0.0.1:{web}"),
            *("--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
        ),
        "live": (
            *(*uvicorn, "streamwatch.asgi:application", *SOCKET_OPTIONS.split()),
            *("--port", str(live)),
        ),
        "worker": (*celery, "worker", "--concurrency", "1", "--loglevel", "WARNING"),
        "beat": (*celery, "beat", "--schedule", str(folder / "beat"), "--loglevel", "WARNING"),
        "front": (*uvicorn, "tests.browser.front:application", "--port", str(front)),
    }


def _as_they_are(commands: Commands, _: Path) -> Commands:
    return commands


@contextmanager
def production(
    database_url: str,
    redis_url: str,
    commands_of: Callable[[Commands, Path], Commands] = _as_they_are,
    /,
    **more: str,
) -> Iterator[Running]:
    """MariaDB, Redis, web and live processes; one process a role, unless `commands_of` (which
    gets the usual commands and a folder) wants more. `more` are variables of their environment."""
    with leash() as held:
        web, live, front, simulator = ports.free(4)
        environment = production_environment(
            database_url=database_url,
            redis_url=redis_url,
            folder=held.folder,
            front=front,
            simulator=simulator,
        )
        environment |= {
            "FRONT_WEB": f"http://127.0.0.1:{web}",
            "FRONT_LIVE": f"http://127.0.0.1:{live}",
            **more,
        }
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        _collect_static_files(environment)
        running = Running(
            url=f"http://localhost:{front}",
            simulator_url=f"http://localhost:{simulator}",
            processes={},
            log_file=held.folder / "log",
            folder=held.folder,
            commands=commands_of(production_commands(held.folder, web, live, front), held.folder),
            environment=held.environment(environment),
        )
        try:
            for role in running.commands:
                running.start(role)
            wait_for(lambda: answers(f"{running.simulator_url}/health"), running, 60)
            wait_for(lambda: answers(f"http://127.0.0.1:{live}/health/ready"), running, 60)
            wait_for(lambda: answers(f"{running.url}/health/ready"), running, 60)
            yield running
        finally:
            for process in running.processes.values():
                process.terminate()
            for process in running.processes.values():
                _wait_or_kill(process)


def _collect_static_files(environment: Mapping[str, str]) -> None:
    """One process of the tests at a time; whoever comes later finds that nothing has changed."""
    lock = STATIC_ROOT.with_suffix(".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        prepare.static_files(environment)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
