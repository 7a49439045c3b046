"""EventSub's message signature.

Source: https://dev.twitch.tv/docs/eventsub/handling-webhook-events (verifying the signature).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

PREFIX = b"sha256="


def sign(secret: bytes, message_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """The signature header's value: `sha256=` and 64 lower-case hex digits."""
    mac = hmac.new(secret, digestmod=hashlib.sha256)
    mac.update(message_id)
    mac.update(timestamp)
    mac.update(body)
    return PREFIX + mac.hexdigest().encode()


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell this secret from the one before, and not what it is.

    A made-up secret of 100 bits stays as hard to guess; one of few bits should not be used.
    """
    return hashlib.sha256(b"EventSub secret: " + secret.encode()).hexdigest()[:8]


def is_signed(
    secrets: Sequence[bytes], *, message_id: bytes, timestamp: bytes, body: bytes, signature: bytes
) -> bool:
    """Whether `signature` was made with any of `secrets`; every comparison is constant-time."""
    # No early exit: the time taken must not tell which secret matched.
    matches = [
        hmac.compare_digest(sign(secret, message_id, timestamp, body), signature)
        for secret in secrets
    ]
    return any(matches)
