"""Telnyx, as the door sees it: one request, passed on as it came, and the answer as it came.

Nothing is followed, repeated, or sent anywhere else: a call bears somebody's key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

import httpx

from schemas.secret import Secret
from webhook_app.door_call import Call

_CONNECTING = timedelta(seconds=2)
_PATIENCE = timedelta(seconds=15)
#: Telnyx keeps an idle connection for longer; one that it has just closed would cost an answer.
_IDLE = timedelta(seconds=15)
#: So much of an answer is read before any of it is passed on. A message has a few kilobytes.
READ_WHOLE = 1024 * 1024
#: Of the connection, or our own server's to say.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "date", "server"),
    }
)
#: Then nothing has left.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)
    rest: Rest | None = None
    """What follows the body of an answer that is longer than ``READ_WHOLE``."""

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

    def __init__(self, base_url: str, *, at_once: int, patience: timedelta = _PATIENCE) -> None:
        """Connect to nothing yet: the connections must be those of the process that uses them."""
        self._base = httpx.URL(base_url)
        self._at_once = at_once
        self._patience = patience.total_seconds()
        self._opening = threading.Lock()
        self._transport: httpx.HTTPTransport | None = None

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
            if self._transport is not None:
                self._transport.close()
            self._transport = None

    def _ask(self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes) -> Reply | Silence:
        request = httpx.Request(
            method,
            self._base,
            # WSGI reads the bytes of a header as Latin-1.
            headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            content=body,
            extensions={
                # As it came: httpx would write some characters otherwise.
                "target": f"{self._base.path.rstrip('/')}/{target}".encode("ascii"),
                "timeout": {
                    "connect": _CONNECTING.total_seconds(),
                    "read": self._patience,
                    "write": self._patience,
                    "pool": 1.0,
                },
            },
        )
        until = time.monotonic() + self._patience
        try:
            response = self._open().handle_request(request)
            return _read(response, until)
        except _BEFORE_SENDING as error:
            return Silence(f"Telnyx could not be reached: {_kind(error)}", has_left=False)
        except httpx.TimeoutException:
            return Silence(f"Telnyx did not answer within {self._patience:g} seconds", has_left=True)
        except httpx.HTTPError as error:
            return Silence(f"the connection to Telnyx broke: {_kind(error)}", has_left=True)
        except OSError as error:
            return Silence(f"no TLS can be spoken here: {_kind(error)}", has_left=False)

    def _open(self) -> httpx.HTTPTransport:
        # A bare transport: a client would keep one caller's cookies for the next, and take a proxy that somebody
        # has set for something else.
        if self._transport is None:
            with self._opening:
                if self._transport is None:
                    self._transport = httpx.HTTPTransport(
                        verify=httpx.create_ssl_context(),
                        limits=httpx.Limits(
                            max_connections=self._at_once,
                            max_keepalive_connections=self._at_once,
                            keepalive_expiry=_IDLE.total_seconds(),
                        ),
                    )
        return self._transport


def _read(response: httpx.Response, until: float) -> Reply:
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - ours is not the asynchronous transport
    pieces = iter(response.stream)
    body = bytearray()
    try:
        for piece in pieces:
            body += piece
            _require_time(until)
            if len(body) > READ_WHOLE:
                return Reply(response.status_code, _headers(response), bytes(body), Rest(pieces, response))
    except BaseException:
        response.close()
        raise
    response.close()
    return Reply(response.status_code, _headers(response), bytes(body))


def _require_time(until: float) -> None:
    """Raise when the whole of an answer takes too long: httpx only bounds the wait for each piece of it."""
    if time.monotonic() > until:
        raise httpx.ReadTimeout("the answer came too slowly")


class Rest:
    """What is yet to be read of an answer. The server closes it, however far it has come."""

    def __init__(self, pieces: Iterator[bytes], response: httpx.Response) -> None:
        self._pieces = pieces
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Read no further."""
        self._response.close()


def _headers(response: httpx.Response) -> list[tuple[str, str]]:
    named = {part.strip().lower() for part in response.headers.get("connection", "").split(",")}
    told = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    return [(name, value) for name, value in told if name.lower() not in _HOP_BY_HOP | named]


def _kind(error: BaseException) -> str:
    """Return what kind of trouble it is; a driver's own words might quote what was sent."""
    return type(error).__name__
