"""Bounds how many requests of a kind are worked on at a time: more would take all connections, or all be late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import g
from werkzeug.exceptions import ServiceUnavailable

_PATIENCE = 0.3
_RETRY_AFTER = 1


class Bulkhead:
    """Lets a few requests in at a time; others wait a moment as long as somebody comes out, and are then sent away."""

    def __init__(self, *, places: int, told: str) -> None:
        """Have places for so many at a time, and ``told`` for those who find none."""
        self._places = BoundedSemaphore(places)
        self._told = told
        self._moved_at = time.monotonic()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place, or answer with a 503 within a third of a second."""
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
        # Waiting takes a thread as well. So nobody waits for those who have been inside for longer than that.
        patience = max(0.0, self._moved_at + _PATIENCE - time.monotonic())
        if not self._places.acquire(timeout=patience):
            raise ServiceUnavailable(self._told, retry_after=_RETRY_AFTER)
        self._moved_at = time.monotonic()

    def _free(self) -> None:
        self._moved_at = time.monotonic()
        self._places.release()
