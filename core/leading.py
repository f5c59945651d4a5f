"""How long before the usual last look a crowd has to be begun with, so that its last one is done in time.

Pure. Messages are looked at one after the other, and what is held is cancelled one after the other, in the order of
their times. So the latest moment to begin with one is found from the last backwards: each has to be done when the
next has to be begun with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from core.deadlines import LAST_LOOK, SAFETY_MARGIN, WALL, deadline, last_look
from core.forecasting import Minute, Pace, Queue

#: How many messages a second are decided on, while nobody has seen how many; about half of what a small machine does.
ASSUMED_RATE = 200.0
_SLOWEST, _FASTEST = 20.0, 2000.0
#: What was seen is not relied on in full: events are applied, and answers recorded, by the same hands.
_RELIED_ON = 0.5
#: Fewer decisions at a time do not show how many would have been possible; a longer gap is a rest.
_FULL, _REST = 40, timedelta(seconds=10)
#: The part of the time between the usual last look and the deadline in which all should be decided on.
_SLACK = LAST_LOOK / 2
_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Lead:
    """The minutes whose messages have to be looked at earlier than usual."""

    begins: tuple[tuple[datetime, datetime], ...] = ()
    """From when on, and the last of the times of sending that are meant."""

    def until(self, now: datetime) -> datetime:
        """Return up to which time of sending messages are to be looked at for the last time now."""
        early = (send_at for begin, send_at in self.begins if begin <= now)
        return max(now + LAST_LOOK + WALL, max(early, default=now))

    def since(self, send_at: datetime) -> datetime:
        """Return from when on a message to be sent then is to be looked at for the last time."""
        early = (begin for begin, until in self.begins if send_at <= until)
        return min(last_look(send_at), min(early, default=send_at))

    def begun(self, now: datetime) -> datetime | None:
        """Return since when there is something to be looked at earlier than usual, or None."""
        return min((begin for begin, _ in self.begins if begin <= now), default=None)


#: Nothing is looked at earlier than usual.
USUAL = Lead()


def of_crowd(crowd: Sequence[Minute], *, per_second: float) -> Lead:
    """Return when to begin to look at messages, so many of which are decided on in a second."""
    tasks = [(last_look(minute.send_at) + _SLACK, _takes(minute, per_second)) for minute in crowd]
    return _lead(crowd, latest_begins(tasks))


def of_held(held: Sequence[Minute], waiting: Queue, pace: Pace, *, per_second: float) -> Lead:
    """Return when to begin to look at messages that are held: each will have to be cancelled, beside those waiting."""
    numbers: dict[datetime, int] = {}
    for minute in (*held, *waiting.minutes):
        numbers[minute.send_at] = numbers.get(minute.send_at, 0) + minute.number
    margin = max(SAFETY_MARGIN, pace.latency)
    order = sorted(numbers)
    cancelling = latest_begins([(deadline(at) - margin, pace.time_for(numbers[at])) for at in order])
    cancelled_from = dict(zip(order, cancelling, strict=True))
    tasks = [
        (min(last_look(minute.send_at) + _SLACK, cancelled_from[minute.send_at]), _takes(minute, per_second))
        for minute in held
    ]
    return _lead(held, latest_begins(tasks))


def latest_begins(tasks: Sequence[tuple[datetime, timedelta]]) -> list[datetime]:
    """Return the latest moment to begin with each of some tasks, done one after the other in this order.

    Each is given as when it has to be done and how long it takes.
    """
    begins: list[datetime] = []
    for due, takes in reversed(tasks):
        begins.append(min(due, begins[-1] if begins else due) - takes)
    return begins[::-1]


def seen_rate(batches: Sequence[tuple[datetime, int]]) -> float:
    """Return how many messages a second can be decided on, judged by the newest batches: when, and how many."""
    ordered = sorted(batches)
    decided, took = 0, timedelta()
    for (at, number), (next_at, _) in pairwise(ordered):
        if number >= _FULL and next_at - at <= _REST:
            decided += number
            took += next_at - at
    if not took:
        return ASSUMED_RATE
    return min(max(decided / took.total_seconds() * _RELIED_ON, _SLOWEST), _FASTEST)


def _takes(minute: Minute, per_second: float) -> timedelta:
    return timedelta(seconds=minute.number / per_second)


def _lead(crowd: Sequence[Minute], begins: Sequence[datetime]) -> Lead:
    early = [
        (begin, minute.send_at + _MINUTE - _INSTANT)
        for minute, begin in zip(crowd, begins, strict=True)
        if begin < last_look(minute.send_at)
    ]
    return Lead(tuple(early))
