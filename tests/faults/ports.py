"""Ports that stay ours over a restart."""

from __future__ import annotations

import itertools
import os
import socket

#: Below those that Linux hands out to clients: one of them could take a server's port while the server is down.
_FIRST, _LAST = 15_000, 30_000
_next = itertools.count(_FIRST + os.getpid() * 37 % (_LAST - _FIRST))


def reserve() -> int:
    """Return a port on which nobody listens now, another with each call."""
    while True:
        port = _FIRST + (next(_next) - _FIRST) % (_LAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
