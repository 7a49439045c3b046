"""A program around twitchAPI's EventSubWebsocket: prints as JSON lines what it is told.

A process of its own, for EventSubWebsocket runs an event loop in a thread of its own.
Arguments: the simulator's address, client id and secret, Ada's access and refresh token.
It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from twitchAPI.eventsub.websocket import EventSubWebsocket
from twitchAPI.twitch import Twitch
from twitchAPI.type import AuthScope, EventSubSubscriptionConflict

ADA, BOB = "700000001", "700000002"
SCOPES = [AuthScope.USER_READ_WHISPERS, AuthScope.MODERATOR_READ_FOLLOWERS]


def tell(**said: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def told(message: Any) -> None:
    """Print an event as twitchAPI's model has it."""
    tell(type=message.subscription.type, event=message.event.to_dict())


async def revoked(payload: dict[str, Any]) -> None:
    """Print why a subscription has ended."""
    tell(revoked=payload["subscription"]["status"])


async def main() -> None:
    """Subscribe, tell, end."""
    url, client_id, client_secret, access, refresh = sys.argv[1:]
    twitch = await Twitch(
        client_id, client_secret, base_url=f"{url}/helix/", auth_base_url=f"{url}/oauth2/"
    )
    await twitch.set_user_authentication(access, SCOPES, refresh)
    socket = EventSubWebsocket(
        twitch,
        connection_url=f"{url.replace('http', 'ws', 1)}/ws",
        revocation_handler=revoked,
    )
    await asyncio.to_thread(socket.start)
    await socket.listen_stream_online(ADA, told)
    await socket.listen_user_whisper_message(ADA, told)
    await socket.listen_channel_follow_v2(ADA, ADA, told)
    try:
        await socket.listen_stream_online(ADA, told)
    except EventSubSubscriptionConflict as conflict:
        tell(conflict=str(conflict))
    await asyncio.to_thread(sys.stdin.read)
    await socket.stop()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main())
    # Its thread would run on for a while.
    os._exit(0)
