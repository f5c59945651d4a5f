"""What a panic would do before it is confirmed, and how far it has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import forecasting
from core.forecasting import Queue
from core.outcomes import CancellationState
from core.scopes import Scope
from ledger import holding, unanswered
from ledger.forecasting import Outlook
from store import gated, reach, reviews
from store.gated import Ended


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking back everything in a scope would come to, as things are."""

    pending: int
    cancelling: int
    """How many of them are being cancelled already."""
    recallable: int
    takes: timedelta
    """Until the last one is answered, behind what waits already."""
    per_second: float
    late: int
    """Of all that would wait, how many would be too late although they can be recalled now."""
    first_late_at: datetime | None
    """By when the first of those would have to be asked for."""
    in_doubt: int
    """Requests whose messages, if Telnyx holds them, cannot be cancelled."""

    @property
    def inside_the_minute(self) -> int:
        """Return how many Telnyx will refuse to cancel."""
        return self.pending - self.recallable


def preview(connection: sa.Connection, scope: Scope, value: str, outlook: Outlook, *, now: datetime) -> Preview:
    """Return what a panic on this scope would do."""
    within = holding.reach_of(connection, scope, value)
    counted = holding.reached(connection, scope, value, now=now)
    waiting = outlook.look(connection)
    new = reach.by_minute(connection, within)
    queue = Queue((*waiting.queue.minutes, *new))
    told = forecasting.forecast(queue, waiting.pace, now=now)
    return Preview(
        pending=counted.pending,
        cancelling=max(counted.pending - sum(minute.number for minute in new), 0),
        recallable=counted.recallable,
        takes=max(told.done_at - now, timedelta()) if told.done_at else timedelta(),
        per_second=waiting.pace.per_second,
        late=told.late,
        first_late_at=told.first_late_at,
        in_doubt=unanswered.count(connection, within, now=now),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a panic has come."""

    is_looking: bool
    """Its scope has not been walked to the end yet."""
    states: Counter[CancellationState] = field(default_factory=Counter)
    """How many of its cancellations stand so."""
    others: Counter[CancellationState] = field(default_factory=Counter)
    """How many of those stand so that were under way for another reason when it began."""
    causes: Counter[str] = field(default_factory=Counter)
    """Why messages were not cancelled."""
    attempts: int = 0
    """Requests made of Telnyx."""

    @property
    def all(self) -> Counter[CancellationState]:
        """Return how many cancellations stand how, whatever their reason."""
        return self.states + self.others

    @property
    def ordered(self) -> int:
        """Return how many cancellations it has come to so far."""
        return self.all.total()

    @property
    def settled(self) -> int:
        """Return how many of them have ended."""
        return self.ordered - self.all[CancellationState.REQUESTED]

    @property
    def is_done(self) -> bool:
        """Return True when nothing is left to do."""
        return not self.is_looking and self.settled == self.ordered

    @property
    def is_complete(self) -> bool:
        """Return True when every message was cancelled."""
        return self.is_done and self.ordered == self.all[CancellationState.CONFIRMED]


def progress(connection: sa.Connection, cause: str, others: Collection[str] = ()) -> Progress:
    """Return how far the panic has come that is this cause of decisions, and the cancellations of other messages."""
    ordered = gated.standings(connection, cause)
    besides = gated.standings_besides(connection, others, cause)
    causes: Counter[str] = Counter()
    for each in (*ordered, *besides):
        if each.breach_cause is not None:
            causes[each.breach_cause] += each.number
    return Progress(
        reviews.is_unfinished(connection, cause),
        _states(ordered),
        _states(besides),
        causes,
        attempts=sum(each.attempts for each in (*ordered, *besides)),
    )


def _states(ended: Collection[Ended]) -> Counter[CancellationState]:
    states: Counter[CancellationState] = Counter()
    for each in ended:
        states[CancellationState(each.state)] += each.number
    return states
