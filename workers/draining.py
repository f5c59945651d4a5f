"""The drain: do all that SQL says is due, in one loop that never waits for Telnyx.

Events are applied before anything is cancelled, so that an opt-out which came
in during a long run of cancellations still finds its place ahead of them, and
what can be asked of Telnyx leaves before more is decided on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.applying import Applier
from workers.cancelling import Canceller, Pumped
from workers.reviewing import BATCH, Reviewer

#: How long to wait for an answer from Telnyx before looking for new events again.
_LOOK_AGAIN = timedelta(milliseconds=50)
#: A cancellation due sooner than this is waited for; later ones are left to the sweeper's ring.
_WORTH_WAITING = timedelta(seconds=1)
#: So few are decided on at a time while cancellations are on their way: the pace allows a tenth of a second's requests
#: at once, so the next must not have to wait longer than that.
_WHILE_CANCELLING = 40


@dataclass(frozen=True, slots=True)
class Drain:
    """Applies, reviews and cancels until nothing is due."""

    applier: Applier
    reviewer: Reviewer
    canceller: Canceller
    ring: Callable[[], object]
    now: Callable[[], datetime]
    sleep: Callable[[float], object] = time.sleep

    def run(self, *, budget: timedelta | None = None, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Work until nothing is due, the budget is used up, or ``should_stop`` says so.

        Raises StoreUnavailable when the database is away; what was committed stays.
        """
        ends_at = time.monotonic() + budget.total_seconds() if budget else float("inf")
        called_others = False
        while not should_stop() and time.monotonic() < ends_at:
            applied = self.applier.apply()
            if applied >= self.applier.batch and not called_others:
                # More than one batch waits: let the other workers take their share.
                self.ring()
                called_others = True
            pumped = self.canceller.pump()
            reviewed = self.reviewer.review(_WHILE_CANCELLING if pumped.in_flight else BATCH)
            if applied or reviewed or pumped.finished:
                continue
            if pumped.in_flight:
                self.canceller.wait(self._pause(pumped))
            elif pumped.next_due_at and pumped.next_due_at - self.now() < _WORTH_WAITING:
                self.sleep(_LOOK_AGAIN.total_seconds())
            else:
                return

    def _pause(self, pumped: Pumped) -> timedelta:
        """Return how long to wait for an answer: no longer than until the pace lets the next request leave.

        What could leave already waits for a slot, or for the other workers, and would not leave the earlier.
        """
        left = pumped.next_due_at - self.now() if pumped.next_due_at else timedelta()
        return min(left, _LOOK_AGAIN) if left > timedelta() else _LOOK_AGAIN
