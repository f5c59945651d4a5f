"""Asking Telnyx to schedule messages anew: a few at a time, each asked for once, and every answer kept.

What certainly was not accepted may be asked for again. What may have been is in doubt, and stays so.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from core import cancelling
from core.cancelling import Answer
from core.deciding import Act, Rules
from core.errors import RequestInvalid, StoreUnavailable
from core.intents import is_declined
from core.reports import MessageReport
from ledger import intending, rescheduling
from ledger.rescheduling import Begun, Plan, Terms
from schemas import message
from store.engine import Database
from workers.pacing import Pacer

#: How much of the rate this may use: cancelling has the rest.
SHARE = 0.5
SLOTS = 8
#: Why not all were tried, when somebody wished so.
INTERRUPTED = "interrupted"
_LOOK_AGAIN = timedelta(seconds=0.2)
#: So often in a row the same trouble is no accident.
_NO_ACCIDENT = 3
#: Seconds between the tries to write down what Telnyx has answered.
_PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)

T = TypeVar("T")


class Fate(StrEnum):
    """What became of one message."""

    RESCHEDULED = "rescheduled"
    STOPPED = "stopped"
    """Scheduled, and to be cancelled again: something came up meanwhile."""
    CHANGED = "changed"
    """It could be scheduled a moment ago, and no more."""
    DECLINED = "declined"
    """By Telnyx."""
    IN_DOUBT = "in_doubt"
    """Telnyx may have accepted it: no answer came, or none that can be read."""
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one message, and why."""

    plan: Plan
    fate: Fate
    told: str = ""
    replaced_by: str | None = None
    """The new message, also when it is in doubt but Telnyx named it."""


class _Trouble(StrEnum):
    NONE = "none"
    THROTTLED = "throttled"
    UNREACHED = "unreached"
    LOCKED_OUT = "locked_out"
    DOUBT = "doubt"
    BOOKS = "books"


@dataclass(frozen=True, slots=True)
class _Heard:
    result: Result
    trouble: _Trouble = _Trouble.NONE
    retry_after: timedelta | None = None


class SendsMessages(Protocol):
    """The part of the Telnyx client that is needed here."""

    def send(self, message: dict[str, Any]) -> Answer:
        """Ask to send a message."""


