"""Single deliveries, each over a connection of its own, for scenarios that look at one event at a time."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from tests import telnyx_signing
from tests.faults import events
from tests.faults.events import Errand
from tests.faults.fleet import HOST
from tests.faults.sending import FAILOVER_PATH, PRIMARY_PATH, TIMEOUT

PATHS = {"web": PRIMARY_PATH, "failover": FAILOVER_PATH}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery, as the client saw it."""

    event_id: str
    status: int
    """0 when no whole answer came in time."""
    seconds: float
    port: int
    """The client's, which no other delivery of the same call had."""

    @property
    def is_acked(self) -> bool:
        return 200 <= self.status < 300


def deliver(
    errand: Errand, port: int, receiver: str = "web", *, attempt: int = 1, timeout: float = TIMEOUT
) -> Delivered:
    """Deliver an event, signed now, to a receiver: ``web`` or ``failover``."""
    with ExitStack() as stack:
        return _deliver(errand, port, receiver, attempt, timeout, stack)


def deliver_all(errands: Iterable[Errand], port: int, receiver: str = "web", *, lanes: int = 8) -> list[Delivered]:
    """Deliver events, some at a time, and keep every connection until the last is answered."""
    with ExitStack() as stack, ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(lambda errand: _deliver(errand, port, receiver, 1, TIMEOUT, stack), errands))


def post(body: bytes, port: int, receiver: str = "web", *, timeout: float = TIMEOUT) -> int:
    """Deliver bytes as they are, signed now, and return the status; 0 when no whole answer came in time."""
    with ExitStack() as stack:
        return _post(body, events.signed(body, telnyx_signing.KEY), port, receiver, timeout, stack)[0]


def _deliver(
    errand: Errand, port: int, receiver: str, attempt: int, timeout: float, open_until: ExitStack
) -> Delivered:
    body, headers = events.delivery(errand, attempt=attempt, url=f"https://app.example.com{PATHS[receiver]}")
    began = time.monotonic()
    status, own_port = _post(body, headers, port, receiver, timeout, open_until)
    return Delivered(errand.id, status, time.monotonic() - began, own_port)


def _post(
    body: bytes, headers: dict[str, str], port: int, receiver: str, timeout: float, open_until: ExitStack
) -> tuple[int, int]:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    open_until.callback(connection.close)
    own_port = 0
    try:
        connection.connect()
        own_port = connection.sock.getsockname()[1]
        connection.request("POST", PATHS[receiver], body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        return 0, own_port
    return answer.status, own_port
