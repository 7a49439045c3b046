"""`python -m simulator`: serve the local Twitch until SIGINT or SIGTERM, then exit with 0."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from simulator.config import BadConfig, from_environment
from simulator.server import CannotListen, Server

READY_LOOK_SECONDS = 0.02


async def _run(server: Server) -> None:
    server.stop_on_signals()
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(READY_LOOK_SECONDS)
    if server.started:
        sys.stdout.write(f"The local Twitch is ready: {server.config.origin}\n")
        sys.stdout.flush()
    await serving


def main() -> int:
    """Exit code: 0 when it was asked to stop, 1 when it broke or could not start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        server = Server(from_environment(os.environ))
    except (BadConfig, CannotListen) as error:
        sys.stderr.write(f"The local Twitch cannot start: {error}\n")
        return 1
    asyncio.run(_run(server))
    return int(server.broken)


if __name__ == "__main__":
    sys.exit(main())
