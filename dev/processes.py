"""The processes of `make run` under honcho: app, worker with beat, simulator.

Runs in .venv. Ctrl-C stops all of them; one that dies stops the rest, and its reason is told.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import environ
from honcho.manager import Manager
from honcho.printer import Message, Printer

from dev import environment, prepare
from dev.install import ROOT, say
from dev.ready import announce, refuse_taken_ports

VAR = ROOT / "var"
PYTHON = "exec .venv/bin/python"
# Celery warns root at length; this worker takes tasks from nobody but ourselves.
QUIETLY = '-W "ignore:You\'re running the worker"'
# How WebSockets are served: 2,000 idle ones with compression take more memory. A
# frame that is too large for PubSub is answered in its words, one that is far too large closed.
SOCKETS: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,
    "ws_max_size": 64 * 1024,
}
SOCKET_OPTIONS = " ".join(
    f"--{name.replace('_', '-')} {str(value).lower()}" for name, value in SOCKETS.items()
)
COMMANDS = {
    "app": (
        f"{PYTHON} -m uvicorn streamwatch.asgi:application --host 127.0.0.1 --port $PORT"
        " --lifespan on --no-access-log --log-level warning --timeout-graceful-shutdown 3"
        f" {SOCKET_OPTIONS}"
    ),
    "worker": (
        f"{PYTHON} {QUIETLY} -m celery --quiet --app streamwatch worker --beat"
        " --schedule var/celerybeat-schedule --loglevel INFO --concurrency 2"
        " --without-gossip --without-mingle --without-heartbeat"
    ),
    "simulator": f"{PYTHON} -m simulator",
}

REAL_TWITCH = "Using the real Twitch, for TWITCH_CLIENT_ID is set; its database is {database}."
READY = "StreamWatch is ready: {app_url}"
LOCAL_TWITCH = "Make things happen at the local Twitch: {simulator_url}"
DIED = "StreamWatch stopped because its {name} {ending}; the last line it wrote: {last_line}"


class LastLines(Printer):  # type: ignore[misc]  # honcho has no types
    """honcho's printer; remembers the last line of each process."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.last_line: dict[str, str] = {}

    def write(self, message: Message) -> None:
        """Print one line and keep its text."""
        text = message.data
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if text.strip():
            self.last_line[message.name] = text.strip()
        super().write(message)


class Group:
    """How honcho ends a process: politely the process alone, by force with all it started.

    honcho would send SIGTERM to the whole group; Celery, whose children are then shot beneath
    it, logs errors and takes up to 5 s to stop.
    """

    def terminate(self, pid: int) -> None:
        """Ask the process to stop; it stops its own children."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def kill(self, pid: int) -> None:
        """End the process and its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


class Processes(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager; knows which process died first, and can be stopped at any moment."""

    def __init__(self) -> None:
        self.lines = LastLines()
        super().__init__(printer=self.lines)
        self._procmgr = Group()
        self.died: dict[str, int] = {}

    def terminate(self) -> None:
        """Stop all; those that have ended before are the reason."""
        if not self._terminating:
            ended = {name: one.get("returncode") for name, one in self._processes.items()}
            self.died = {name: code for name, code in ended.items() if code is not None}
        super().terminate()

    def _start(self) -> None:
        # A Ctrl-C before every process has told its id would find nobody to stop.
        with signals_put_off():
            super()._start()
            lines = []
            while not self._all_started():
                message = self.events.get()
                if message.type == "start":
                    self._processes[message.name]["pid"] = message.data["pid"]
                else:
                    lines.append(message)
        for message in lines:
            self.events.put(message)


@contextmanager
def signals_put_off() -> Iterator[None]:
    """Deliver SIGINT and SIGTERM at the end of the block; new processes do not inherit this."""
    arrived: list[int] = []

    def note(signum: int, _frame: FrameType | None) -> None:
        arrived.append(signum)

    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, note) for one in wanted}
    try:
        yield
    finally:
        for one in wanted:
            signal.signal(one, before[one])
        for signum in arrived:
            os.kill(os.getpid(), signum)


def start(plan: environment.Plan) -> int:
    """Run until stopped; 0 when somebody asked for it, else 1 with the reason told."""
    # honcho's processes are not made to be pickled, which the default of newer Pythons needs.
    multiprocessing.set_start_method("fork")
    variables = {**os.environ, **plan.variables}
    manager = Processes()
    for name, command in COMMANDS.items():
        if name != "simulator" or plan.local_twitch:
            manager.add_process(name, command, env=variables, cwd=str(ROOT))
    health = {plan.port: "/health/ready"}
    sentences: tuple[str, ...] = (READY.format(app_url=plan.app_url),)
    if plan.local_twitch:
        health[plan.simulator_port] = "/health"
        sentences = (LOCAL_TWITCH.format(simulator_url=plan.simulator_url), *sentences)
    announcer = multiprocessing.Process(target=_announce, args=(health, sentences), daemon=True)
    announcer.start()
    try:
        manager.loop()
    finally:
        announcer.kill()
    for name, code in manager.died.items():
        line = manager.lines.last_line.get(name, "(nothing)")
        sys.stderr.write(DIED.format(name=name, ending=ending(code), last_line=line) + "\n")
    return 1 if manager.died else 0


def _announce(health: dict[int, str], sentences: tuple[str, ...]) -> None:
    # The terminal's Ctrl-C reaches this process too; it has nothing to say about it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    announce(health, sentences)


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended by itself with exit code {code}"


def main() -> int:
    """Read .env, make database and static files ready, and start."""
    environ.Env.read_env(ROOT / ".env")
    VAR.mkdir(exist_ok=True)
    plan = environment.plan(os.environ, VAR)
    used = [plan.port, plan.simulator_port] if plan.local_twitch else [plan.port]
    refuse_taken_ports(used)
    variables = {**os.environ, **plan.variables}
    if not plan.local_twitch:
        say(REAL_TWITCH.format(database=variables["DATABASE_URL"]))
    prepare.database(variables)
    prepare.static_files(variables)
    return start(plan)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
