"""Being told to stop: SIGTERM and Ctrl-C as a question that a loop can ask."""

from __future__ import annotations

import signal
import time
from types import FrameType


class StopFlag:
    """Says whether this process has been told to stop.

    A plain attribute and short sleeps instead of ``threading.Event``: a signal handler that sets
    an event waits for itself when it interrupts the main thread inside that event's lock.
    """

    _GLANCE = 0.1

    def __init__(self) -> None:
        self.is_set = False

    def __call__(self) -> bool:
        """Return True once a stop was asked for."""
        return self.is_set

    def set(self) -> None:
        """Ask for a stop."""
        self.is_set = True

    def listen(self) -> None:
        """Take SIGTERM and SIGINT as requests to stop. Only the main thread may call this."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def wait(self, seconds: float) -> bool:
        """Sleep for ``seconds``, or until a stop is asked for; return True in that case."""
        until = time.monotonic() + seconds
        while not self.is_set and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, self._GLANCE))
        return self.is_set

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
