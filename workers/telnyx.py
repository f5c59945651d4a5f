"""The calls to Telnyx that this program makes of its own accord, each one request with one answer.

Nothing is retried or followed here, and nothing is raised: whatever comes back,
or does not, is an ``Answer``. What it means is for ``core.cancelling``.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

import httpx

from core.cancelling import Action, Answer, Trouble
from core.errors import SettingsError
from core.failpoints import Failpoint
from schemas.secret import Secret
from store import failpoints

if TYPE_CHECKING:
    from telnyx import Telnyx
    from telnyx._types import RequestOptions

TIMEOUT = timedelta(seconds=5)
_CONNECT_TIMEOUT = timedelta(seconds=2)
#: A message has a few kilobytes.
LONGEST_ANSWER = 1024 * 1024
#: A longer silence than this is never kept, and a figure beyond a day is no span of seconds but some other number.
_LONGEST_RETRY_AFTER = timedelta(minutes=1)
_ABSURD_RETRY_AFTER = timedelta(days=1)
#: Telnyx's own header first: it says in how many seconds the limit is lifted.
_RETRY_HEADERS = ("x-ratelimit-reset", "retry-after")
_REMAINING_HEADER = "x-ratelimit-remaining"
#: Then nothing has left.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Listing(StrEnum):
    """What Telnyx lists, by the last part of its address."""

    DELIVERIES = "webhook_deliveries"
    OPT_OUTS = "messaging_optouts"


class AsksTelnyx(Protocol):
    """What asks Telnyx: ``TelnyxClient``. Each method is one request, and raises nothing."""

    def cancel(self, message_id: str, timeout: timedelta) -> Answer:
        """Ask to cancel a scheduled message."""

    def retrieve(self, message_id: str, timeout: timedelta) -> Answer:
        """Ask how a message stands."""

    def page(self, listing: Listing, query: Mapping[str, str]) -> Answer:
        """Ask for one page of a list."""

    def close(self) -> None:
        """Close the connections."""


class TelnyxClient:
    """Asks Telnyx to cancel a message, how it stands, for its lists, or to send. For many threads of one process."""

    def __init__(
        self, api_key: Secret | None, base_url: str, *, timeout: timedelta = TIMEOUT, longest: int = LONGEST_ANSWER
    ) -> None:
        """Open nothing yet: the SDK takes a second and 80 MB to import, so the first request brings it in.

        An answer of more than ``longest`` bytes is none. Raises SettingsError without a key.
        """
        if api_key is None or not api_key.reveal():
            raise SettingsError(
                "TELNYX_API_KEY is not set; nothing can be cancelled without the key from Telnyx's portal"
            )
        self._api_key = api_key
        self._base_url = base_url
        self._timeout = timeout
        self._longest = longest
        self._opening = threading.Lock()
        self._opened: list[Telnyx] = []
        self._of_thread = threading.local()
        self._tls: ssl.SSLContext | None = None

    def cancel(self, message_id: str, timeout: timedelta) -> Answer:
        """Ask to cancel a scheduled message, and wait no longer than ``timeout`` and the client's own."""
        return self._ask(Action.DELETE, message_id, timeout)

    def retrieve(self, message_id: str, timeout: timedelta) -> Answer:
        """Ask how a message stands, and wait no longer than ``timeout`` and the client's own."""
        return self._ask(Action.GET, message_id, timeout)

    def page(self, listing: Listing, query: Mapping[str, str]) -> Answer:
        """Ask for one page of a list, and wait no longer than the client does."""
        return self._request("GET", f"/{listing}", self._timeout, query)

    def send(self, message: Mapping[str, Any]) -> Answer:
        """Ask to send a message, now or at its ``send_at``. Without an answer it may have been accepted all the same.

        Source: https://developers.telnyx.com/docs/messaging/messages/schedule-message
        """
        return self._request("POST", "/messages", self._timeout, {}, message)

    def close(self) -> None:
        """Close the connections."""
        with self._opening:
            for client in self._opened:
                client.close()
            self._opened.clear()
            self._of_thread = threading.local()

    def _ask(self, action: Action, message_id: str, timeout: timedelta) -> Answer:
        # Anything else than an id could name another resource: ``../phone_numbers/1`` would release a number.
        if not _is_canonical(message_id):
            return Answer(text="not a message id", trouble=Trouble.UNEXPECTED)
        return self._request(action.value, f"/messages/{message_id}", timeout, {})

    def _request(
        self,
        method: Literal["DELETE", "GET", "POST"],
        path: str,
        timeout: timedelta,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        seconds = min(timeout, self._timeout).total_seconds()
        limits = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_TIMEOUT.total_seconds()))
        try:
            client = self._client()
            options: RequestOptions = {"timeout": limits, "params": query}
            match method:
                case "POST":
                    response = client.post(path, cast_to=httpx.Response, body=body, options=options)
                case "DELETE":
                    response = client.delete(path, cast_to=httpx.Response, options=options)
                case "GET":
                    response = client.get(path, cast_to=httpx.Response, options=options)
        except Exception as error:  # noqa: BLE001 - a thread of the pool has nobody to raise to
            refused = getattr(error, "response", None)
            if not isinstance(refused, httpx.Response):
                return Answer(
                    text=self._redacted(_named(error)), trouble=_trouble(error), has_left=_may_have_left(error)
                )
            response = refused
        return self._answer(response)

    def _client(self) -> Telnyx:
        """Return this thread's own client.

        One for all would look, for every request, at every connection of all.
        """
        opened: Telnyx | None = getattr(self._of_thread, "client", None)
        if opened is None:
            # One thread at a time: the others would import the same, and it must not be half there.
            with self._opening:
                opened = self._of_thread.client = self._open()
                self._opened.append(opened)
        return opened

    def _open(self) -> Telnyx:
        from telnyx import DefaultHttpxClient, Telnyx  # noqa: PLC0415 - see __init__

        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        http_client = DefaultHttpxClient(
            verify=self._tls,
            follow_redirects=False,
            # Packed, a short answer could become one of any length.
            headers={"Accept-Encoding": "identity"},
            event_hooks={"request": [_set_end], "response": [partial(_bound, longest=self._longest)]},
        )
        return Telnyx(api_key=self._api_key.reveal(), base_url=self._base_url, max_retries=0, http_client=http_client)

    def _answer(self, response: httpx.Response) -> Answer:
        text = self._redacted(response.text)
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            body = None
        return Answer(
            http_status=response.status_code,
            text=text,
            body=body,
            retry_after=retry_after(response.headers),
            is_last=response.headers.get(_REMAINING_HEADER, "").strip() == "0",
        )

    def _redacted(self, text: str) -> str:
        return text.replace(self._api_key.reveal(), "***")


