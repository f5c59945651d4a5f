"""Telnyx, as the door sees it: one request, passed on as it came, and the answer as it came.

Nothing is followed, repeated, or sent anywhere else: a call bears somebody's key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

import httpcore
import httpx

from schemas.secret import Secret
from webhook_app.door_call import Call
from webhook_app.door_wire import Wire

_CONNECTING = timedelta(seconds=2)
#: For a whole call, to the last byte of its answer. Below the time that a proxy in front of us waits, two of them
#: in a row included, and below ``ledger.intending.IN_FLIGHT``.
PATIENCE = timedelta(seconds=15)
#: Telnyx keeps an idle connection for longer; one that it has just closed would cost an answer.
_IDLE = timedelta(seconds=15)
#: A message has a few kilobytes, and Telnyx has no list of messages. An answer is read whole before any of it is
#: given: whoever reads slowly then keeps neither a place nor a connection to Telnyx from others.
LONGEST_ANSWER = 4 * 1024 * 1024
#: Of the connection, or our own server's to say.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "date", "server"),
    }
)
#: The length of a body is told even when there is none.
_METHODS_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
#: Then nothing has left.
_BEFORE_SENDING = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.UnsupportedProtocol,
)


class _TooLong(Exception):
    """The answer is longer than any that Telnyx gives."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)

    @property
    def is_good(self) -> bool:
        """Return True for a 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def leads_elsewhere(self) -> bool:
        """Return True for a redirect, which a caller might follow with the key in hand."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST and (
            self.status != HTTPStatus.NOT_MODIFIED
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer."""

    reason: str
    has_left: bool
    """False when it is certain that Telnyx got nothing."""


class Line:
    """Connections to Telnyx that are kept, for all threads of one process."""

    def __init__(self, base_url: str, *, at_once: int, patience: timedelta = PATIENCE) -> None:
        """Connect to nothing yet: the connections must be those of the process that uses them."""
        self._base = httpx.URL(base_url)
        self._at_once = at_once
        self._patience = patience.total_seconds()
        self._opening = threading.Lock()
        self._pool: httpcore.ConnectionPool | None = None

    def ask(self, call: Call) -> Reply | Silence:
        """Pass a call on and return its answer."""
        target = f"{call.path}?{call.query}" if call.query else call.path
        return self._ask(call.method, target, call.headers, call.body)

    def inquire(self, target: str, key: Secret) -> Reply | Silence:
        """Ask for something with a caller's key."""
        headers = (("Authorization", f"Bearer {key.reveal()}"), ("Accept-Encoding", "identity"))
        return self._ask("GET", target, headers, b"")

    def close(self) -> None:
        """Close the connections."""
        with self._opening:
            if self._pool is not None:
                self._pool.close()
            self._pool = None

    def _ask(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply | Silence:
        until = time.monotonic() + self._patience
        base = self._base
        lengths = [("Content-Length", str(len(body)))] if body or method in _METHODS_WITH_BODY else []
        request = httpcore.Request(
            method,
            # As it came: httpx would write some characters otherwise.
            httpcore.URL(
                scheme=base.raw_scheme,
                host=base.raw_host,
                port=base.port,
                target=f"{base.path.rstrip('/')}/{target}".encode("ascii"),
            ),
            # WSGI reads the bytes of a header as Latin-1.
            headers=[
                (b"Host", base.netloc),
                *((name.encode("latin-1"), value.encode("latin-1")) for name, value in (*headers, *lengths)),
            ],
            content=body,
            # The moment for all that is done on the connection; see ``Wire``.
            extensions={"timeout": {"pool": 1.0, "connect": until, "write": until, "read": until}},
        )
        try:
            return _read(self._open().handle_request(request))
        except _BEFORE_SENDING as error:
            return Silence(f"Telnyx could not be reached: {_kind(error)}", has_left=False)
        except httpcore.TimeoutException:
            return Silence(f"Telnyx did not answer within {self._patience:g} seconds", has_left=True)
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Silence(f"the connection to Telnyx broke: {_kind(error)}", has_left=True)
        except _TooLong:
            return Silence(f"Telnyx's answer is longer than {LONGEST_ANSWER} bytes", has_left=True)
        except OSError as error:
            return Silence(f"no TLS can be spoken here: {_kind(error)}", has_left=False)

    def _open(self) -> httpcore.ConnectionPool:
        # Bare connections: a client would keep one caller's cookies for the next, and take a proxy that somebody
        # has set for something else.
        if self._pool is None:
            with self._opening:
                if self._pool is None:
                    self._pool = httpcore.ConnectionPool(
                        ssl_context=httpx.create_ssl_context(),
                        max_connections=self._at_once,
                        max_keepalive_connections=self._at_once,
                        keepalive_expiry=_IDLE.total_seconds(),
                        network_backend=Wire(connecting=_CONNECTING),
                    )
        return self._pool


def _read(response: httpcore.Response) -> Reply:
    body = bytearray()
    try:
        for piece in response.iter_stream():
            body += piece
            if len(body) > LONGEST_ANSWER:
                raise _TooLong
    finally:
        response.close()
    return Reply(response.status, _headers(response.headers), bytes(body))


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
    of_connection = ",".join(value for name, value in told if name.lower() == "connection")
    unwanted = _HOP_BY_HOP | {part.strip().lower() for part in of_connection.split(",")}
    return [(name, value) for name, value in told if name.lower() not in unwanted]


def _kind(error: BaseException) -> str:
    """Return what kind of trouble it is; a driver's own words might quote what was sent."""
    return type(error).__name__
