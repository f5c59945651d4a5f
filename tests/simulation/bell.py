"""The queue as the simulation has it: it takes rings, loses them, doubles them, and brings them late."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from tests.simulation.clock import Clock


class Redis(StrEnum):
    """How Redis is."""

    UP = "up"
    DOWN = "down"
    LOSES = "loses"
    """It takes a ring, and nothing comes of it."""
    DOUBLES = "doubles"
    DELAYS = "delays"


class Bell:
    """Rings for the worker, in the shape of ``store.bell.Bell``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.redis = Redis.UP
        self._jobs: list[datetime] = []

    def ring(self) -> bool:
        match self.redis:
            case Redis.DOWN:
                return False
            case Redis.UP:
                self._jobs.append(self._clock.true)
            case Redis.DOUBLES:
                self._jobs += [self._clock.true] * 2
            case Redis.DELAYS:
                self._jobs.append(self._clock.true + timedelta(seconds=20))
        return True

    def take(self) -> bool:
        """Take the next job, as a worker does; False when there is none."""
        due = min(self._jobs, default=None)
        if self.redis is Redis.DOWN or due is None or due > self._clock.true:
            return False
        self._jobs.remove(due)
        return True

    def flush(self) -> None:
        self._jobs.clear()
