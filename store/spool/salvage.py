"""Bringing what can be read of spools that were set aside into the one that took their place.

A thread does it while events are taken. What it brings may be there already, so it can begin again at any time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable
from store.spool import wreck
from store.spool.table import rows, salvaged
from store.spool.wreck import EndUnreadable, Row

_AT_ONCE = 100
#: Before what could not be written is tried again.
_PAUSE = timedelta(seconds=1)

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class _Transaction(Protocol):
    def __call__(self, work: Callable[[sa.Connection], Result], /) -> Result: ...


class Salvage:
    """One process's part in it; others wait, and go on if it dies."""

    def __init__(self, set_asides: Callable[[], Iterable[Path]], *, read: _Transaction, write: _Transaction) -> None:
        """Salvage nothing yet."""
        self._set_asides = set_asides
        self._read = read
        self._write = write
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def soon(self) -> None:
        """Have a thread salvage what is left to be salvaged, if anything, and return at once."""
        with self._starting:
            is_at_it = self._thread is not None and self._thread.is_alive()
            if not is_at_it and any(True for _ in self._set_asides()):
                self._thread = threading.Thread(target=self._all, name="salvage", daemon=True)
                self._thread.start()

    def wait(self, patience: timedelta) -> bool:
        """Return when no thread of this process salvages any more, or False when it still does after so long."""
        thread = self._thread
        if thread is not None:
            thread.join(patience.total_seconds())
        return thread is None or not thread.is_alive()

    def left(self) -> int:
        """Return how many files are not salvaged yet, those among them of which nothing can be read."""
        done = self._read(_done)
        return sum(1 for aside in self._set_asides() if aside.name not in done)

    def _all(self) -> None:
        for aside in self._set_asides():
            try:
                with _alone(aside):
                    while not self._is_done_with(aside):
                        time.sleep(_PAUSE.total_seconds())
            except (OSError, sqlite3.Error) as error:
                told = "nothing more of %s is brought into the new spool now: %s; `sqlite3 %s .recover` may read more"
                _log.error(told, aside, error, aside)

    def _is_done_with(self, aside: Path) -> bool:
        """Salvage a file, unless that was done, and return False when the new spool does not take it now."""
        try:
            if aside.name not in self._read(_done):
                self._one(aside)
        except StoreUnavailable as error:
            _log.warning("bringing %s into the new spool is tried again: %s", aside, error)
            return False
        return True

    def _one(self, aside: Path) -> None:
        saved = lost = 0
        ends_early = ""
        waiting: list[Row] = []
        try:
            for row in wreck.readable(aside):
                if row is None:
                    lost += 1
                    continue
                waiting.append(row)
                if len(waiting) == _AT_ONCE:
                    saved += self._put(waiting)
                    waiting = []
        except EndUnreadable:
            ends_early = ", nor any after those"
        saved += self._put(waiting)
        if saved or not ends_early:
            self._write(lambda connection: _note(connection, aside))
        told = (
            "%d events of %s are in the new spool; %d could not be read%s. The file stays where it is;"
            " `sqlite3 %s .recover` may read more"
        )
        _log.error(told, saved, aside, lost, ends_early, aside)

    def _put(self, found: Sequence[Row]) -> int:
        if found:
            self._write(lambda connection: _insert(connection, found))
        return len(found)


def _insert(connection: sa.Connection, found: Sequence[Row]) -> None:
    connection.execute(sa.insert(rows).prefix_with("OR IGNORE"), list(found))


def _done(connection: sa.Connection) -> set[str]:
    return set(connection.scalars(sa.select(salvaged.c.name)))


def _note(connection: sa.Connection, aside: Path) -> None:
    connection.execute(sa.insert(salvaged).prefix_with("OR IGNORE"), {"name": aside.name})


@contextmanager
def _alone(aside: Path) -> Iterator[None]:
    """Keep others from salvaging the same file; wait for one that does, and may die of it."""
    file = os.open(aside, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
