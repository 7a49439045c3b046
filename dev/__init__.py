"""The commands behind the Makefile; the standard library alone until .venv exists.

No `from __future__` import here: an old Python has to get as far as the sentence below.
"""

import sys

OLDEST_PYTHON = (3, 11)


def python_refusal(version):
    # type: (tuple[int, ...]) -> str
    """One sentence when this Python is too old for StreamWatch, else the empty string."""
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return ""
    return (
        "StreamWatch needs Python {}.{} or newer, and python3 is {}.{}: install a newer one and"
        " name it, for example `make run PYTHON=python3.12`."
    ).format(*(OLDEST_PYTHON + tuple(version[:2])))


_sentence = python_refusal(sys.version_info[:3])
if _sentence:
    sys.exit(_sentence)
