"""A program around twitchAPI's EventSubWebhook: prints as JSON lines what it is told.

A process of its own, for EventSubWebhook leaves its sockets and its event loop behind.
Arguments: the simulator's address, client id and secret, port, certificate file, key file.
It unsubscribes and ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from typing import Any

from twitchAPI.eventsub.webhook import EventSubWebhook
from twitchAPI.twitch import Twitch
from twitchAPI.type import EventSubSubscriptionConflict

ADA = "700000001"


def tell(**said: Any) -> None:
    """Print one line."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


async def told(message: Any) -> None:
    """Print an event as twitchAPI's model has it."""
    tell(type=message.subscription.type, event=message.event.to_dict())


async def main() -> None:
    """Subscribe, tell, unsubscribe."""
    url, client_id, client_secret, port, cert_file, key_file = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    twitch = await Twitch(
        client_id, client_secret, base_url=f"{url}/helix/", auth_base_url=f"{url}/oauth2/"
    )
    # EventSubWebhook insists on https.
    webhook = EventSubWebhook(
        f"https://localhost:{port}", int(port), twitch, context, host_binding="127.0.0.1"
    )
    await asyncio.to_thread(webhook.start)
    await webhook.listen_stream_online(ADA, told)
    await webhook.listen_channel_update_v2(ADA, told)
    await webhook.listen_channel_raid(told, to_broadcaster_user_id=ADA)
    try:
        await webhook.listen_stream_online(ADA, told)
    except EventSubSubscriptionConflict as conflict:
        tell(conflict=str(conflict))
    await asyncio.to_thread(sys.stdin.read)
    await webhook.unsubscribe_all_known()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(main())
    # Its thread would run on for ever.
    os._exit(0)
