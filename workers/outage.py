"""Whether Telnyx answers at all.

While it does not, a few requests look whether it is back, and the rest waits
for that: no message's own retries, however many wait, become a storm.
"""

from __future__ import annotations

from datetime import timedelta

from core import cancelling
from core.cancelling import Meaning

#: So many failures in a row, over all messages, are taken for an outage.
_FAILURES = 5
#: Requests in flight during an outage: more than one, since it may be one message that fails always.
_PROBES = 4


class Outage:
    """Counts failures in a row, as one worker sees them."""

    def __init__(self) -> None:
        self._failures = 0
        self.has_ended = False
        """True from the answer that ended an outage until somebody has made use of it."""

    def hear(self, meaning: Meaning, chance: float) -> timedelta | None:
        """Count one answer in and return how long nobody should ask anything, if at all."""
        if meaning not in cancelling.FAILED:
            self.has_ended = self.has_ended or self._is_on()
            self._failures = 0
            return None
        self._failures += 1
        return cancelling.backoff(self._failures - _FAILURES, chance) if self._is_on() else None

    def slots(self, usual: int) -> int:
        """Return how many requests may be in flight."""
        return min(_PROBES, usual) if self._is_on() else usual

    def _is_on(self) -> bool:
        return self._failures >= _FAILURES
