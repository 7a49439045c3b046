"""An old Python gets one sentence, from a file that it can still read."""

from __future__ import annotations

import ast

import pytest

from dev import OLDEST_PYTHON, python_refusal
from tests.house.reading import ROOT, python


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 13), (3, 10)])
def test_an_old_python_gets_a_sentence(version: tuple[int, ...]) -> None:
    sentence = python_refusal(version)
    assert sentence.startswith("StreamWatch needs Python 3.11 or newer, and python3 is ")
    assert f"{version[0]}.{version[1]}:" in sentence


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (4, 0, 0)])
def test_a_new_python_gets_none(version: tuple[int, ...]) -> None:
    assert python_refusal(version) == ""


def test_an_old_python_can_read_as_far_as_the_sentence() -> None:
    source = (ROOT / "dev" / "__init__.py").read_text()
    assert ast.parse(source, feature_version=(3, 4)).body != []
    assert "__future__ import annotations\n" not in source.partition('"""\n\n')[2]


def test_a_file_that_an_old_python_cannot_read_is_found() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match x:\n    case 1: pass", feature_version=(3, 4))


def test_all_files_are_for_the_python_that_is_promised() -> None:
    assert OLDEST_PYTHON == (3, 11)
    for file in python():
        ast.parse((ROOT / file).read_text(), str(file), feature_version=OLDEST_PYTHON)