def retry_after(headers: Any) -> timedelta | None:  # noqa: ANN401 - any mapping of header names, however it finds them
    """Return how long Telnyx asks to be left alone, at most a minute; None when it does not say so sensibly."""
    for name in _RETRY_HEADERS:
        try:
            seconds = float(headers.get(name, ""))
        except ValueError:
            continue
        if 0 < seconds <= _ABSURD_RETRY_AFTER.total_seconds():
            return min(timedelta(seconds=seconds), _LONGEST_RETRY_AFTER)
    return None


def _is_canonical(message_id: str) -> bool:
    # Python also reads braces, a urn: prefix and missing dashes as a UUID.
    try:
        return str(uuid.UUID(message_id)) == message_id
    except ValueError:
        return False


def _trouble(error: BaseException) -> Trouble:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Trouble.TLS
    if any(isinstance(cause, httpx.TimeoutException) for cause in causes):
        return Trouble.TIMEOUT
    if any(isinstance(cause, httpx.TransportError) for cause in causes):
        return Trouble.CONNECTION
    return Trouble.UNEXPECTED


def _may_have_left(error: BaseException) -> bool:
    return not any(isinstance(cause, _BEFORE_SENDING) for cause in _causes(error))


def _named(error: BaseException) -> str:
    *_, root = _causes(error)
    return f"{type(root).__name__}: {root}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _set_end(request: httpx.Request) -> None:
    request.extensions["ends_at"] = time.monotonic() + request.extensions["timeout"]["read"]
    if request.method == "DELETE":
        request.extensions["trace"] = _reach_once_sent


def _reach_once_sent(stage: str, _: object) -> None:
    if stage == "http11.send_request_body.complete":
        failpoints.reach(Failpoint.D1)


def _bound(response: httpx.Response, *, longest: int) -> None:
    """Bound the whole reading of an answer: httpx only bounds the wait for each piece of it."""
    # It was asked to come plain. If it does not, it stays as it came, and is no JSON.
    response.headers.pop("content-encoding", None)
    assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - ours is not the asynchronous client
    response.stream = _Bounded(response.stream, response.request, longest)


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request, longest: int) -> None:
        self._stream = stream
        self._request = request
        self._longest = longest

    def __iter__(self) -> Iterator[bytes]:
        length = 0
        for piece in self._stream:
            length += len(piece)
            if length > self._longest:
                raise httpx.DecodingError("the answer is too long", request=self._request)
            if time.monotonic() > self._request.extensions["ends_at"]:
                raise httpx.ReadTimeout("the answer came too slowly", request=self._request)
            yield piece

    def close(self) -> None:
        """Close what is being read."""
        self._stream.close()