class Rescheduler:
    """Schedules messages anew. For one thread, with threads of its own for the requests."""

    def __init__(
        self,
        database: Database,
        client: SendsMessages,
        pacer: Pacer,
        *,
        rules: Callable[[], Rules],
        terms: Terms,
        now: Callable[[], datetime],
        slots: int = SLOTS,
        patience: Sequence[float] = _PATIENCE,
    ) -> None:
        """Start nothing yet; ``patience`` is seconds between the tries to write down what Telnyx has answered.

        ``rules`` gives those of the moment, and asks no database for them.
        """
        self._database = database
        self._client = client
        self._pacer = pacer
        self._rules = rules
        self._terms = terms
        self._now = now
        self._slots = slots
        self._patience = patience
        self._answers: SimpleQueue[_Heard] = SimpleQueue()
        self._in_a_row: dict[_Trouble, int] = {}
        self.stopped: str | None = None
        """Why not all were tried."""

    def run(self, plans: Sequence[Plan], tell: Callable[[Result], object]) -> None:
        """Schedule the messages anew in this order, and ``tell`` of each what became of it."""
        waiting = deque(plans)
        in_flight = 0
        with ThreadPoolExecutor(self._slots, thread_name_prefix="reschedule") as threads:
            while in_flight or (waiting and not self.stopped):
                while waiting and not self.stopped and in_flight < self._slots and self._pacer.try_acquire(1):
                    threads.submit(self._answer, waiting.popleft())
                    in_flight += 1
                try:
                    heard = self._answers.get(timeout=_LOOK_AGAIN.total_seconds())
                except Empty:
                    continue
                in_flight -= 1
                if self._is_to_be_repeated(heard):
                    waiting.appendleft(heard.result.plan)
                else:
                    tell(heard.result)
        for plan in waiting:
            tell(Result(plan, Fate.NOT_TRIED, self.stopped or ""))

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Take the first Ctrl-C as the wish to stop: what is under way is waited for. The second ends it at once."""

        def stop(*_: object) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = INTERRUPTED

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _is_to_be_repeated(self, heard: _Heard) -> bool:
        """Take an answer for what it means to all, and return True when this one is to be asked for again."""
        times = self._in_a_row.get(heard.trouble, 0) + 1
        self._in_a_row = {} if heard.trouble is _Trouble.NONE else {**self._in_a_row, heard.trouble: times}
        told = heard.result.told
        match heard.trouble:
            case _Trouble.THROTTLED:
                self._pacer.pause_everybody(heard.retry_after or cancelling.BACKOFF * 2)
                return not self.stopped
            case _Trouble.UNREACHED:
                self._pacer.pause(cancelling.BACKOFF * 2**times)
                if times < _NO_ACCIDENT:
                    return not self.stopped
                self.stopped = self.stopped or told
            case _Trouble.LOCKED_OUT | _Trouble.BOOKS:
                self.stopped = self.stopped or told
            case _Trouble.DOUBT:
                if times >= _NO_ACCIDENT:
                    self.stopped = self.stopped or f"{times} in a row are in doubt: {told}"
            case _Trouble.NONE:
                pass
        return False

    def _answer(self, plan: Plan) -> None:
        try:
            heard = self._ask(plan)
        except StoreUnavailable as error:
            heard = _Heard(Result(plan, Fate.NOT_TRIED, str(error)), _Trouble.BOOKS)
        except Exception as error:  # noqa: BLE001 - a thread of the pool has nobody to raise to
            told = f"{type(error).__name__}: {error}"
            heard = _Heard(Result(plan, Fate.IN_DOUBT, told), _Trouble.DOUBT)
        self._answers.put(heard)

    def _ask(self, plan: Plan) -> _Heard:
        with self._database.begin() as connection:
            begun = rescheduling.begin(connection, plan.message_id, self._rules(), self._terms, now=self._now())
        if isinstance(begun, Plan):
            return _Heard(Result(begun, Fate.CHANGED, begun.told))
        answer = self._client.send(begun.request)
        report = self._report(plan, answer)
        try:
            return self._taken_in(plan, begun, answer, report)
        except Exception as error:  # noqa: BLE001 - whatever went wrong here, Telnyx may have made a message
            is_away = isinstance(error, StoreUnavailable)
            why = str(error) if is_away else f"{type(error).__name__}: {error}"
            told = f"Telnyx answered {answer.http_status}, which could not be written down: {why}"
            if report is not None:
                told = (
                    f"it is scheduled as {report.message_id}, which nobody watches: `rescind import` that id, or cancel"
                    f" it at Telnyx ({told})"
                )
            result = Result(plan, Fate.IN_DOUBT, told, report.message_id if report else None)
            return _Heard(result, _Trouble.BOOKS if is_away else _Trouble.DOUBT)

    def _taken_in(self, plan: Plan, begun: Begun, answer: Answer, report: MessageReport | None) -> _Heard:
        status = answer.http_status
        if report is not None and status is not None:
            return self._registered(plan, begun, report, status)
        told = _told(answer)
        is_certain = not answer.has_left or is_declined(status)
        end = intending.declined if is_certain else partial(intending.unknown, rules=self._rules())
        self._write(lambda books: end(books, begun.intent, http_status=status, reason=told, now=self._now()))
        if not is_certain:
            return _Heard(Result(plan, Fate.IN_DOUBT, told), _Trouble.DOUBT)
        if not answer.has_left:
            return _Heard(Result(plan, Fate.NOT_TRIED, told), _Trouble.UNREACHED)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return _Heard(Result(plan, Fate.NOT_TRIED, told), _Trouble.THROTTLED, answer.retry_after)
        if status == HTTPStatus.UNAUTHORIZED:
            refused = "Telnyx refuses TELNYX_API_KEY (401); make a new key in its portal, and start again"
            return _Heard(Result(plan, Fate.NOT_TRIED, refused), _Trouble.LOCKED_OUT)
        return _Heard(Result(plan, Fate.DECLINED, told))

    def _registered(self, plan: Plan, begun: Begun, report: MessageReport, status: int) -> _Heard:
        registered = self._write(
            lambda books: intending.answered(
                books, begun.intent, report, self._rules(), http_status=status, now=self._now()
            )
        )
        decision = registered.decision if registered else None
        if decision is not None and decision.verdict is Act.CANCEL:
            return _Heard(Result(plan, Fate.STOPPED, decision.reason, report.message_id))
        return _Heard(Result(plan, Fate.RESCHEDULED, "", report.message_id))

    def _report(self, plan: Plan, answer: Answer) -> MessageReport | None:
        """Return the message that Telnyx made, or None when it names none that can be read."""
        status = answer.http_status
        if status is None or not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        try:
            body = answer.body
            return message.registered(body, send_at=plan.send_at, now=self._now()) if isinstance(body, dict) else None
        except RequestInvalid:
            return None

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do it in a transaction, trying with patience: without it nobody would know what Telnyx answered."""
        for pause in self._patience:
            try:
                with self._database.begin() as connection:
                    return work(connection)
            except StoreUnavailable:
                time.sleep(pause)
        with self._database.begin() as connection:
            return work(connection)


def _told(answer: Answer) -> str:
    """Return in a line what Telnyx said, or why it said nothing."""
    if answer.http_status is None:
        return f"no answer from Telnyx ({answer.trouble}): {answer.text}"[:200]
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    detail = first.get("detail") or first.get("title") or ""
    return f"Telnyx answered {answer.http_status}" + (f": {detail}" if detail else "")
