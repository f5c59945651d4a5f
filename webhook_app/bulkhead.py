"""Bounds how many requests of a kind are worked on at a time: more would take all connections, or all be late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore, Lock

from flask import g
from werkzeug.exceptions import ServiceUnavailable

_PATIENCE = 0.3
_RETRY_AFTER = 1


class Bulkhead:
    """Lets a few requests in at a time; others wait a moment as long as somebody comes out, and are then sent away."""

    def __init__(self, *, places: int, told: str, patience: timedelta | None = None) -> None:
        """Have places for so many at a time, and ``told`` for those who find none.

        For one that becomes free twice as many may wait for ``patience``, a third of a second unless it is given.
        """
        self._places = BoundedSemaphore(places)
        self._told = told
        self._patience = patience
        self._most_waiting = 2 * places
        self._waiting = 0
        self._counting = Lock()
        self._moved_at = time.monotonic()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place, or answer with a 503."""
        self._take()
        try:
            yield
        finally:
            self._free()

    def enter(self) -> None:
        """Do the same from the beginning of a request."""
        self._take()
        g.is_in_bulkhead = True

    def leave(self, _error: BaseException | None) -> None:
        """Let the next one in at the end of a request, however it ended."""
        if g.pop("is_in_bulkhead", False):
            self._free()

    def _take(self) -> None:
        if not self._places.acquire(blocking=False) and not self._wait():
            raise ServiceUnavailable(self._told, retry_after=_RETRY_AFTER)
        self._moved_at = time.monotonic()

    def _wait(self) -> bool:
        """Wait for a place, and return False when there is none to be had: waiting takes a thread as well.

        So only some wait, and nobody for those who have been inside for longer than that.
        """
        with self._counting:
            if self._waiting >= self._most_waiting:
                return False
            self._waiting += 1
        try:
            patience = self._patience.total_seconds() if self._patience else _PATIENCE
            until = time.monotonic() + patience
            while (left := min(until, self._moved_at + patience) - time.monotonic()) > 0:
                if self._places.acquire(timeout=left):
                    return True
            return False
        finally:
            with self._counting:
                self._waiting -= 1

    def _free(self) -> None:
        self._moved_at = time.monotonic()
        self._places.release()
