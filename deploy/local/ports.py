"""Find free ports on the loopback address."""

from __future__ import annotations

import random
import socket
import time

LOOPBACK = "127.0.0.1"
# Below the range the kernel hands to outgoing connections: a client that keeps dialling a stopped server
# could otherwise be given the server's own port, connect to itself and keep the server from coming back.
FREE_RANGE = range(20000, 32000)


def free() -> int:
    """Return a port nobody listens on."""
    while True:
        port = random.choice(FREE_RANGE)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port."""
    with socket.socket() as probe:
        # As servers do it: without this a port whose last connection closed a moment ago counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def wait_listening(port: int, *, seconds: float) -> bool:
    """Wait until something accepts connections on the port; say whether it did in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
