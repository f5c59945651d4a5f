"""Many requests, one transaction: what waits at the same moment is committed together, by one thread.

A request waits no longer than its deadline, since Telnyx gives up after two
seconds; the database may take longer and commit all the same, and then the next
delivery of the same event is a duplicate. No answer is ever given before the commit.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.failpoints import Failpoint
from core.inbox import Acceptance
from store import failpoints, inbox
from store.engine import Database
from store.inbox import NewEvent
from store.kept_connection import KeptConnection

#: Events. It is exceeded by what the last one that fits in waits together with.
_MAX_BATCH = 64
#: A failure that took this long would take every request as long: from then on one at a time tries.
_SLOW = timedelta(milliseconds=250)
#: A connection on which nothing came back for so long is given up.
_HUNG = timedelta(seconds=5)
#: Whoever asks whether we are ready has a deadline too.
_CHECK = timedelta(seconds=0.9)

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class EventStore(Protocol):
    """Where events are kept: ``store.inbox``, or a spool."""

    WRITING: Failpoint
    COMMITTED: Failpoint

    def accept(
        self, connection: sa.Connection, events: Sequence[NewEvent], /
    ) -> Sequence[Acceptance | StoreUnavailable]:
        """Store deliveries and return what became of each, or why there is no place for it."""

    def require_writable(self, connection: sa.Connection, /) -> None:
        """Do what storing an event does, without an event."""


class _Ticket:
    """One waiting request: what it brings, and where its answer goes."""

    __slots__ = ("answer", "brought")

    def __init__(self, brought: Sequence[NewEvent] | Callable[[sa.Connection], Any]) -> None:
        self.brought = brought
        """Events to be kept, or another piece of work."""
        self.answer: SimpleQueue[Any] = SimpleQueue()


class GroupCommit:
    """The one way in which a process writes events."""

    def __init__(
        self,
        database: Database,
        store: EventStore = inbox,
        *,
        deadline: timedelta = timedelta(seconds=1.2),
        mend: Callable[[StoreUnavailable], bool] = lambda _: False,
    ) -> None:
        """Start nothing yet: a thread would not survive the fork of a server's workers.

        ``mend`` returns True for a trouble that it has put right, so that what failed is worth trying once more.
        """
        self._connection = KeptConnection(database)
        self._store = store
        self._mend = mend
        self._deadline = deadline.total_seconds()
        self._waiting: SimpleQueue[_Ticket] = SimpleQueue()
        self._busy_since: float | None = None
        self._is_failing = False
        self._last_took = 0.0
        """Seconds that the last commit took."""
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def put(self, event: NewEvent) -> Acceptance:
        """Return what became of the event, once that is committed.

        Raises StoreUnavailable at the deadline at the latest.
        """
        return self.put_all([event])[0]

    def put_all(self, events: Sequence[NewEvent]) -> list[Acceptance]:
        """Return what became of each event, once all are committed, together.

        Raises StoreUnavailable at the deadline at the latest, or when one of them cannot be kept; others may be then.
        """
        answers: list[Acceptance | StoreUnavailable] = self._ask(_Ticket(events), timeout=self._deadline)
        accepted = []
        for answer in answers:
            if isinstance(answer, StoreUnavailable):
                raise answer
            accepted.append(answer)
        return accepted

    def run(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Return what the work returns, committed. Raises StoreUnavailable at the deadline at the latest.

        Each statement of it commits by itself, and it may be done again after any of them.
        """
        result: Result = self._ask(_Ticket(work), timeout=self._deadline)
        return result

    def check(self) -> None:
        """Return when an event could be committed now, and raise StoreUnavailable otherwise, within a second."""
        self._ask(_Ticket(self._store.require_writable), timeout=min(self._deadline, _CHECK.total_seconds()))

    def _ask(self, ticket: _Ticket, *, timeout: float) -> Any:  # noqa: ANN401 - what the ticket's work returns
        busy_for = self._refuse_when_hopeless()
        self._start()
        self._waiting.put(ticket)
        try:
            # Who comes while the writer hangs would find out no sooner by waiting for longer than the others.
            answer = ticket.answer.get(timeout=max(0.0, timeout - busy_for))
        except Empty:
            raise StoreUnavailable("the database did not commit in time") from None
        if isinstance(answer, StoreUnavailable):
            # One failure may concern many requests, and each of them needs a traceback of its own.
            raise StoreUnavailable(str(answer)) from answer
        return answer

    def _refuse_when_hopeless(self) -> float:
        """Raise StoreUnavailable at once, rather than at the deadline, when waiting has shown to be in vain.

        Return for how many seconds the writer has been at it.
        """
        busy_since = self._busy_since
        busy_for = 0.0 if busy_since is None else time.monotonic() - busy_since
        if busy_for > _HUNG.total_seconds():
            self._connection.cut()
        if busy_for > self._deadline:
            raise StoreUnavailable("the database hangs")
        if self._is_failing and (busy_since is not None or not self._waiting.empty()):
            raise StoreUnavailable("the database keeps failing")
        if self._waiting.qsize() // _MAX_BATCH * self._last_took > self._deadline:
            raise StoreUnavailable("more waits than can be committed in time")
        return busy_for

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
            took = self._last_took = time.monotonic() - started_at
            self._is_failing = not is_written and took > _SLOW.total_seconds()
            self._busy_since = None

    def _gather(self) -> list[_Ticket]:
        tickets = [self._waiting.get()]
        size = _size(tickets[0])
        try:
            while size < _MAX_BATCH:
                tickets.append(self._waiting.get_nowait())
                size += _size(tickets[-1])
        except Empty:
            pass
        return tickets

    def _write(self, tickets: Sequence[_Ticket]) -> bool:
        """Commit what the tickets bring, and answer them. Return False when the database is not to be had."""
        try:
            answers = self._commit(tickets)
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

    def _commit(self, tickets: Sequence[_Ticket]) -> list[Any]:
        """Return the answer to each ticket, the events of all of them stored together."""
        events = [event for ticket in tickets if not callable(ticket.brought) for event in ticket.brought]

        def work(connection: sa.Connection) -> list[Any]:
            accepted = iter(self._accept(connection, events) if events else ())
            return [
                ticket.brought(connection) if callable(ticket.brought) else [next(accepted) for _ in ticket.brought]
                for ticket in tickets
            ]

        try:
            answers = self._connection.write(work)
        except StoreUnavailable as error:
            if not self._mend(error):
                raise
            answers = self._connection.write(work)
        if events:
            failpoints.reach(self._store.COMMITTED)
        return answers

    def _accept(self, connection: sa.Connection, events: Sequence[NewEvent]) -> Sequence[Acceptance | StoreUnavailable]:
        failpoints.reach(self._store.WRITING)
        return self._store.accept(connection, events)


def _size(ticket: _Ticket) -> int:
    return 1 if callable(ticket.brought) else len(ticket.brought)
