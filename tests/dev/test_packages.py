"""What is missing on the system: installed by apt when root on Debian, else named."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from dev import packages


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that notes how it was called and makes the files it is to install."""
    noted = tmp_path / "noted"
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$DEBIAN_FRONTEND $*" >> {noted}\n'
        f'test -e {tmp_path}/policy && echo "no service starts" >> {noted}\n'
        f"test ! -e {tmp_path}/broken || exit 100\n"
        f'case "$*" in *install*) touch {tmp_path}/installed ;; esac\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(packages, "NO_SERVICES", tmp_path / "policy")
    return noted


def test_the_tests_own_machine_has_all() -> None:
    assert packages.missing(packages.FOR_TESTING) == []


def test_all_packages_of_the_brief_are_looked_for() -> None:
    assert list(packages.FOR_TESTING) == [
        *("python3-venv", "python3-dev", "gcc", "pkg-config", "libmariadb-dev"),
        *("mariadb-server", "redis-server", "chromium"),
    ]


def test_nothing_is_done_when_nothing_is_missing(apt: Path) -> None:
    packages.bring({"there": lambda: True})
    assert not apt.exists()


def test_root_on_debian_gets_what_is_missing(apt: Path, tmp_path: Path) -> None:
    packages.bring({"there": lambda: True, "absent": (tmp_path / "installed").exists})
    first, _, second, third = apt.read_text().splitlines()
    assert first.startswith("noninteractive")
    assert first.endswith("update")
    assert second.endswith("install --yes --no-install-recommends absent")
    assert third == "no service starts"
    assert not (tmp_path / "policy").exists()


def test_an_own_policy_for_services_stays(apt: Path, tmp_path: Path) -> None:
    (tmp_path / "policy").write_text("mine")
    packages.bring({"absent": (tmp_path / "installed").exists})
    assert (tmp_path / "policy").read_text() == "mine"
    assert stat.S_IMODE((tmp_path / "policy").stat().st_mode) & stat.S_IRUSR


def test_a_failing_apt_ends_with_the_names(apt: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(SystemExit, match="apt-get could not install one two"):
        packages.bring({"one": lambda: False, "two": lambda: False})
    assert not (tmp_path / "policy").exists()


def test_a_package_that_does_not_help_is_named(apt: Path) -> None:
    with pytest.raises(SystemExit, match="apt-get could not install two"):
        packages.bring({"one": apt.exists, "two": lambda: False})


@pytest.mark.parametrize("reason", ["not root", "not Debian"])
def test_elsewhere_the_packages_are_named(
    apt: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: str
) -> None:
    if reason == "not root":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        packages.bring({"one": lambda: False, "there": lambda: True, "two": lambda: False})
    assert str(ended.value) == (
        "Missing: one two. Install these packages (Debian: apt-get install one two) and run the"
        " command again."
    )
    assert not apt.exists()


def test_without_pkg_config_no_header_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_options: None)
    assert not packages.has_mariadb_header()
    assert not packages.has_program("gcc")
