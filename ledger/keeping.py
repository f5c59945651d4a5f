"""Keeping what a look at many rows found, for those who ask more often than it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

import sqlalchemy as sa

from store.engine import Database

Found = TypeVar("Found")

#: What was found counts for this long.
KEPT_FOR = timedelta(seconds=3)
#: A look that takes long is had the more seldom: looking takes this share of the time at most.
_SHARE = 0.05


class Kept(Generic[Found]):
    """What ``look`` found last, looked for anew every few seconds. For many threads, of which one looks."""

    def __init__(
        self,
        database: Database,
        look: Callable[[sa.Connection], Found],
        *,
        kept_for: timedelta = KEPT_FOR,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at nothing yet."""
        self._database = database
        self._look = look
        self._kept_for = kept_for.total_seconds()
        self._clock = clock
        self._found: Found | None = None
        self._fresh_until = float("-inf")
        self._turn = threading.Lock()

    def latest(self) -> Found:
        """Return what was found a moment ago, or look. Raises StoreUnavailable when it has to look and cannot.

        Not to be called within a transaction: it has one of its own.
        """
        if self._found is not None and (self._clock() < self._fresh_until or not self._turn.acquire(blocking=False)):
            return self._found
        if self._found is None:
            self._turn.acquire()
        try:
            return self._looked()
        finally:
            self._turn.release()

    def _looked(self) -> Found:
        began = self._clock()
        if self._found is not None and began < self._fresh_until:
            return self._found
        with self._database.read() as connection:
            found = self._look(connection)
        ended = self._clock()
        self._found, self._fresh_until = found, ended + max(self._kept_for, (ended - began) / _SHARE)
        return found
