"""Keeps the API from taking the threads that webhooks are received with, however long its requests take."""

from __future__ import annotations

from threading import BoundedSemaphore

from flask import g
from werkzeug.exceptions import ServiceUnavailable

#: Half of the threads that the Procfile gives a process.
_AT_ONCE = 4
#: Those wait on a thread too, so one is left in any case.
_WAITING = 3
_PATIENCE = 0.3
_RETRY_AFTER = 1


class Bulkhead:
    """Lets a few requests in at a time; of the others a few wait a moment, and the rest is sent away."""

    def __init__(self) -> None:
        """Let everybody in who comes first."""
        self._inside = BoundedSemaphore(_AT_ONCE)
        self._at_the_door = BoundedSemaphore(_AT_ONCE + _WAITING)

    def enter(self) -> None:
        """Let a request in, or answer it with a 503 within a third of a second."""
        if not self._at_the_door.acquire(blocking=False):
            raise _refusal()
        if not self._inside.acquire(timeout=_PATIENCE):
            self._at_the_door.release()
            raise _refusal()
        g.is_in_bulkhead = True

    def leave(self, _error: BaseException | None) -> None:
        """Let the next one in, however this one ended."""
        if g.pop("is_in_bulkhead", False):
            self._inside.release()
            self._at_the_door.release()


def _refusal() -> ServiceUnavailable:
    return ServiceUnavailable("Too many requests to the API are under way.", retry_after=_RETRY_AFTER)
