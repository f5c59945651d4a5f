"""Ask Telnyx for its records in the background, and never at the cost of a cancellation.

A request leaves when no cancellation is due, and at a small share of the rate.
What passes, such as a 429 or a timeout, is asked again a few times; what does
not ends the run, and the next run asks anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from random import Random
from typing import Any

from core import cancelling
from core.cancelling import Answer
from core.errors import ProcessorError
from schemas import telnyx_lists
from workers.pacing import Pacer
from workers.telnyx import AsksTelnyx, Listing

#: How much of the rate reconciling may use.
SHARE = 0.2
#: A page of deliveries holds what each attempt was answered, up to 10 kB.
LONGEST_PAGE = 16 * 1024 * 1024
PAGE_TIMEOUT = timedelta(seconds=15)
#: Cancellations go first. Where they are due without end, or nobody carries them out, a request leaves ever so often.
_COURTESY = timedelta(seconds=10)
_COURTESY_IN_VAIN = timedelta(seconds=1)
_LOOK_AGAIN = timedelta(milliseconds=200)
_TRIES = 4
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
#: How much is shown of an answer that is none.
_EXCERPT = 120


class Unanswered(ProcessorError):
    """Telnyx did not answer."""

    code = "telnyx_unanswered"
    retryable = True


class Refused(ProcessorError):
    """Telnyx answers, but not this."""

    code = "telnyx_refused"


class Inquirer:
    """Asks, one request after the other. For one thread."""

    def __init__(
        self,
        client: AsksTelnyx,
        pacer: Pacer,
        *,
        is_busy: Callable[[], bool],
        wait: Callable[[float], bool],
        random: Random | None = None,
    ) -> None:
        """Open nothing yet.

        ``is_busy`` says that a cancellation is due; ``wait`` sleeps so many seconds and says whether to stop.
        """
        self._client = client
        self._pacer = pacer
        self._is_busy = is_busy
        self._wait = wait
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._courtesy = _COURTESY

    def pages(self, listing: Listing, query: Mapping[str, str], *, size: int) -> Iterator[list[Any]]:
        """Yield a list page by page. Raises Unanswered, and Refused when Telnyx will not have the query."""
        number, before = 1, None
        while True:
            asked = {**query, "page[number]": str(number), "page[size]": str(size)}
            answer = self._ask(f"/{listing}", partial(self._client.page, listing, asked))
            page = telnyx_lists.page(answer.body) if answer.http_status == HTTPStatus.OK else None
            if page is None:
                raise Refused(f"Telnyx answers GET /{listing} with {answer.http_status}{_reason(answer)}")
            if page.rows and page.rows == before:
                raise Refused(f"Telnyx gives page {number - 1} of /{listing} again as page {number}")
            yield page.rows
            is_last = len(page.rows) < size if page.pages is None else number >= page.pages
            if is_last or not page.rows:
                return
            number, before = number + 1, page.rows

    def message(self, message_id: str) -> Answer:
        """Ask how a message stands. Raises Unanswered."""
        return self._ask("/messages/{id}", partial(self._client.retrieve, message_id, PAGE_TIMEOUT))

    def _ask(self, path: str, request: Callable[[], Answer]) -> Answer:
        for attempt in range(1, _TRIES + 1):
            self._await_turn()
            answer = request()
            status = answer.http_status
            if status == HTTPStatus.UNAUTHORIZED:
                raise Unanswered("Telnyx refuses TELNYX_API_KEY (401); make a new key in its portal")
            passes = status is None or status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            if passes:
                self._leave_alone(answer, attempt)
                continue
            if answer.is_last:
                self._pacer.pause(answer.retry_after or cancelling.BACKOFF)
            return answer
        told = f"{answer.trouble}: {_excerpt(answer.text)}" if answer.trouble else str(answer.http_status)
        raise Unanswered(f"Telnyx did not answer GET {path} in {_TRIES} tries, at last with {told}")

    def _leave_alone(self, answer: Answer, attempt: int) -> None:
        backoff = cancelling.BACKOFF + cancelling.backoff(attempt, self._random.random())
        if answer.http_status == HTTPStatus.TOO_MANY_REQUESTS:
            # The limit is the account's, so this is meant for everybody.
            self._pacer.pause_everybody(answer.retry_after or backoff)
        else:
            self._pacer.pause(answer.retry_after or backoff)

    def _await_turn(self) -> None:
        left = self._courtesy
        while (is_busy := self._is_busy()) and left > timedelta():
            self._sleep(_LOOK_AGAIN)
            left -= _LOOK_AGAIN
        self._courtesy = _COURTESY_IN_VAIN if is_busy else _COURTESY
        while not self._pacer.try_acquire(1):
            self._sleep(max(self._pacer.ready_in(), timedelta(milliseconds=10)))

    def _sleep(self, span: timedelta) -> None:
        if self._wait(span.total_seconds()):
            raise Unanswered("stopped before everything was asked")


def _reason(answer: Answer) -> str:
    """Return what Telnyx calls the error. The rest of an answer may be whole events, with people's words in them."""
    if answer.http_status == HTTPStatus.OK:
        return ", and not with a list"
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    told = [first[name] for name in ("code", "title") if isinstance(first.get(name), str)]
    return ": " + _excerpt(" ".join(told)) if told else ""


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:_EXCERPT]
