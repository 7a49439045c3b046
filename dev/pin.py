"""Writes requirements' *.txt from their *.in: every package with its exact version.

Run by a person after a change to an `.in` file (`make pins`), never by a machine. A pinned
package that the `.in` files leave open keeps its version unless `--upgrade` is given.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from dev import install

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
PRODUCTION = ROOT / "requirements.txt"
HEADER = "# Written by `make pins` from requirements/{source}.in; edit that.\n"


def pins(file: Path) -> dict[str, str]:
    """Name and version of each package pinned in `file` (empty when there is none)."""
    if not file.exists():
        return {}
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", file.read_text(), re.MULTILINE))


def resolve(source: str, held: dict[str, str]) -> dict[str, str]:
    """What pip would install for requirements/<source>.in, `held` versions kept (network)."""
    with tempfile.TemporaryDirectory() as folder:
        report, constraints = Path(folder) / "report.json", Path(folder) / "held.txt"
        constraints.write_text("".join(f"{name}=={held[name]}\n" for name in held))
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"),
                *("--ignore-installed", "--report", str(report)),
                *("-c", str(constraints), "-r", str(FOLDER / f"{source}.in")),
            ],
            check=True,
        )
        found = json.loads(report.read_text())["install"]
    return {item["metadata"]["name"]: item["metadata"]["version"] for item in found}


def write(file: Path, source: str, packages: dict[str, str], include: str = "") -> None:
    """One sorted line a package, after the header and an optional `-r` line."""
    lines = [f"{name}=={packages[name]}\n" for name in sorted(packages, key=str.lower)]
    file.write_text("".join([HEADER.format(source=source), include, *lines]))
    print(f"{file.relative_to(ROOT)}: {len(packages)} packages")


def main() -> None:
    """Resolve all four lists, the widest first so that the others agree with it."""
    held = {} if "--upgrade" in sys.argv else pins(FOLDER / "dev.txt")
    everything = resolve("dev", held)
    base = resolve("base", everything)
    production = resolve("production", everything)
    write(FOLDER / "dev.txt", "dev", everything)
    write(FOLDER / "base.txt", "base", base)
    beyond_base = {name: production[name] for name in production.keys() - base.keys()}
    write(PRODUCTION, "production", beyond_base, include="-r requirements/base.txt\n")
    write(FOLDER / "node.txt", "node", resolve("node", {}))


if __name__ == "__main__":
    install.use_venv("dev.pin")
    main()
