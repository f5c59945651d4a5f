"""Keeping what a look at many rows found, for those who ask more often than it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Generic, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable
from store.engine import Database

Found = TypeVar("Found")

#: What was found counts for this long.
KEPT_FOR = timedelta(seconds=3)
#: A look that takes long is had the more seldom: looking takes this share of the time at most.
_SHARE = 0.05
#: After so many seconds in which nobody asked, what was found last may as well be hours old: a look is waited for.
_RESTED = 30.0


def beside(look: Callable[[], None]) -> None:
    """Look in a thread of its own."""
    threading.Thread(target=look, name="look", daemon=True).start()


class Kept(Generic[Found]):
    """What ``look`` found last, looked for anew every few seconds.

    For many threads, none of which waits for it but the first who asks after a rest.
    """

    def __init__(
        self,
        database: Database,
        look: Callable[[sa.Connection], Found],
        *,
        kept_for: timedelta = KEPT_FOR,
        clock: Callable[[], float] = time.monotonic,
        aside: Callable[[Callable[[], None]], object] = beside,
    ) -> None:
        """Look at nothing yet; ``aside`` is how a further look is had while others go on."""
        self._database = database
        self._look = look
        self._kept_for = kept_for.total_seconds()
        self._clock = clock
        self._aside = aside
        self._found: Found | None = None
        self._fresh_until = float("-inf")
        self._turn = threading.Lock()

    def latest(self) -> Found:
        """Return what was found a moment ago; the very first who asks gets the StoreUnavailable of the look.

        Not to be called within a transaction: it has one of its own.
        """
        if self._found is None:
            with self._turn:
                return self._found if self._found is not None else self._looked()
        overdue = self._clock() - self._fresh_until
        if overdue >= 0 and self._turn.acquire(blocking=False):
            if overdue < _RESTED:
                self._aside(self._look_again)
            else:
                self._look_again()
        return self._found

    def _look_again(self) -> None:
        # Away or not, the database is asked again the next time; until then the last look counts.
        try:
            with suppress(StoreUnavailable):
                self._looked()
        finally:
            self._turn.release()

    def _looked(self) -> Found:
        began = self._clock()
        self._fresh_until = began + self._kept_for
        with self._database.read() as connection:
            found = self._look(connection)
        ended = self._clock()
        self._found, self._fresh_until = found, ended + max(self._kept_for, (ended - began) / _SHARE)
        return found
