"""Whether the cancellations that wait will be in time, and until when another one can be ordered.

Pure: how many wait, how fast they go and the clock come in. Cancellations go in the order of their deadlines,
so whatever is to be sent earlier is ahead of a message, and nothing else is.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from core.deadlines import SAFETY_MARGIN, deadline

#: What is counted on of the rate that is allowed: the pacer keeps a tenth free, and rounds do not come to the instant.
SUSTAINED = 0.85
#: So many requests one worker has under way at most.
SLOTS = 64
#: How long Telnyx takes to answer, while nobody has asked it anything yet.
ASSUMED_LATENCY = timedelta(milliseconds=300)
#: What a product of floats may lack to the whole number that it is.
_ROUNDING = 1e-9


class Minute(NamedTuple):
    """How many messages are to be sent within one minute."""

    send_at: datetime
    """When the minute begins: its messages are taken to be sent then, which is never too late."""
    number: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast cancellations are carried out."""

    rate: float
    """Requests a second that all workers together make, if nothing else holds them up."""
    latency: timedelta
    """How long Telnyx takes to answer, but for one request in a hundred."""
    slots: int = SLOTS
    """Requests that may be under way at a time. One worker's are counted on: there is at least one."""

    @property
    def per_second(self) -> float:
        """Return how many cancellations a second are carried out."""
        seconds = self.latency.total_seconds()
        return min(self.rate, self.slots / seconds) if seconds > 0 else self.rate

    def time_for(self, count: int) -> timedelta:
        """Return how long so many take, in whole seconds."""
        return timedelta(seconds=math.ceil(count / self.per_second))


class Queue:
    """The cancellations that wait, by the minute in which their messages are to be sent."""

    def __init__(self, minutes: Sequence[Minute] = ()) -> None:
        """Take the minutes in any order."""
        self.minutes = tuple(sorted(minutes))
        self._begin = [minute.send_at for minute in self.minutes]
        self._sums = [0, *accumulate(minute.number for minute in self.minutes)]

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return self._sums[-1]

    def ahead(self, send_at: datetime) -> int:
        """Return how many go before, or beside, one for a message to be sent then."""
        return self._sums[bisect_right(self._begin, send_at)]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What becomes of the cancellations that wait, if nothing else comes up."""

    waiting: int
    done_at: datetime | None
    """When the last is answered; None when none waits."""
    late: int
    """How many would be in time if they were asked for now, and wait too long. Those that have missed their
    deadline already are none of them: the ledger tells of those."""
    first_late_at: datetime | None
    """The deadline of the first of them."""
    pace: Pace

    @property
    def makes_it(self) -> bool:
        """Return True when everything that can be in time will be."""
        return not self.late


def cancel_by(send_at: datetime, pace: Pace, ahead: int) -> datetime:
    """Return until when a cancellation can be ordered, if ``ahead`` others go first."""
    return deadline(send_at) - max(SAFETY_MARGIN, pace.latency) - pace.time_for(ahead)


def forecast(queue: Queue, pace: Pace, *, now: datetime) -> Forecast:
    """Return whether everything that waits will be in time when it leaves at this pace from now on."""
    late, first_late_at, before = 0, None, 0
    for minute in queue.minutes:
        wall = deadline(minute.send_at)
        left = (wall - now - pace.latency).total_seconds()
        after = before + minute.number
        if left >= 0:
            # So many have left by then, the first of them at once.
            leave_in_time = math.floor(left * pace.per_second + _ROUNDING) + 1
            missed = after - max(before, leave_in_time)
            if missed > 0:
                late += missed
                first_late_at = first_late_at or wall
        before = after
    done_at = now + timedelta(seconds=(before - 1) / pace.per_second) + pace.latency if before else None
    return Forecast(before, done_at, late, first_late_at, pace)
