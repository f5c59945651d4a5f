"""The primary, as the failover process sees it: one request, and what its answer means."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Self

import httpx

from schemas import handover as wire
from schemas.handover import Handed, Ruling
from schemas.secret import Secret
from webhook_app import handover_seal

_PATIENCE = timedelta(seconds=5)
#: An answer that trickles in is given up.
_LONGEST = timedelta(seconds=15)
_MAX_ANSWER = 1024 * 1024

#: With these the primary may mean one of the events.
_ABOUT_THE_EVENTS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
}
_REMEDIES: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "it refuses RESCIND_HANDOVER_SECRET; set the same there and here, and synchronise both clocks (NTP)"
    ),
    HTTPStatus.NOT_FOUND: (
        "nothing takes over there; set RESCIND_HANDOVER_SECRET on the primary, and see that RESCIND_HANDOVER_URL is its"
    ),
    HTTPStatus.NOT_IMPLEMENTED: "it is of an earlier release; upgrade it",
    HTTPStatus.SERVICE_UNAVAILABLE: "it cannot store events now",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """It said what became of events, of some of them at least."""

    rulings: Sequence[Ruling]


@dataclass(frozen=True, slots=True)
class Rejected:
    """It took none, and one of the events may be why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Away:
    """It took none, and would have taken no others either."""

    reason: str


def _client(patience: timedelta) -> httpx.Client:
    """Return what sends the requests. Raises OSError when the certificates that it is to trust cannot be read."""
    return httpx.Client(
        timeout=patience.total_seconds(),
        follow_redirects=False,
        verify=httpx.create_ssl_context(),
        # Texts and numbers must not take the way through a proxy that somebody set for something else.
        trust_env=False,
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
    )


class Primary:
    """Sends batches over one connection that is kept. It belongs to one thread."""

    def __init__(
        self,
        url: str,
        secret: Secret,
        *,
        clock: Callable[[], datetime],
        patience: timedelta = _PATIENCE,
        connect: Callable[[timedelta], httpx.Client] = _client,
    ) -> None:
        """Connect to nothing yet; ``patience`` is how long each step of a request may take.

        ``connect`` makes what sends the requests, and may raise OSError.
        """
        self._url = url
        self._secret = secret
        self._clock = clock
        self._patience = patience
        self._connect = connect
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def take(self, batch: Sequence[Handed]) -> Answered | Rejected | Away:
        """Hand events over, or ask with none whether it would take any; ``handover.fitting`` says how many fit."""
        body = wire.request([wire.encoded(each) for each in batch])
        seal = handover_seal.sealed(body, self._secret, now=self._clock())
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **seal.headers}
        try:
            client = self._client = self._client or self._connect(self._patience)
        except OSError as error:
            # A certificate that is being renewed, say: the next try reads it anew.
            return Away(f"no TLS can be spoken here: {error}; see that SSL_CERT_FILE or SSL_CERT_DIR can be read")
        try:
            with client.stream("POST", self._url, content=body, headers=headers) as response:
                answer = _read(response)
        except httpx.TimeoutException:
            return Away("it does not answer in time")
        except httpx.HTTPError as error:
            return Away(f"it cannot be reached: {str(error) or type(error).__name__}")
        if answer is None:
            return Away("its answer takes too long, or has no end")
        return _meaning(response.status_code, answer, asked=[each.id for each in batch])


def _read(response: httpx.Response) -> bytes | None:
    """Return the whole answer, or None when it is none of ours by its size or slowness."""
    until = time.monotonic() + _LONGEST.total_seconds()
    answer = b""
    for part in response.iter_raw():
        answer += part
        if len(answer) > _MAX_ANSWER or time.monotonic() > until:
            return None
    return answer


def _meaning(status: int, answer: bytes, *, asked: Sequence[int]) -> Answered | Rejected | Away:
    if status in _ABOUT_THE_EVENTS:
        return Rejected(f"the primary answers {status}")
    if status != HTTPStatus.OK:
        remedy = _REMEDIES.get(status)
        return Away(f"it answers {status}: {remedy}" if remedy else f"it answers {status}")
    try:
        rulings = wire.read_answer(answer, asked=asked)
    except ValueError:
        return Away("it answers 200, but not as a primary does; see that RESCIND_HANDOVER_URL is the primary's")
    if asked and not rulings:
        return Away("it answers 200 without a verdict on any event")
    return Answered(rulings)
