"""What the commands need of the system: installed by apt when root on Debian, else named."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.install import say
from dev.servers import ServerFailed, found

PLEASE_INSTALL = (
    "Missing: {packages}. Install these packages (Debian: apt-get install {packages}) and run"
    " the command again."
)
APT_FAILED = (
    "apt-get could not install {packages} (it says why above): install them yourself and run"
    " the command again."
)
NO_SERVICES = Path("/usr/sbin/policy-rc.d")


def has_program(name: str) -> bool:
    """True when the program `name` is installed, on PATH or where Debian keeps servers."""
    try:
        found(name)
    except ServerFailed:
        return False
    return True


def has_python_header() -> bool:
    """True when C code for this Python can be compiled."""
    return (Path(sysconfig.get_path("include")) / "Python.h").is_file()


def has_mariadb_header() -> bool:
    """True when pkg-config knows MariaDB's client library."""
    if shutil.which("pkg-config") is None:
        return False
    return subprocess.run(["pkg-config", "--exists", "libmariadb"]).returncode == 0


# Debian's name of each package, and how to see that what it brings is there.
FOR_BUILDING: dict[str, Callable[[], bool]] = {
    "python3-venv": lambda: importlib.util.find_spec("ensurepip") is not None,
    "python3-dev": has_python_header,
    "gcc": lambda: has_program("gcc"),
    "pkg-config": lambda: has_program("pkg-config"),
    "libmariadb-dev": has_mariadb_header,
}
FOR_TESTING: dict[str, Callable[[], bool]] = {
    **FOR_BUILDING,
    "mariadb-server": lambda: has_program("mariadbd") and has_program("mariadb-install-db"),
    "redis-server": lambda: has_program("redis-server"),
    "chromium": lambda: has_program("chromium"),
}


def bring(wanted: dict[str, Callable[[], bool]]) -> None:
    """Install what is missing of `wanted`; where that is not ours to do, end with its names."""
    absent = missing(wanted)
    if not absent:
        return
    if not can_install():
        sys.exit(PLEASE_INSTALL.format(packages=" ".join(absent)))
    say(f"Installing {' '.join(absent)}")
    if not apt_install(absent) or missing(wanted):
        sys.exit(APT_FAILED.format(packages=" ".join(missing(wanted) or absent)))


def missing(wanted: dict[str, Callable[[], bool]]) -> list[str]:
    """The names of those packages in `wanted` that are not there."""
    importlib.invalidate_caches()
    return [name for name, is_there in wanted.items() if not is_there()]


def can_install() -> bool:
    """True for root on Debian or a system made from it."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(names: Iterable[str]) -> bool:
    """`apt-get update` and `install`, asking nothing and starting no service; False on failure."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ("DPkg::Lock::Timeout=120", "Dpkg::Use-Pty=0")
    apt = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    with services_left_alone():
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
            done = subprocess.run([*apt, *arguments], env=variables, stdin=subprocess.DEVNULL)
            if done.returncode != 0:
                return False
    return True


@contextmanager
def services_left_alone() -> Iterator[None]:
    """Keep Debian from starting the servers it installs: the tests start their own."""
    if NO_SERVICES.exists():
        yield
        return
    NO_SERVICES.write_text("#!/bin/sh\nexit 101\n")
    NO_SERVICES.chmod(0o755)
    try:
        yield
    finally:
        NO_SERVICES.unlink()
