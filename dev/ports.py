"""Ports on this machine: which are taken, and free ones for throwaway servers."""

from __future__ import annotations

import errno
import socket

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def free(how_many: int) -> list[int]:
    """Different ports that nobody listens on at the moment."""
    sockets = [socket.socket() for _ in range(how_many)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def taken(port: int) -> bool:
    """True when a browser that opens localhost:`port` would meet another program."""
    return any(_listened(family, address, port) for family, address in LOOPBACKS)


def _listened(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: a connection that was closed a moment ago does not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def number(name: str, value: str) -> int:
    """`value` of the setting `name` as a port; ends the command with a sentence when it is none."""
    if value.isascii() and value.isdigit() and 1 <= int(value) <= 65535:
        return int(value)
    raise SystemExit(f"{name} is {value!r}: give a port number from 1 to 65535.")
