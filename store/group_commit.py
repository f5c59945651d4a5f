"""Many requests, one transaction: what waits at the same moment is committed together, by one thread.

A request waits no longer than its deadline, since Telnyx gives up after two
seconds; the database may take longer and commit all the same, and then the next
delivery of the same event is a duplicate. No answer is ever given before the commit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue

import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.inbox import Acceptance
from store import inbox
from store.engine import Database
from store.inbox import NewEvent
from store.kept_connection import KeptConnection

_MAX_BATCH = 64
#: Requests that wait are as many as there are threads. What is beyond are those that gave up while the writer hung.
_MAX_WAITING = 1000
#: A failure that took this long would take every request as long: from then on one at a time tries.
_SLOW = timedelta(milliseconds=250)
#: A connection on which nothing came back for so long is given up.
_HUNG = timedelta(seconds=5)
#: Whoever asks whether we are ready has a deadline too.
_CHECK = timedelta(seconds=0.9)

_log = logging.getLogger(__name__)


class _Ticket:
    """One waiting request: what it brings, and where its answer goes."""

    __slots__ = ("answer", "event")

    def __init__(self, event: NewEvent | None) -> None:
        self.event = event
        """None asks whether an event could be committed."""
        self.answer: SimpleQueue[Acceptance | StoreUnavailable] = SimpleQueue()


class GroupCommit:
    """The one way in which a process writes to the inbox."""

    def __init__(self, database: Database, *, deadline: timedelta = timedelta(seconds=1.2)) -> None:
        """Start nothing yet: a thread would not survive the fork of a server's workers."""
        self._connection = KeptConnection(database)
        self._deadline = deadline.total_seconds()
        self._waiting: SimpleQueue[_Ticket] = SimpleQueue()
        self._busy_since: float | None = None
        self._is_failing = False
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def put(self, event: NewEvent) -> Acceptance:
        """Return what became of the event, once that is committed.

        Raises StoreUnavailable at the deadline at the latest.
        """
        return self._ask(_Ticket(event), timeout=self._deadline)

    def check(self) -> None:
        """Return when an event could be committed now, and raise StoreUnavailable otherwise, within a second."""
        self._ask(_Ticket(None), timeout=min(self._deadline, _CHECK.total_seconds()))

    def _ask(self, ticket: _Ticket, *, timeout: float) -> Acceptance:
        self._refuse_when_hopeless()
        self._start()
        self._waiting.put(ticket)
        try:
            answer = ticket.answer.get(timeout=timeout)
        except Empty:
            raise StoreUnavailable("the database did not commit in time") from None
        if isinstance(answer, StoreUnavailable):
            # One failure may concern many requests, and each of them needs a traceback of its own.
            raise StoreUnavailable(str(answer)) from answer
        return answer

    def _refuse_when_hopeless(self) -> None:
        """Raise StoreUnavailable at once, rather than at the deadline, when waiting has shown to be in vain."""
        busy_since = self._busy_since
        busy_for = 0.0 if busy_since is None else time.monotonic() - busy_since
        if busy_for > _HUNG.total_seconds():
            self._connection.cut()
        if busy_for > self._deadline:
            raise StoreUnavailable("the database hangs")
        if self._is_failing and (busy_since is not None or not self._waiting.empty()):
            raise StoreUnavailable("the database keeps failing")
        if self._waiting.qsize() >= _MAX_WAITING:
            raise StoreUnavailable("too much waits to be committed")

    def _start(self) -> None:
        if self._writer is None:
            with self._starting:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write_forever, name="group-commit", daemon=True)
                    self._writer.start()

    def _write_forever(self) -> None:
        while True:
            tickets = self._gather()
            started_at = self._busy_since = time.monotonic()
            is_written = self._write(tickets)
            took = time.monotonic() - started_at
            self._is_failing = not is_written and took > _SLOW.total_seconds()
            self._busy_since = None

    def _gather(self) -> list[_Ticket]:
        tickets = [self._waiting.get()]
        try:
            while len(tickets) < _MAX_BATCH:
                tickets.append(self._waiting.get_nowait())
        except Empty:
            pass
        return tickets

    def _write(self, tickets: Sequence[_Ticket]) -> bool:
        """Commit what the tickets bring, and answer them. Return False when the database is not to be had."""
        try:
            answers = self._connection.write(lambda connection: _store(connection, tickets))
        except StoreUnavailable as error:
            for ticket in tickets:
                ticket.answer.put(error)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread and the other requests live on
            if len(tickets) > 1:
                # The database is there, but takes one of these not. The others must not share its fate.
                each = [self._write([ticket]) for ticket in tickets]
                return all(each)
            _log.error("an event cannot be stored: %s", type(error).__name__)
            tickets[0].answer.put(StoreUnavailable(f"the event cannot be stored: {type(error).__name__}"))
            return True
        for ticket, answer in zip(tickets, answers, strict=True):
            ticket.answer.put(answer)
        return True


def _store(connection: sa.Connection, tickets: Sequence[_Ticket]) -> list[Acceptance]:
    events = [ticket.event for ticket in tickets if ticket.event is not None]
    if not events:
        inbox.require_writable(connection)
    accepted = iter(inbox.accept(connection, events))
    return [Acceptance.ACCEPTED if ticket.event is None else next(accepted) for ticket in tickets]
