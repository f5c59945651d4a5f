"""The door's book-keeping, done on a few threads of its own, so that nobody waits longer than the deadline.

A database may hang where no timeout reaches: on a lock file, or with its server
stopped. Whoever waits then is told so in time, and what was begun comes to nothing.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import sqlalchemy as sa
from structlog.typing import FilteringBoundLogger

from core.errors import StoreUnavailable
from store.engine import Database

#: Each holds a connection; the pool has as many to spare beside the API's and the receiver's.
_THREADS = 4
_DEADLINE = timedelta(seconds=1.2)
#: Whoever waits behind others that are being written waits longer, and no longer than this.
_LONGEST_DEADLINES = 2.5
#: So long a call waits for one commit at most. With its call to Telnyx, it must be over sooner than
#: ``ledger.intending.IN_FLIGHT``, a proxy's patience, and a server's grace.
PATIENCE = _DEADLINE * _LONGEST_DEADLINES
#: Committed together on SQLite, where there is one writer at a time. Others wait to write as well: webhooks do.
_MOST_AT_ONCE = 16
#: What could not be written is tried again for so long, so often, and so much of it: what Telnyx answered is a message
#: that nobody could cancel otherwise, and a database may be away for longer than minutes. One each second is kept
#: for all that time; each is some kilobytes.
_REMEMBERED = timedelta(hours=1)
_PAUSE = timedelta(seconds=0.5)
_MOST_REMEMBERED = 4000
#: So many failures in a row speak for all: a single one may be held up alone, as by a lock.
_TELLING = 2
_MOST_UNWAITED_FOR = 100
#: A server that ends gives its processes some seconds.
_LAST_MOMENT = timedelta(seconds=3)

Result = TypeVar("Result")
Work = Callable[[sa.Connection], Result]


class _TooLate(Exception):
    """Nobody waits for the result any more."""


class _Ticket:
    """A piece of work that somebody waits for."""

    def __init__(self, work: Work[Any], undo: Callable[[sa.Connection, Any], object] | None) -> None:
        self.work = work
        self.undo = undo
        self.answer: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._is_over = False
        self._deciding = threading.Lock()

    def give_up(self) -> bool:
        """Stop waiting; return False when the result has just come."""
        with self._deciding:
            was_over, self._is_over = self._is_over, True
        return not was_over

    def hand_over(self, result: object, error: BaseException | None = None) -> bool:
        """Give the result to whoever waits; return False when nobody does any more."""
        with self._deciding:
            if self._is_over:
                return False
            self._is_over = True
        self.answer.put((result, error))
        return True

    @property
    def is_over(self) -> bool:
        return self._is_over


class Book:
    """Writes in time, or not at all; or later."""

    def __init__(
        self,
        database: Database,
        *,
        ring: Callable[[], object],
        log: FilteringBoundLogger,
        deadline: timedelta = _DEADLINE,
    ) -> None:
        """Start nothing yet: threads would not survive the fork of a server's workers."""
        self._database = database
        self._ring = ring
        self._log = log
        self._deadline = deadline.total_seconds()
        # On PostgreSQL each locks its rows in order, which two sets of rows, one after the other, would not keep.
        self._at_once = _MOST_AT_ONCE if database.is_sqlite else 1
        self._written_at = time.monotonic()
        self._waiting: SimpleQueue[_Ticket] = SimpleQueue()
        self._starting = threading.Lock()
        self._is_started = False
        self._later: deque[tuple[float, Work[bool], str]] = deque()
        self._has_later = threading.Event()

    def write(self, work: Work[Result], *, undo: Callable[[sa.Connection, Result], object] | None = None) -> Result:
        """Return what the work returns, committed. Raises StoreUnavailable when nothing was by the deadline.

        When it is committed after that all the same, ``undo`` is done to it. The work may be done more than once, of
        which one time is committed.
        """
        self._start()
        ticket = _Ticket(work, undo)
        self._waiting.put(ticket)
        result, error = self._outcome(ticket)
        if error is not None:
            raise error
        done: Result = result
        return done

    def _outcome(self, ticket: _Ticket) -> tuple[Any, BaseException | None]:
        """Wait as long as others are being written, and for some deadlines at most."""
        began = time.monotonic()
        until = began + self._deadline
        while (now := time.monotonic()) < until:
            try:
                return ticket.answer.get(timeout=until - now)
            except Empty:
                until = min(self._written_at + self._deadline, began + self._deadline * _LONGEST_DEADLINES)
        if ticket.give_up():
            raise StoreUnavailable("the database did not commit in time")
        return ticket.answer.get()

    def write_soon(self, work: Work[bool], about: str) -> None:
        """Have something written for which nobody needs to wait, as long as not too much is waiting already."""
        if len(self._later) < _MOST_UNWAITED_FOR:
            self.write_later(work, about)
            return
        try:
            if self.write(work):
                self._ring()
        except StoreUnavailable:
            self.write_later(work, about)

    def flush(self, patience: timedelta = _LAST_MOMENT) -> bool:
        """Wait until all is written that was to be written later; return False when it takes too long."""
        until = time.monotonic() + patience.total_seconds()
        while self._later and time.monotonic() < until:
            time.sleep(0.005)
        return not self._later

    def write_later(self, work: Work[bool], about: str) -> None:
        """Write something at the next opportunity, and try again for an hour; ``about`` names it in the log.

        When the work returns True, there is more to do, and the bell is rung.
        """
        self._start()
        if len(self._later) >= _MOST_REMEMBERED:
            self._log.error("door_gives_up", about=about, reason="too much waits to be written")
            return
        self._later.append((time.monotonic() + _REMEMBERED.total_seconds(), work, about))
        self._has_later.set()

    def _start(self) -> None:
        if self._is_started:
            return
        with self._starting:
            if not self._is_started:
                for number in range(_THREADS):
                    threading.Thread(target=self._work_forever, name=f"door-book-{number}", daemon=True).start()
                threading.Thread(target=self._catch_up_forever, name="door-book-later", daemon=True).start()
                # What is never written is not lost: the request stays in doubt, and is met in a later report.
                atexit.register(self.flush)
                self._is_started = True

    def _work_forever(self) -> None:
        while True:
            ticket = self._waiting.get()
            if not ticket.is_over:
                self._do([ticket], at_once=self._at_once)

    def _do(self, tickets: list[_Ticket], *, at_once: int) -> None:
        try:
            results = self._transact(tickets, at_once)
        except Exception as error:  # noqa: BLE001 - raised again where somebody waits for the result
            if len(tickets) == 1 or isinstance(error, StoreUnavailable):
                for each in tickets:
                    each.hand_over(None, error)
                return
            # It is the trouble of one of them.
            for each in tickets:
                self._do([each], at_once=1)
            return
        self._written_at = time.monotonic()
        for each, result in zip(tickets, results, strict=True):
            if not each.hand_over(result) and each.undo is not None:
                self.write_later(partial(_undo, each.undo, result), "what was committed too late")

    def _transact(self, tickets: list[_Ticket], at_once: int) -> list[object]:
        """Do what the tickets ask for, and take in those that came while this waited for its turn to write."""
        with self._database.begin() as connection:
            with suppress(Empty):
                while len(tickets) < at_once:
                    tickets.append(self._waiting.get_nowait())
            tickets[:] = [each for each in tickets if not each.is_over]
            results: list[object] = [each.work(connection) for each in tickets]
            if any(each.is_over for each in tickets):
                raise _TooLate
        return results

    def _catch_up_forever(self) -> None:
        while True:
            self._has_later.wait()
            self._has_later.clear()
            while self._later:
                self._catch_up()
                if self._later:
                    time.sleep(_PAUSE.total_seconds())

    def _catch_up(self) -> None:
        """Write what can be written, and keep the rest."""
        failures = 0
        while self._later and failures < _TELLING:
            until, work, about = self._later[0]
            try:
                if self.write(work):
                    self._ring()
                failures = 0
            except StoreUnavailable as error:
                failures += 1
                if time.monotonic() < until:
                    self._later.rotate(-1)
                    continue
                self._log.error("door_gives_up", about=about, reason=str(error))
            except Exception as error:  # noqa: BLE001 - the thread lives on for what else waits
                self._log.error("door_gives_up", about=about, reason=type(error).__name__)
            self._later.popleft()


def _undo(undo: Callable[[sa.Connection, Any], object], result: object, connection: sa.Connection) -> bool:
    return bool(undo(connection, result))
