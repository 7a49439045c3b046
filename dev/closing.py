"""A pytest plugin: prints what each part of `make test` took, above pytest's closing line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from dev import parts

TITLE = "what each part took"
_started = time.monotonic()


# The outermost wrapper: what it prints at its end comes after the list of failures.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int | pytest.ExitCode
) -> Iterator[None]:
    """Print the parts before this one, and this one."""
    yield
    before = parts.load(os.environ.get(parts.VARIABLE, "[]"))
    this = parts.Part(
        name="all tests with a browser",
        seconds=time.monotonic() - _started,
        failed=exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED),
    )
    terminalreporter.section(TITLE)
    for line in parts.lines(parts.Parts([*before.done, this])):
        terminalreporter.line(line, red=line.endswith("FAILED"))
