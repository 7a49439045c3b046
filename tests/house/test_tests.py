"""The tests themselves: each asserts something, and no assertion is one that cannot fail."""

from __future__ import annotations

import ast

import pytest

from tests.house.reading import assert_nothing, calls, findings, functions, last_name, nodes, python

# `with` blocks and calls that fail a test; helpers are named like them.
ASSERTING = ("assert", "expect")
RAISING = {"raises", "warns", "fail", "deprecated_call"}
QUERY_COUNTS = {"assertNumQueries", "django_assert_num_queries", "django_assert_max_num_queries"}


def asserts(function: ast.FunctionDef | ast.AsyncFunctionDef, helpers: set[str]) -> bool:
    """True when something in it can fail on purpose, itself or one of `helpers`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = last_name(node.func)
            if called.lstrip("_").startswith(ASSERTING) or called in RAISING | helpers:
                return True
    return False


def asserting_helpers(text: str) -> set[str]:
    """The functions of the module that assert, also by way of each other."""
    helpers: set[str] = set()
    while True:
        found = {one.name for one in functions(text) if asserts(one, helpers)}
        if found == helpers:
            return {name for name in found if not name.startswith("test_")}
        helpers = found


def idle_tests(text: str) -> list[str]:
    """Test functions in which nothing can fail on purpose.

    A helper of another module that asserts has a name that says so: assert_..., expect_...
    """
    helpers = asserting_helpers(text)
    return [
        f"{one.lineno}: {one.name}"
        for one in functions(text)
        if one.name.startswith("test_") and not asserts(one, helpers)
    ]


def bare_query_counts(text: str) -> list[str]:
    """A count of queries that is not the head of a `with`: it would never be compared."""
    heads = {
        id(item.context_expr)
        for node in nodes(text, ast.With, ast.AsyncWith)
        for item in getattr(node, "items", [])
    }
    return [
        f"{call.lineno}: {last_name(call.func)}"
        for call in calls(text)
        if last_name(call.func) in QUERY_COUNTS and id(call) not in heads
    ]


def constant_asserts(text: str) -> list[str]:
    """`assert True`, `assert (x, "message")` and the like."""
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in nodes(text, ast.Assert)
        if isinstance(node, ast.Assert)
        and isinstance(node.test, ast.Constant | ast.Tuple | ast.JoinedStr)
    ]


def test_every_test_asserts_something() -> None:
    tests = [file for file in python() if file.name.startswith("test_")]
    assert tests != []
    assert_nothing(findings(tests, idle_tests))


def test_query_counts_are_compared() -> None:
    assert_nothing(findings(python(), bare_query_counts))


def test_no_assertion_is_always_true() -> None:
    assert_nothing(findings(python(), constant_asserts))


@pytest.mark.parametrize(
    "bad",
    [
        "def test_x():\n    print(1)",
        "async def test_x():\n    await thing()",
        "class T(TestCase):\n    def test_x(self):\n        self.client.get('/')",
        "def test_x():\n    look()\ndef look():\n    get('/')",
        "from elsewhere import judge\ndef test_x():\n    judge(page)",
    ],
)
def test_an_idle_test_is_found(bad: str) -> None:
    assert len(idle_tests(bad)) == 1


@pytest.mark.parametrize(
    "good",
    [
        "def test_x():\n    assert x",
        "def test_x():\n    with pytest.raises(Refused):\n        x()",
        "def test_x():\n    expect(page).to_have_title('x')",
        "def test_x(self):\n    self.assertContains(x, 'y')",
        "def test_x():\n    assert_harmless(x)",
        "def test_x():\n    look()\ndef look():\n    judge()\ndef judge():\n    assert x",
        "class T(TestCase):\n    def test_x(self):\n        self.refused()\n"
        "    def refused(self):\n        self.assertEqual(1, 1)",
        "def setup():\n    pass",
    ],
)
def test_a_test_that_asserts_is_let_be(good: str) -> None:
    assert idle_tests(good) == []


@pytest.mark.parametrize(
    "bad",
    [
        "self.assertNumQueries(1)\nself.client.get('/')",
        "x = self.assertNumQueries(1)",
        "django_assert_num_queries(3)",
    ],
)
def test_a_bare_query_count_is_found(bad: str) -> None:
    assert len(bare_query_counts(bad)) == 1
    assert bare_query_counts("with self.assertNumQueries(1), other():\n    x()") == []


@pytest.mark.parametrize("bad", ["assert True", "assert (x == y, 'message')", "assert 1, 'x'"])
def test_an_assertion_that_cannot_fail_is_found(bad: str) -> None:
    assert len(constant_asserts(bad)) == 1
    assert constant_asserts("assert x, (1, 2)") == []
