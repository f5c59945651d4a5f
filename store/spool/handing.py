"""The spool's rows on their way out: what is due, and what became of it.

What is read comes from SQLite as bare bytes and numbers, since a damaged row must not hold up the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

import sqlalchemy as sa

from store.spool.table import IS_HANDED, IS_PARKED, PRIORITIES, WAITS, SpoolState, instant, micros, rows


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """One event that is to be handed over."""

    id: int
    received_at: datetime
    raw: bytes
    signature: str
    signature_timestamp: str
    tries: int
    """How often it did not go through."""
    refusals: int
    """How often the primary said that it is not what Telnyx signed."""


_SELECT = (
    "SELECT id, received_at, raw, CAST(signature AS BLOB), CAST(signature_timestamp AS BLOB), tries, refusals"
    " FROM spooled_events"
)
_NEW = sa.text(
    f"{_SELECT} INDEXED BY ix_new WHERE state = 'waiting' AND retry_at IS NULL AND priority = :priority"
    " ORDER BY received_at, id LIMIT :limit"
)
_PUT_OFF = sa.text(
    f"{_SELECT} INDEXED BY ix_put_off WHERE state = 'waiting' AND retry_at <= :now AND priority = :priority"
    " ORDER BY retry_at, id LIMIT :limit"
)
#: What becomes of a row that waits as if it had just come.
_ANEW = {"retry_at": None, "tries": 0, "refusals": 0}


def due(connection: sa.Connection, now: datetime, limit: int) -> tuple[list[SpooledEvent], list[int]]:
    """Return the next events to hand over, and the ids of damaged rows met.

    Inbound texts come first, and of them and the rest those that were not put off before, the oldest first.
    """
    events: list[SpooledEvent] = []
    damaged: list[int] = []
    for priority, query in product(PRIORITIES, (_NEW, _PUT_OFF)):
        left = limit - len(events) - len(damaged)
        for row in connection.execute(query, {"now": micros(now), "priority": priority, "limit": left}):
            try:
                events.append(_event(row))
            except (AttributeError, TypeError, ValueError):
                damaged.append(row[0])
    return events, damaged


def _event(row: Sequence[Any]) -> SpooledEvent:
    """Return one; raises AttributeError, TypeError or ValueError when a column holds what it cannot hold."""
    row_id, received_at, raw, signature, timestamp, tries, refusals = row
    return SpooledEvent(
        id=row_id,
        received_at=instant(received_at),
        raw=memoryview(raw).tobytes(),
        signature=signature.decode("ascii"),
        signature_timestamp=timestamp.decode("ascii"),
        tries=int(tries),
        refusals=int(refusals),
    )


def hand(connection: sa.Connection, verdicts: Mapping[int, str], now: datetime) -> None:
    """Mark events that the primary has, with what it said of each."""
    statement = (
        sa.update(rows)
        .where(rows.c.id == sa.bindparam("of"))
        .values(
            state=SpoolState.HANDED.value,
            verdict=sa.bindparam("said"),
            handed_at=micros(now),
            reason=None,
            tries=rows.c.tries + 1,
        )
    )
    if verdicts:
        connection.execute(statement, [{"of": row_id, "said": str(said)} for row_id, said in verdicts.items()])


def park(connection: sa.Connection, reasons: Mapping[int, str]) -> None:
    """Put waiting events aside for somebody to look at."""
    statement = (
        sa.update(rows)
        .where(rows.c.id == sa.bindparam("of"), WAITS)
        .values(state=SpoolState.PARKED.value, reason=sa.bindparam("why"))
    )
    if reasons:
        connection.execute(statement, [{"of": row_id, "why": reason} for row_id, reason in reasons.items()])


def put_off(connection: sa.Connection, refused: Mapping[int, tuple[datetime, str]]) -> None:
    """Let waiting events that were refused wait, each until a time, with the reason."""
    statement = (
        sa.update(rows)
        .where(rows.c.id == sa.bindparam("of"), WAITS)
        .values(retry_at=sa.bindparam("until"), reason=sa.bindparam("why"), refusals=rows.c.refusals + 1)
    )
    if refused:
        each = [{"of": row_id, "until": micros(until), "why": why} for row_id, (until, why) in refused.items()]
        connection.execute(statement, each)


def unpark(connection: sa.Connection, ids: Collection[int] | None) -> int:
    """Let parked events wait as if they had just come, and return how many; None: all of them."""
    parked = sa.update(rows).where(IS_PARKED)
    if ids is not None:
        parked = parked.where(rows.c.id.in_(ids))
    anew = {"state": SpoolState.WAITING.value, "reason": None, **_ANEW}
    return connection.execute(parked.values(anew)).rowcount


def hand_again(connection: sa.Connection, *, since: datetime, until: datetime, limit: int) -> int:
    """Let events handed over between two moments wait as if they had just come, and return how many."""
    handed = sa.select(rows.c.id).where(IS_HANDED, rows.c.handed_at.between(micros(since), micros(until))).limit(limit)
    anew = {"state": SpoolState.WAITING.value, "verdict": None, "handed_at": None, **_ANEW}
    return connection.execute(sa.update(rows).where(rows.c.id.in_(handed)).values(anew)).rowcount


def postpone(connection: sa.Connection, ids: Collection[int], retry_at: datetime, reason: str) -> None:
    """Let waiting events wait until then."""
    connection.execute(
        sa.update(rows)
        .where(rows.c.id.in_(ids), WAITS)
        .values(retry_at=micros(retry_at), reason=reason, tries=rows.c.tries + 1)
    )


def hasten(connection: sa.Connection, now: datetime) -> None:
    """Make all that wait due now."""
    connection.execute(sa.update(rows).where(WAITS, rows.c.retry_at > micros(now)).values(retry_at=micros(now)))


def forget(connection: sa.Connection, *, older_than: datetime | None, limit: int) -> int:
    """Delete events handed over before a moment, the oldest first; None: whenever that was. Return how many."""
    oldest = _oldest_handed(limit)
    if older_than is not None:
        oldest = oldest.where(rows.c.handed_at < micros(older_than))
    return connection.execute(sa.delete(rows).where(rows.c.id.in_(oldest))).rowcount


def forgettable(connection: sa.Connection, *, limit: int) -> tuple[int, int]:
    """Return how many rows ``forget`` would delete, whenever they were handed over, and the bytes signed in them."""
    size = sa.func.coalesce(sa.func.sum(sa.func.length(rows.c.raw)), 0)
    found = connection.execute(sa.select(sa.func.count(), size).where(rows.c.id.in_(_oldest_handed(limit)))).one()
    return found[0], found[1]


def _oldest_handed(limit: int) -> sa.Select[tuple[int]]:
    highest = sa.select(sa.func.max(rows.c.id)).scalar_subquery()
    # The highest id must not be given out again: ``store.spool.room`` counts by it.
    return sa.select(rows.c.id).where(IS_HANDED, rows.c.id < highest).order_by(rows.c.handed_at).limit(limit)
