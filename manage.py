#!/usr/bin/env python
"""Django's command line for StreamWatch."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "streamwatch.settings")
    if (ROOT / ".env").exists():
        settings_of_make_run()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def settings_of_make_run() -> None:
    """Beside a `make run`: its .env, its database and its Twitch. What is set already stays."""
    import environ

    from dev import environment

    environ.Env.read_env(ROOT / ".env")
    os.environ.update(environment.plan(os.environ, ROOT / "var").variables)


if __name__ == "__main__":
    main()
