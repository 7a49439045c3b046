"""Which addresses messages may be sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether the address is this machine's own; the only kind anything is sent to."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def callback_is_allowed(url: str) -> bool:
    """https on port 443, or anything on loopback, for this is a local Twitch."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        return False
    return is_loopback(url) or (parts.scheme == "https" and port in (None, 443))
