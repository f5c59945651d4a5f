"""Which messages have to be looked at for the last time earlier than usual, because they are many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import leading
from core.deadlines import LAST_LOOK, WALL
from core.forecasting import Minute
from core.holds import Hold, HoldKind
from core.leading import USUAL, Lead
from core.scopes import Scope
from ledger import forecasting, holding
from ledger.keeping import Kept
from store import figures, holds, reach
from store.engine import Database
from store.ways import Reach

#: So far ahead a crowd is looked for, and so far one that is held: deciding is quicker than cancelling.
_SIGHT, _SIGHT_OF_HELD = timedelta(hours=1), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate whose messages have to be cancelled one day, and what it reaches."""

    id: str
    reach: Reach
    expires_at: datetime | None

    def until(self, send_at: datetime) -> datetime:
        """Return up to which time of sending it counts: beyond that it opens by itself before the last look."""
        return send_at if self.expires_at is None else min(send_at, self.expires_at + LAST_LOOK + WALL)


@dataclass(frozen=True, slots=True)
class Leads:
    """How much earlier than usual messages are looked at for the last time."""

    crowd: Lead = USUAL
    held: Lead = USUAL
    """For those that are held only: each of them will have to be cancelled."""
    gates: tuple[Gate, ...] = ()
    """What holds them."""


class Ahead:
    """The leads, for those who ask in every round: a few seconds old at most, or as old as looking is costly."""

    def __init__(self, database: Database, *, rate: int, now: Callable[[], datetime]) -> None:
        """Look at nothing yet; ``rate`` is how many requests a second may be made of Telnyx."""
        self._kept = Kept(database, lambda connection: look(connection, rate=rate, now=now()))

    def latest(self) -> Leads:
        """Return the leads; not to be called within a transaction. Raises StoreUnavailable."""
        return self._kept.latest()


def look(connection: sa.Connection, *, rate: int, now: datetime) -> Leads:
    """Return the leads as they are now; it walks along all that awaits its last look within sight."""
    per_second = leading.seen_rate(figures.newest_decisions(connection))
    crowd = figures.crowd_by_minute(connection, until=now + _SIGHT)
    gates = tuple(_gate(connection, hold) for hold in holds.standing(connection, now=now) if _keeps_many(hold))
    held = _held(connection, gates, now)
    if not held:
        return Leads(leading.of_crowd(crowd, per_second=per_second))
    prospect = forecasting.look(connection, rate=rate)
    return Leads(
        leading.of_crowd(crowd, per_second=per_second),
        leading.of_held(held, prospect.queue, prospect.pace, per_second=per_second),
        gates,
    )


def _keeps_many(hold: Hold) -> bool:
    """Return True for a gate behind which a crowd may wait; a person gets few messages."""
    return hold.kind is HoldKind.HOLD and hold.scope is not Scope.RECIPIENT


def _gate(connection: sa.Connection, hold: Hold) -> Gate:
    return Gate(hold.id, holding.reach_of(connection, hold.scope, hold.value), hold.expires_at)


def _held(connection: sa.Connection, gates: tuple[Gate, ...], now: datetime) -> list[Minute]:
    """Return how many are held, by the minute; one that is held twice counts twice, and begins the earlier."""
    numbers: dict[datetime, int] = {}
    for gate in gates:
        for minute in reach.by_minute(connection, gate.reach, until=gate.until(now + _SIGHT_OF_HELD), awaiting=True):
            numbers[minute.send_at] = numbers.get(minute.send_at, 0) + minute.number
    return [Minute(send_at, numbers[send_at]) for send_at in sorted(numbers)]
