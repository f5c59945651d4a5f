"""The simulator's time: it may run fast, stand still, or be moved ahead.

Every scheduling rule reads this clock. Signatures do not: a receiver judges a
signature's age by its own clock, so ``webhooks`` stamps those with real time.
"""

import threading
import time
from datetime import UTC, datetime, timedelta

#: A day in less than a second; and after a month it still shows a year that has four digits.
FASTEST = 100_000


class Clock:
    """Simulated time, ``speed`` simulated seconds to a real one.

    A speed of 0 stands still and is moved by ``advance`` alone, which is how a
    test drives the simulator by hand.
    """

    def __init__(self, *, start: datetime | None = None, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._anchor = start or datetime.now(UTC)
        self._anchored = time.monotonic()
        self._speed = _checked(speed)

    @property
    def speed(self) -> float:
        """Simulated seconds that pass in a real second."""
        return self._speed

    def now(self) -> datetime:
        """Tell the simulated moment, aware UTC."""
        with self._lock:
            return self._now()

    def advance(self, by: timedelta) -> datetime:
        """Move ahead at once and return the new moment; time never goes back (``ValueError``)."""
        if by < timedelta(0):
            raise ValueError("The clock only moves ahead; give a positive number of seconds.")
        with self._lock:
            self._anchor = self._now() + by
            self._anchored = time.monotonic()
            return self._anchor

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on; one that is out of range raises ``ValueError``."""
        with self._lock:
            self._anchor = self._now()
            self._anchored = time.monotonic()
            self._speed = _checked(speed)

    def real_seconds_until(self, moment: datetime | None) -> float | None:
        """How long to sleep until then; None when nothing but a change of the clock brings it nearer."""
        if moment is None:
            return None
        with self._lock:
            left = (moment - self._now()).total_seconds()
            if left <= 0:
                return 0.0
            # A wait longer than this may overflow the platform's limit; waking early does no harm.
            return min(left / self._speed, 3600.0) if self._speed else None

    def _now(self) -> datetime:
        return self._anchor + timedelta(seconds=(time.monotonic() - self._anchored) * self._speed)


def _checked(speed: float) -> float:
    if not 0 <= speed <= FASTEST:
        raise ValueError(f"The clock's speed is 0 (stand still) to {FASTEST:,}.")
    return float(speed)
