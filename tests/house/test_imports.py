"""The layers of DESIGN.md section 3, as pyproject.toml tells them to import-linter."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.reading import ROOT, apps, python

LINT_IMPORTS = ROOT / ".venv" / "bin" / "lint-imports"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The clone's Python, to be spoilt."""
    for file in [*python(tests=False), Path("pyproject.toml")]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_all_contracts_are_kept() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("accounts/extra.py", "import webhooks", "Upper apps import lower ones only"),
        ("subscriptions/extra.py", "import activity", "Upper apps import lower ones only"),
        ("streamwatch/twitch/extra.py", "import streamwatch.live", "Upper apps import lower"),
        ("simulator/extra.py", "import streamwatch", "The simulator stands alone"),
        ("activity/extra.py", "import simulator", "Nothing imports the simulator"),
        ("streamwatch/twitch/extra.py", "import django", "Twitch's API is plain Python"),
        ("activity/models.py", "import httpx", "Models know no network and no tasks"),
    ],
)
def test_a_broken_contract_is_found(copy: Path, file: str, line: str, contract: str) -> None:
    with (copy / file).open("a") as opened:
        opened.write(f"\n{line}\n")
    done = lint_imports(copy)
    assert done.returncode != 0
    broken = [one for one in done.stdout.splitlines() if one.endswith("BROKEN")]
    assert any(contract in one for one in broken), done.stdout


def test_every_package_is_under_contract() -> None:
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    packages = {file.parts[0] for file in python(tests=False) if len(file.parts) > 1}
    assert packages == set(contracts["root_packages"])
    layers = [word for layer in contracts["contracts"][0]["layers"] for word in layer.split(" | ")]
    assert set(apps()) <= {word.partition(".")[0] for word in layers}
