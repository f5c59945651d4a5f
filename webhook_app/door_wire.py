"""Connections on which a call ends at a moment: however its server drips, and whatever it is that takes so long."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpcore


class Wire(httpcore.NetworkBackend):
    """Connects.

    The library passes on one time-out for each operation, of which a call has any number. Here it is the moment, by
    ``time.monotonic``, at which the call is to end; the one for connecting, writing and reading alike.
    """

    def __init__(self, *, connecting: timedelta) -> None:
        """Wait for a connection no longer than ``connecting``, however much is left."""
        self._connecting = connecting.total_seconds()
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect by TCP. Raises httpcore's ConnectTimeout and ConnectError."""
        patience = min(_left(timeout, httpcore.ConnectTimeout), self._connecting)
        return _Stream(
            self._plain.connect_tcp(
                host, port, timeout=patience, local_address=local_address, socket_options=socket_options
            )
        )


class _Stream(httpcore.NetworkStream):
    """A connection, by TCP or TLS."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain
        self._socket: socket.socket = plain.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, timeout=_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Not by the library: it begins to wait anew with each piece that is taken.
        unsent = memoryview(buffer)
        try:
            while unsent:
                self._socket.settimeout(_left(timeout, httpcore.WriteTimeout))
                unsent = unsent[self._socket.send(unsent) :]
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from error
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            patience = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()
            raise
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, timeout=patience))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's signature
        return self._plain.get_extra_info(info)


def _left(until: float | None, over: type[Exception]) -> float:
    """Return how many seconds are left. Raises ``over`` when none are."""
    assert until is not None  # noqa: S101 - every call here has its end
    left = until - time.monotonic()
    if left <= 0:
        raise over("the call took too long")
    return left
