"""Every variable that StreamWatch reads is in .env.example, and nothing else is."""

from __future__ import annotations

import ast

from tests import environment
from tests.house.reading import ROOT, app_python, assert_nothing, calls, findings, name, nodes

# Read by `make run` alone (dev/environment.py).
MAKE_RUN = {"PORT", "SIMULATOR_PORT"}
# Where the environment may be read: the settings' own reader, and the points at which only
# tests have a process killed.
READERS = ("streamwatch/environment.py", "streamwatch/crashing.py")


def read_names(text: str) -> set[str]:
    """The names asked of `env` or of `os.environ`."""
    return {
        call.args[0].value
        for call in calls(text)
        if name(call.func).startswith("env.") and call.args
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


def differences(settings: str, listed: list[str]) -> list[str]:
    """The names in one of the two only, and those listed twice."""
    read = read_names(settings) | MAKE_RUN
    return sorted({*read.symmetric_difference(listed), *(x for x in listed if listed.count(x) > 1)})


def environ_reads(text: str) -> list[str]:
    """Reads of os.environ; `setdefault`, with which a role chooses, is none."""
    kept = {
        id(call.func.value)
        for call in calls(text)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "setdefault"
    }
    return [
        f"{getattr(node, 'lineno', 0)}: {name(node)}"
        for node in nodes(text, ast.Attribute, ast.Name)
        if isinstance(node, ast.expr)
        and name(node) in {"os.environ", "os.getenv", "environ", "getenv"}
        and isinstance(getattr(node, "ctx", None), ast.Load)
        and id(node) not in kept
    ]


def test_the_example_lists_what_the_settings_read() -> None:
    settings = (ROOT / "streamwatch" / "settings.py").read_text()
    assert_nothing(differences(settings, environment.example_names()))
    command = (ROOT / "dev" / "environment.py").read_text()
    assert all(f'"{variable}"' in command for variable in MAKE_RUN)


def test_only_the_settings_read_the_environment() -> None:
    files = app_python(but=(*READERS, "streamwatch/settings.py"))
    assert_nothing(findings(files, environ_reads))


def test_each_value_of_the_tests_is_a_setting() -> None:
    assert set(environment.VALUES) <= set(environment.example_names())


def test_a_variable_in_one_place_only_is_found() -> None:
    settings = 'A = env.text("A")\nB = env.number("B", 3)\nenv.required("C", "why")'
    both = ["PORT", "SIMULATOR_PORT"]
    assert differences(settings, ["A", "B", "C", *both]) == []
    assert differences(settings, ["A", "B", "D", *both]) == ["C", "D"]
    assert differences(settings, ["A", "B", "C", "C", *both]) == ["C"]


def test_a_read_beside_the_settings_is_found() -> None:
    assert environ_reads('import os\nx = os.environ["X"]') == ["2: os.environ"]
    assert environ_reads('x = os.environ.get("X")') == ["1: os.environ"]
    assert environ_reads('x = os.getenv("X")') == ["1: os.getenv"]
    assert environ_reads('os.environ.setdefault("X", "1")') == []
