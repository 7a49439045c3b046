"""Functions of at most 60 lines, modules of at most 400, tasks of at most 10."""

from __future__ import annotations

import ast

from tests.house.reading import app_python, assert_nothing, findings, functions, last_name, python

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
LONGEST_TASK = 10


def long_functions(text: str) -> list[str]:
    return [
        f"{one.lineno}: {one.name} has {length(one)} lines"
        for one in functions(text)
        if length(one) > LONGEST_FUNCTION
    ]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def long_modules(text: str) -> list[str]:
    lines = len(text.splitlines())
    return [f"1: {lines} lines"] if lines > LONGEST_MODULE else []


def long_tasks(text: str) -> list[str]:
    """Decorated with Celery's `shared_task` or `app.task`; their docstring does not count."""
    found = []
    for one in functions(text):
        decorators = [
            last_name(each.func if isinstance(each, ast.Call) else each)
            for each in one.decorator_list
        ]
        documented = ast.get_docstring(one) is not None
        first = one.body[1 if documented and len(one.body) > 1 else 0]
        lines = (one.end_lineno or 0) - first.lineno + 1
        if {"shared_task", "task"} & set(decorators) and lines > LONGEST_TASK:
            found.append(f"{one.lineno}: {one.name} has {lines} lines")
    return found


def test_functions_are_short() -> None:
    assert_nothing(findings(python(), long_functions))


def test_modules_are_short() -> None:
    assert_nothing(findings(python(), long_modules))


def test_tasks_are_shells() -> None:
    assert_nothing(findings(app_python(), long_tasks))


def body(lines: int) -> str:
    return "    x = 1\n" * lines


def test_a_long_function_is_found() -> None:
    assert long_functions(f"def fits():\n{body(59)}") == []
    assert long_functions(f"\ndef long():\n{body(60)}") == ["2: long has 61 lines"]
    assert long_functions(f"class A:\n def f(self):\n  async def g():\n{body(60)}") == [
        "2: f has 62 lines",
        "3: g has 61 lines",
    ]


def test_a_long_module_is_found() -> None:
    assert long_modules("x = 1\n" * 400) == []
    assert long_modules("x = 1\n" * 401) == ["1: 401 lines"]


def test_a_long_task_is_found() -> None:
    head = "def work(id):\n    '''Does\n\n    this.'''\n"
    assert long_tasks(f"@shared_task\n{head}{body(10)}") == []
    assert long_tasks(f"@shared_task(name='x')\n{head}{body(11)}") == ["2: work has 11 lines"]
    assert long_tasks(f"@app.task\n{head}{body(11)}") == ["2: work has 11 lines"]
    assert long_tasks(f"{head}{body(11)}") == []
