"""What there is in the spool: how much, and the rows as listings show them.

What is read comes from SQLite as bare bytes and numbers, since a damaged row must not keep anybody from the others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.spool.table import IS_HANDED, IS_NEW, IS_PARKED, IS_PUT_OFF, PRIORITIES, SpoolState, instant, rows


@dataclass(frozen=True, slots=True)
class SpoolRow:
    """A spooled event, as listings show it."""

    id: int
    event_id: str
    event_type: str
    received_at: datetime | None
    """None when it cannot be read any more."""
    state: str
    reason: str | None
    """Why it is parked, or what held it up last."""
    tries: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows there are of each kind."""

    waiting: int
    parked: int
    parked_texts: int
    """Of those, how many are inbound."""
    handed: int
    oldest_waiting_at: datetime | None


_LISTED = (
    "SELECT id, CAST(event_id AS BLOB), CAST(event_type AS BLOB), received_at, CAST(state AS BLOB),"
    " CAST(reason AS BLOB), tries + refusals FROM spooled_events"
)


def count(connection: sa.Connection) -> int:
    """Return how many rows there are."""
    found = counts(connection)
    return found.waiting + found.parked + found.handed


def counts(connection: sa.Connection) -> Counts:
    """Return how many rows there are of each kind."""
    count = sa.select(sa.func.count()).select_from(rows)
    kinds = (IS_NEW, IS_PUT_OFF, IS_PARKED, IS_PARKED & (rows.c.priority == PRIORITIES[0]), IS_HANDED)
    new, put_off, parked, parked_texts, handed = (connection.scalar(count.where(kind)) or 0 for kind in kinds)
    # For each kind there is an index that begins with the priority.
    oldest = sa.select(sa.func.min(rows.c.received_at))
    first = [oldest.where(kind, rows.c.priority == priority) for kind in kinds[:2] for priority in PRIORITIES]
    found = [at for each in first if (at := connection.scalar(each)) is not None]
    return Counts(new + put_off, parked, parked_texts, handed, instant(min(found)) if found else None)


def listing(connection: sa.Connection, *, states: Collection[SpoolState], limit: int) -> list[SpoolRow]:
    """Return rows, newest first, of some states or of all."""
    wanted = list(states or SpoolState)
    statement = sa.text(f"{_LISTED} WHERE state IN :states ORDER BY id DESC LIMIT :limit").bindparams(
        sa.bindparam("states", expanding=True)
    )
    found = connection.execute(statement, {"states": [str(each) for each in wanted], "limit": limit})
    return [_row(row) for row in found]


def _row(row: Sequence[Any]) -> SpoolRow:
    row_id, event_id, event_type, received_at, state, reason, tries = row
    return SpoolRow(
        id=row_id,
        event_id=_shown(event_id) or "",
        event_type=_shown(event_type) or "",
        received_at=_instant_or_none(received_at),
        state=_shown(state) or "",
        reason=_shown(reason),
        tries=tries,
    )


def _shown(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="replace")


def _instant_or_none(raw: object) -> datetime | None:
    try:
        return instant(raw)
    except ValueError:
        return None
