"""`make test`, `make lint` and `make bench`: what they run, in which order, and their codes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dev import bench, children, install, lint, parts, stage, test
from tests import environment

PREPARED = stage.Stage(on_sqlite={"ON": "sqlite"}, on_servers={"ON": "servers"})


class Runs:
    """In the place of `children.run`: notes the commands and answers with codes."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.variables: list[Mapping[str, str]] = []
        self.codes = [0, 0, 0, 0]

    def __call__(self, command: Sequence[object], variables: Mapping[str, str]) -> int:
        self.commands.append(" ".join(map(str, command[1:])))
        self.variables.append(variables)
        return self.codes.pop(0)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The commands with nothing installed and no server started."""
    noted = Runs()

    @contextmanager
    def staged(_parts: parts.Parts) -> Iterator[stage.Stage]:
        yield PREPARED

    monkeypatch.setattr(children, "run", noted)
    for command in (test, bench):
        monkeypatch.setattr(command, "stage", staged)
    return noted


def test_make_test_runs_lint_and_then_every_test_once_and_the_apps_on_sqlite_too(
    runs: Runs,
) -> None:
    assert test.main([]) == 0
    assert [command.split(" -")[0] for command in runs.commands] == [
        "-m dev.lint",
        *3 * ["-m pytest"],
    ]
    for command, selected in zip(
        runs.commands[1:], ("-m sqlite", "-m not browser", "-m browser"), strict=True
    ):
        assert command.endswith(selected)
    assert "--numprocesses" not in runs.commands[3]
    assert [variables["ON"] for variables in runs.variables] == [
        *("servers", "sqlite", "servers", "servers")
    ]


def test_what_is_asked_for_reaches_pytest(runs: Runs) -> None:
    test.main(["tests/activity", "-k", "feed"])
    assert all(command.endswith("tests/activity -k feed") for command in runs.commands[1:])


@pytest.mark.parametrize(
    ("codes", "arguments", "code"),
    [
        ([1, 0, 0, 0], [], 1),
        ([0, 1, 0, 0], [], 1),
        ([0, 0, 1, 0], [], 1),
        ([0, 0, 0, 1], [], 1),
        ([0, 0, 0, 2], [], 2),
        # No test for SQLite at all would be a mistake, unless only some were asked for.
        ([0, 5, 0, 0], [], 5),
        ([0, 5, 5, 0], ["-k", "browser"], 0),
        ([0, 0, 0, 5], ["-k", "feed"], 0),
        ([1, 0, 0, 5], ["-k", "feed"], 1),
        ([0, 0, 1, 5], ["-k", "feed"], 1),
        ([0, 5, 5, 5], ["-k", "nothing"], 5),
    ],
)
def test_every_part_runs_and_each_can_fail(
    runs: Runs, codes: list[int], arguments: list[str], code: int
) -> None:
    runs.codes = list(codes)
    assert test.main(arguments) == code
    assert len(runs.commands) == 4


def test_the_last_part_knows_what_the_others_took(runs: Runs) -> None:
    runs.codes = [1, 0, 0, 0]
    test.main([])
    told = parts.load(runs.variables[-1][parts.VARIABLE])
    assert [(one.name, one.failed) for one in told.done] == [
        ("lint", True),
        ("the apps' tests, on SQLite", False),
        ("all tests without a browser, on MariaDB", False),
    ]


def test_make_bench_runs_the_measurements_asked_for(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    monkeypatch.setenv("ONLY", "streams or crash")
    runs.codes = [3]
    assert bench.main() == 3
    assert "-m bench -s" in runs.commands[0]
    assert runs.commands[0].endswith("-k streams or crash tests/load")
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "absent")
    with pytest.raises(SystemExit, match="nothing to measure"):
        bench.main()


def closing(folder: Path, code: str, told: parts.Parts) -> subprocess.CompletedProcess[str]:
    """A real pytest with dev/closing.py, for a test of its own."""
    (folder / "test_it.py").write_text(code)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "dev.closing", "-p", "no:django"),
            *("-c", os.devnull, "--rootdir", str(folder), str(folder)),
        ],
        env={**environment.bare(), "PYTHONPATH": str(install.ROOT), parts.VARIABLE: told.dump()},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_table_stands_above_pytests_closing_line(tmp_path: Path) -> None:
    told = parts.Parts([parts.Part(name="lint", seconds=61.04, failed=True)])
    done = closing(tmp_path, "def test_it(): assert 1 + 1 == 2", told)
    *_, title, lint_line, all_line, last = filter(None, done.stdout.splitlines())
    assert "what each part took" in title
    assert lint_line.split() == ["lint", "61.0", "s", "FAILED"]
    assert all_line.startswith("all tests with a browser")
    assert all_line.endswith(" s")
    assert "1 passed in" in last
    assert done.stderr == ""


def test_a_failure_stands_in_the_table_too(tmp_path: Path) -> None:
    done = closing(tmp_path, "def test_it(): assert False", parts.Parts())
    *_, all_line, last = filter(None, done.stdout.splitlines())
    assert all_line.endswith("FAILED")
    assert "1 failed in" in last


def test_parts_are_measured_and_told_apart() -> None:
    measured = parts.Parts()
    with measured.part("good"):
        pass
    with measured.part("bad") as part:
        part.failed = True
    with pytest.raises(ZeroDivisionError), measured.part("broken"):
        raise ZeroDivisionError
    assert [one.name for one in measured.done] == ["good", "bad", "broken"]
    assert measured.failed
    assert parts.load(measured.dump()) == measured


def lint_with(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], **codes: int
) -> tuple[int, str]:
    """`make lint` with steps that print their name and end with these codes."""
    steps = {
        name: (sys.executable, "-c", f"print('{name} says'); raise SystemExit({code})")
        for name, code in codes.items()
    }
    monkeypatch.setattr(lint, "STEPS", steps)
    monkeypatch.delenv("TEST_MARIADB_URL", raising=False)
    return lint.main(), capfd.readouterr().out


def test_lint_tells_which_step_failed_and_runs_all(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out = lint_with(monkeypatch, capfd, one=1, two=0, three=2)
    assert code == 1
    assert out.splitlines()[-1] == "Lint failed: one, three"
    assert "one says" in out
    assert "two says" not in out
    assert "three says" in out


def test_lint_without_findings(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, out = lint_with(monkeypatch, capfd, one=0, two=0)
    assert code == 0
    assert out.splitlines()[-1] == "Lint found nothing in 2 steps"


def test_lint_checks_mariadb_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def step(name: str, _command: Sequence[str], variables: Mapping[str, str]) -> bool:
        seen.append((name, variables["DATABASE_URL"]))
        return name != lint.ON_MARIADB

    monkeypatch.setattr(lint, "step", step)
    monkeypatch.setenv("TEST_MARIADB_URL", "mysql://somewhere/else")
    assert lint.main() == 1
    assert seen[-1] == ("check on MariaDB", "mysql://somewhere/else")
    assert {url for _, url in seen[:-1]} == {"sqlite://:memory:"}
    assert {name for name, _ in seen} >= {"ruff check", "mypy", "lint-imports", "djlint --lint"}


def test_lint_reads_nobodys_settings() -> None:
    variables = lint.steps_environment({"SECRET_KEY": "mine", "DEBUG": "true", "PATH": "/bin"})
    assert variables["SECRET_KEY"] == environment.VALUES["SECRET_KEY"]
    assert variables["PATH"] == "/bin"
    assert "DEBUG" not in variables


def test_a_shells_environment_has_nothing_of_ours() -> None:
    given = {
        "PATH": "/bin",
        "HOME": "/root",
        "DATABASE_URL": "mysql://somewhere/else",
        "TWITCH_CLIENT_ID": "x",
        "SIMULATOR_STATE": "x",
        "TEST_REDIS_URL": "x",
        "MAKEFLAGS": "-s",
        "PYTEST_CURRENT_TEST": "x",
        "SWEEP_SECONDS": "0",
    }
    assert environment.bare(given) == {"PATH": "/bin", "HOME": "/root"}


def test_ci_runs_make_test() -> None:
    script = install.ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text()
    subprocess.run(["bash", "-n", script], check=True)
