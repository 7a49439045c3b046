"""`make run`: installs what is missing, then starts StreamWatch (dev/processes.py)."""

from __future__ import annotations

import os

from dev import environment, install
from dev.ready import refuse_taken_ports

DOTENV = install.ROOT / ".env"


def main() -> None:
    """First start: a minute of installing. Later starts: only stamps are read here."""
    if not DOTENV.exists():
        # Told before a minute is spent on installing; with a .env, that is read later.
        chosen = environment.chosen_ports(os.environ)
        refuse_taken_ports(chosen[:1] if environment.real_twitch(os.environ) else chosen)
    install.for_running()
    if environment.write_dotenv(DOTENV):
        install.say("Wrote .env with secrets for this machine")
    install.use_venv("dev.processes")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
