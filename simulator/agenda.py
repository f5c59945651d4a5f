"""What the simulator will do and when: a heap, so that ten thousand waiting messages cost nothing.

A cancelled message's step stays in the heap and finds nothing to do when its
time comes. Not locked: the owner holds its own lock around every call.
"""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

Step = Callable[[datetime], None]
"""Something to do; it is told the moment it was due, however late it runs."""


class Agenda:
    """Steps in the order of their due times; equal times keep the order they were added in."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Step]] = []
        self._order = itertools.count()

    def add(self, due_at: datetime, step: Step) -> None:
        """Do ``step`` at ``due_at``."""
        heapq.heappush(self._heap, (due_at, next(self._order), step))

    def next_at(self) -> datetime | None:
        """When the earliest step is due."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: datetime) -> tuple[datetime, Step] | None:
        """Take the earliest step out, if it is due."""
        if not self._heap or self._heap[0][0] > now:
            return None
        due_at, _, step = heapq.heappop(self._heap)
        return due_at, step
