"""Accepted events that wait to be applied: taken in batches, marked in the transaction that applies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.inbox import InboxStatus
from store.tables import AWAITS_APPLYING, inbox


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An accepted event, with the bytes that Telnyx signed."""

    seq: int
    event_id: str
    event_type: str
    received_at: datetime
    raw: bytes
    tries: int


_COLUMNS = [inbox.c[name] for name in PendingEvent.__slots__]


def claim(connection: sa.Connection, *, now: datetime, limit: int) -> list[PendingEvent]:
    """Return the next events to apply, held until the transaction ends: inbound texts first, then oldest first.

    What another worker holds is passed over. A worker that dies gives its
    events back by losing its connection, so no lease is needed.
    """
    query = (
        sa.select(*_COLUMNS)
        .where(AWAITS_APPLYING, sa.or_(inbox.c.retry_at.is_(None), inbox.c.retry_at <= now))
        .order_by(inbox.c.priority, inbox.c.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [PendingEvent(*row) for row in connection.execute(query)]


def claim_one(connection: sa.Connection, seq: int) -> list[PendingEvent]:
    """Return one event if it is still pending and nobody else holds it, held until the transaction ends."""
    query = sa.select(*_COLUMNS).where(inbox.c.seq == seq, AWAITS_APPLYING).with_for_update(skip_locked=True)
    return [PendingEvent(*row) for row in connection.execute(query)]


def mark(
    connection: sa.Connection, seqs: Sequence[int], status: InboxStatus, *, now: datetime, reason: str | None = None
) -> None:
    """Say what became of events that were claimed in this transaction."""
    if seqs:
        connection.execute(
            sa.update(inbox)
            .where(inbox.c.seq.in_(seqs))
            .values(status=status, reason=reason, applied_at=now, retry_at=None)
        )


def postpone(connection: sa.Connection, seq: int, *, retry_at: datetime, reason: str) -> None:
    """Leave an event pending after a failed try."""
    connection.execute(
        sa.update(inbox)
        .where(inbox.c.seq == seq, AWAITS_APPLYING)
        .values(tries=inbox.c.tries + 1, retry_at=retry_at, reason=reason)
    )


def oldest_due(connection: sa.Connection, *, now: datetime) -> datetime | None:
    """Return when the longest-waiting event that may be applied now was received, or None."""
    return _oldest(connection, sa.or_(inbox.c.retry_at.is_(None), inbox.c.retry_at <= now))


def oldest_pending(connection: sa.Connection) -> datetime | None:
    """Return when the longest-waiting event was received, those included that wait for another try, or None."""
    return _oldest(connection, sa.true())


def _oldest(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> datetime | None:
    firsts: list[datetime] = []
    for priority in (0, 1):
        query = (
            sa.select(inbox.c.received_at)
            .where(AWAITS_APPLYING, inbox.c.priority == priority, condition)
            .order_by(inbox.c.seq)
            .limit(1)
        )
        firsts += connection.scalars(query)
    return min(firsts, default=None)
