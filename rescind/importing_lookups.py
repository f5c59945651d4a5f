"""Asking Telnyx how many messages stand: several at a time, at our share of the rate, for as long as it takes.

What passes, such as a throttle or an outage, is waited out. A message that alone is not answered is given up.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random
from typing import Protocol

from core import cancelling
from core.cancelling import Action, Answer, Meaning
from core.errors import SettingsError
from rescind.importing_files import Entry
from schemas.message import answered
from workers.outage import Outage
from workers.pacing import Pacer
from workers.telnyx import TIMEOUT

#: How much of the rate an import may use: cancelling has the rest.
SHARE = 0.5
SLOTS = 16
_TRIES = 5
#: When no other is left to compare with, it may be an outage: it is tried for about a minute.
_TRIES_AT_THE_END = 12
#: So many wait to be asked again at most; during an outage fresh ones are asked beside them, lest those be its cause.
_MOST_AGAIN = 1000
_LOOK_AGAIN = timedelta(seconds=1)
_TELL_EVERY = timedelta(minutes=1)
_UNAUTHORIZED = 401
_OK = 200


class Client(Protocol):
    """The part of the Telnyx client that is needed here."""

    def retrieve(self, message_id: str, timeout: timedelta) -> Answer:
        """Ask how a message stands."""


@dataclass(frozen=True, slots=True)
class Found:
    """What Telnyx says of one message."""

    entry: Entry
    message_id: str
    answer: Answer
    meaning: Meaning
    tries: int


@dataclass(slots=True)
class _Question:
    entry: Entry
    message_id: str
    tries: int = 0
    answered_before: int = 0
    """How many questions had been answered when this one failed first."""


class Lookups:
    """Asks Telnyx. For one thread, with threads of its own for the requests."""

    def __init__(
        self,
        client: Client,
        pacer: Pacer,
        *,
        tell: Callable[[str], object],
        now: Callable[[], datetime],
        random: Random | None = None,
        slots: int = SLOTS,
    ) -> None:
        """Start nothing yet; ``tell`` is told in a line what is waited for."""
        self._client = client
        self._pacer = pacer
        self._tell = tell
        self._now = now
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._slots = slots
        self._outage = Outage()
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="import")
        self._heard: SimpleQueue[tuple[_Question, Answer | Exception]] = SimpleQueue()
        self._again: deque[_Question] = deque()
        self._in_flight = 0
        self._ahead: _Question | None = None
        self._is_exhausted = False
        self._is_turn_of_fresh = True
        self._answered = 0
        self._told_at = float("-inf")
        self._is_waiting = False

    def ask(self, entries: Iterator[Entry]) -> Iterator[Found | None]:
        """Yield what Telnyx says of each, in the order in which it answers, and None ever so often while it does not.

        Raises SettingsError when it refuses the key.
        """
        while True:
            self._launch(entries)
            if not self._in_flight and not self._is_anything_left(entries):
                return
            yield self._next()

    def close(self) -> None:
        """Ask nothing more; what is under way is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _launch(self, entries: Iterator[Entry]) -> None:
        slots = self._outage.slots(self._slots)
        while self._in_flight < slots and self._is_anything_left(entries) and self._pacer.try_acquire(1):
            self._in_flight += 1
            self._threads.submit(self._request, self._pick())

    def _is_anything_left(self, entries: Iterator[Entry]) -> bool:
        if self._ahead is None and not self._is_exhausted:
            entry = next(entries, None)
            self._is_exhausted = entry is None
            if entry is not None and entry.line is not None:
                self._ahead = _Question(entry, entry.line.message_id)
        return self._ahead is not None or bool(self._again)

    def _pick(self) -> _Question:
        """Return a question: those to be asked again and fresh ones in turn."""
        fresh = self._ahead
        self._is_turn_of_fresh = not self._is_turn_of_fresh
        if fresh is not None and (not self._again or (self._is_turn_of_fresh and len(self._again) < _MOST_AGAIN)):
            self._ahead = None
            return fresh
        return self._again.popleft()

    def _request(self, question: _Question) -> None:
        try:
            answer: Answer | Exception = self._client.retrieve(question.message_id, TIMEOUT)
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer raises it
            answer = error
        self._heard.put((question, answer))

    def _next(self) -> Found | None:
        """Wait until something is answered, or can be asked."""
        wait = _LOOK_AGAIN
        if (self._again or self._ahead) and self._in_flight < self._outage.slots(self._slots):
            wait = min(wait, max(self._pacer.ready_in(), timedelta(milliseconds=1)))
        with suppress(Empty):
            return self._hear(*self._heard.get(timeout=wait.total_seconds()))
        return None

    def _hear(self, question: _Question, answer: Answer | Exception) -> Found | None:
        """Return what an answer says; None when it is to be asked again."""
        self._in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        report = answered(answer.body, source="retrieve", now=self._now())
        meaning = cancelling.meaning(Action.GET, question.message_id, answer, report)
        if answer.http_status == _UNAUTHORIZED:
            raise SettingsError("Telnyx refuses TELNYX_API_KEY (401); make a new key in its portal, and start again")
        if answer.is_last and answer.http_status == _OK:
            self._pacer.pause(answer.retry_after or cancelling.BACKOFF)
        if not _passes(meaning, answer):
            self._outage.hear(Meaning.SCHEDULED, 0)
            self._answered += 1
            self._tell_of_the_end()
            return Found(question.entry, question.message_id, answer, meaning, question.tries + 1)
        self._wait(question, answer, meaning)
        if self._is_given_up(question):
            return Found(question.entry, question.message_id, answer, meaning, question.tries)
        self._again.append(question)
        return None

    def _wait(self, question: _Question, answer: Answer, meaning: Meaning) -> None:
        if question.tries == 0:
            question.answered_before = self._answered
        if meaning is Meaning.THROTTLED:
            # The limit is the account's, so this is meant for everybody. It is no fault of the message.
            pause = answer.retry_after or cancelling.BACKOFF + cancelling.backoff(1, self._random.random())
            self._pacer.pause_everybody(pause)
            self._tell_of(f"Telnyx asks for a pause of {pause.total_seconds():.0f} s (429)")
            return
        question.tries += 1
        outage = self._outage.hear(Meaning.UNAVAILABLE, self._random.random())
        pause = max(outage or timedelta(), answer.retry_after or timedelta())
        if pause:
            self._pacer.pause(pause)
        if outage is not None:
            said = answer.trouble or answer.http_status
            self._tell_of(f"Telnyx does not answer ({said}); waiting until it does, Ctrl-C stops")

    def _is_given_up(self, question: _Question) -> bool:
        """Return True when it is this message that is not answered, and not all of them."""
        if question.tries >= _TRIES and self._answered > question.answered_before:
            return True
        is_end = self._is_exhausted and self._ahead is None
        return is_end and self._answered > 0 and question.tries >= _TRIES_AT_THE_END

    def _tell_of(self, trouble: str) -> None:
        self._is_waiting = True
        if time.monotonic() - self._told_at >= _TELL_EVERY.total_seconds():
            self._told_at = time.monotonic()
            self._tell(trouble)

    def _tell_of_the_end(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._told_at = float("-inf")
            self._tell("Telnyx answers again")


def _passes(meaning: Meaning, answer: Answer) -> bool:
    """Return True when the same question may be answered another time; a page that is no JSON is not Telnyx's word."""
    if meaning is Meaning.UNCLEAR:
        return answer.http_status == _OK and not isinstance(answer.body, dict)
    return meaning in {Meaning.UNAVAILABLE, Meaning.THROTTLED}
