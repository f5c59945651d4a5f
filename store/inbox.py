"""The inbox: every event that was answered with a 2xx, one row each, the signed bytes included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from core.failpoints import Failpoint
from core.inbox import Acceptance, InboxStatus
from store import trial_writes
from store.quick_insert import QuickInsert
from store.tables import IS_NOT_APPLIED, inbox, write_trials


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One delivery of an event, ready to be stored."""

    event_id: str
    """Telnyx's id, or a derived one such as ``stale:<digest>``."""
    event_type: str
    occurred_at: datetime | None = None
    received_at: datetime
    source: str
    """The way it came: ``webhook``, ``failover`` or ``telnyx_api``."""
    status: InboxStatus = InboxStatus.PENDING
    """PENDING, or the dead letter that it is."""
    reason: str | None = None
    """Why it is a dead letter, in one line."""
    priority: int = 1
    """0 before 1: what may be an opt-out is applied first."""
    raw: bytes
    signature: str
    signature_timestamp: str
    digest: str
    """SHA-256, hexadecimal, of what makes the event what it is."""
    attempt: int | None = None
    delivered_to: str | None = None


#: What ``store.group_commit`` reaches before and after it writes here.
WRITING = Failpoint.I1
COMMITTED = Failpoint.I2

#: Well inside what one statement can carry on either database.
_ROWS_PER_STATEMENT = 64
_COLUMNS = NewEvent.__slots__
_STATUS = _COLUMNS.index("status")
_fields_of = attrgetter(*_COLUMNS)
_insert_missing = QuickInsert(inbox, _COLUMNS, key="event_id")

_WHEN_NEW = {InboxStatus.PENDING: Acceptance.ACCEPTED, InboxStatus.STALE: Acceptance.HELD}
_WHEN_KNOWN = {InboxStatus.STALE: Acceptance.HELD}


def accept(connection: sa.Connection, events: Sequence[NewEvent]) -> list[Acceptance]:
    """Store deliveries and return what became of each, in order. It counts once the transaction is committed.

    An event that is here already, or twice among these, is counted and otherwise left alone. Another content under a
    known id becomes a row of its own, a dead letter for somebody to look at.
    """
    first = {event.event_id: event for event in reversed(events)}
    # In one order everywhere: two servers that insert the same ids crosswise would wait for each other.
    stored = _insert(connection, sorted(first.values(), key=attrgetter("event_id")))
    is_new = [event.event_id in stored and first[event.event_id] is event for event in events]
    if not all(is_new):
        _count(connection, [event for event, new in zip(events, is_new, strict=True) if not new])
    return [
        _WHEN_NEW.get(event.status, Acceptance.QUARANTINED)
        if new
        else _WHEN_KNOWN.get(event.status, Acceptance.DUPLICATE)
        for event, new in zip(events, is_new, strict=True)
    ]


def _insert(connection: sa.Connection, events: Sequence[NewEvent]) -> set[str]:
    stored: set[str] = set()
    for start in range(0, len(events), _ROWS_PER_STATEMENT):
        part = events[start : start + _ROWS_PER_STATEMENT]
        stored |= _insert_missing(connection, [_values_of(event) for event in part])
    return stored


def _values_of(event: NewEvent) -> list[Any]:
    values = list(_fields_of(event))
    # psycopg has ideas of its own about enums.
    values[_STATUS] = event.status.value
    return values


def _count(connection: sa.Connection, known: Sequence[NewEvent]) -> None:
    """Count deliveries of events that are here, and keep those that say something else than what is here."""
    counts = Counter(event.event_id for event in known)
    query = sa.select(inbox.c.event_id, inbox.c.digest).where(inbox.c.event_id.in_(counts))
    held = dict(iter(connection.execute(query)))
    conflicts = {event.digest: _conflict(event) for event in known if held[event.event_id] != event.digest}
    _insert(connection, [conflicts[digest] for digest in sorted(conflicts)])
    for times in sorted(set(counts.values())):
        # A worker may hold a row while it applies it. The count is not worth waiting for.
        ids = [event_id for event_id, count in counts.items() if count == times]
        free = sa.select(inbox.c.seq).where(inbox.c.event_id.in_(ids)).with_for_update(skip_locked=True)
        connection.execute(sa.update(inbox).where(inbox.c.seq.in_(free)).values(deliveries=inbox.c.deliveries + times))


def _conflict(event: NewEvent) -> NewEvent:
    return replace(
        event,
        event_id=f"{InboxStatus.CONFLICT}:{event.digest}",
        status=InboxStatus.CONFLICT,
        reason=f"differs from what was accepted before under the id {event.event_id}",
    )


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event, as listings show it."""

    seq: int
    event_id: str
    event_type: str
    occurred_at: datetime | None
    received_at: datetime
    source: str
    status: InboxStatus
    reason: str | None
    attempt: int | None
    delivered_to: str | None
    deliveries: int
    tries: int
    retry_at: datetime | None
    applied_at: datetime | None
    crashes: int
    """How often a process ended while applying it, since it was last applied."""
    acts: bool
    """False when its last replay was one whose effects are off."""
    replayed_at: datetime | None
    replayed_by: str | None
    has_raw: bool
    """False once the signed bytes were pruned."""


_LISTED = [inbox.c.raw.is_not(None).label(name) if name == "has_raw" else inbox.c[name] for name in EventRow.__slots__]


def events(
    connection: sa.Connection,
    *,
    statuses: Collection[InboxStatus] = (),
    event_type: str | None = None,
    limit: int,
    after: int | None = None,
) -> list[EventRow]:
    """Return events, newest first; ``after`` is the ``seq`` that the page before ended with."""
    query = sa.select(*_LISTED).order_by(inbox.c.seq.desc()).limit(limit)
    if statuses:
        query = query.where(inbox.c.status.in_(statuses))
        if InboxStatus.APPLIED not in statuses:
            # Most are applied, and the index holds the others.
            query = query.where(IS_NOT_APPLIED)
    if event_type is not None:
        query = query.where(inbox.c.event_type == event_type)
    if after is not None:
        query = query.where(inbox.c.seq < after)
    return [_row(row) for row in connection.execute(query)]


def find(connection: sa.Connection, event_id: str) -> EventRow | None:
    """Return one event, or None."""
    row = connection.execute(sa.select(*_LISTED).where(inbox.c.event_id == event_id)).first()
    return _row(row) if row else None


def raw_of(connection: sa.Connection, event_id: str) -> bytes | None:
    """Return the bytes that Telnyx signed, or None when they were pruned or there is no such event."""
    return connection.scalar(sa.select(inbox.c.raw).where(inbox.c.event_id == event_id))


@dataclass(frozen=True, slots=True)
class SignedRow:
    """A stored event with what Telnyx signed; without bytes, they were pruned."""

    event_id: str
    event_type: str
    received_at: datetime
    source: str
    digest: str
    raw: bytes | None
    signature: str | None
    signature_timestamp: str | None


def signed(connection: sa.Connection, event_ids: Collection[str]) -> dict[str, SignedRow]:
    """Return those of these events that are stored, by id."""
    columns = [inbox.c[name] for name in SignedRow.__slots__]
    query = sa.select(*columns).where(inbox.c.event_id.in_(sorted(event_ids)))
    return {row.event_id: SignedRow(*row) for row in connection.execute(query)}


def _row(row: sa.Row[Any]) -> EventRow:
    return EventRow(**{**row._mapping, "status": InboxStatus(row.status)})  # noqa: SLF001 - SQLAlchemy's public name for it


def prune(connection: sa.Connection, *, older_than: datetime, after: int, limit: int) -> tuple[int, int]:
    """Forget the bytes of the next events received before a moment that are done with.

    Return how many, and the ``seq`` to go on after. The ids stay for good: they
    are what tells a duplicate. Dead letters stay whole.
    """
    done = (
        sa.select(inbox.c.seq)
        .where(
            inbox.c.status.in_([InboxStatus.APPLIED, InboxStatus.IGNORED]),
            inbox.c.received_at < older_than,
            inbox.c.raw.is_not(None),
            inbox.c.seq > after,
        )
        .order_by(inbox.c.seq)
        .limit(limit)
    )
    seqs = list(connection.scalars(done))
    forgotten = {"raw": None, "signature": None, "signature_timestamp": None}
    connection.execute(sa.update(inbox).where(inbox.c.seq.in_(seqs)).values(forgotten))
    return len(seqs), max(seqs, default=after)


def require_writable(connection: sa.Connection) -> None:
    """Do what storing an event does, without an event: it fails where that would fail, on a full disk too."""
    connection.execute(sa.update(inbox).where(inbox.c.seq == -1).values(deliveries=inbox.c.deliveries))
    trial_writes.make(connection, write_trials)
