"""Accepted events that wait to be applied: taken in batches, marked in the transaction that applies them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.inbox import PRIORITIES, REPLAYED_WITHOUT_EFFECTS, InboxStatus
from store.tables import AWAITS_APPLYING, inbox


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An accepted event, with the bytes that Telnyx signed."""

    seq: int
    event_id: str
    event_type: str
    received_at: datetime
    source: str
    """The way it came: ``webhook``, ``failover`` or ``telnyx_api``."""
    raw: bytes
    tries: int
    acts: bool
    """False for a replay whose effects are off."""


@dataclass(frozen=True, slots=True)
class Line:
    """The events that are next, by their ``seq``."""

    together: list[int]
    """To be applied in one transaction."""
    suspect: int | None
    """The very next one, when applying it failed before or ended a process: it is taken alone."""


_COLUMNS = [inbox.c[name] for name in PendingEvent.__slots__]
_IN_ORDER = (inbox.c.priority, inbox.c.seq)
_IS_SUSPECT = sa.or_(inbox.c.tries > 0, inbox.c.crashes > 0)


def next_in_line(connection: sa.Connection, *, now: datetime, limit: int, besides: Collection[int] = ()) -> Line:
    """Return the next events, whoever holds them: by their priority, then oldest first.

    Those ``besides`` which more is wanted are passed over. Suspects do not take the place of others.
    """
    query = (
        sa.select(inbox.c.seq, _IS_SUSPECT)
        .where(AWAITS_APPLYING, _is_due(now))
        .order_by(*_IN_ORDER)
        .limit(limit + len(besides))
    )
    found = [(seq, bool(suspect)) for seq, suspect in connection.execute(query) if seq not in besides]
    suspect = next((seq for seq, is_suspect in found[:1] if is_suspect), None)
    if any(is_suspect for _, is_suspect in found):
        rows = connection.execute(query.where(~_IS_SUSPECT))
        found = [(seq, False) for seq, _ in rows if seq not in besides]
    return Line([seq for seq, _ in found[:limit]], suspect)


def claim(connection: sa.Connection, seqs: Sequence[int]) -> list[PendingEvent]:
    """Return those of the events that are pending and that nobody else holds, held until the transaction ends."""
    query = (
        sa.select(*_COLUMNS)
        .where(inbox.c.seq.in_(seqs), AWAITS_APPLYING)
        .order_by(*_IN_ORDER)
        .with_for_update(skip_locked=True)
    )
    return [PendingEvent(*row) for row in connection.execute(query)]


def mark(
    connection: sa.Connection, seqs: Sequence[int], status: InboxStatus, *, now: datetime, reason: str | None = None
) -> None:
    """Say what became of pending events; those that came to a good end are cleared of having ended a process."""
    if seqs:
        cleared = {} if status is InboxStatus.PARKED else {"crashes": 0}
        connection.execute(
            sa.update(inbox)
            .where(inbox.c.seq.in_(seqs), AWAITS_APPLYING)
            .values(status=status, reason=reason, applied_at=now, retry_at=None, **cleared)
        )


def postpone(connection: sa.Connection, seq: int, *, retry_at: datetime, reason: str) -> None:
    """Leave an event pending after a failed try."""
    connection.execute(
        sa.update(inbox)
        .where(inbox.c.seq == seq, AWAITS_APPLYING)
        .values(tries=inbox.c.tries + 1, retry_at=retry_at, reason=reason)
    )


def oldest_due(connection: sa.Connection, *, now: datetime) -> datetime | None:
    """Return since when the longest-waiting event that may be applied now could have been, or None."""
    firsts = _firsts(connection, PRIORITIES, _is_due(now))
    return min((first.since() for first in firsts), default=None)


def oldest_with_effects(connection: sa.Connection) -> datetime | None:
    """Return when the longest-waiting event that may cancel something was received, or None.

    Those that wait for another try are among them.
    """
    acting = [priority for priority in PRIORITIES if priority != REPLAYED_WITHOUT_EFFECTS]
    return min((first.received_at for first in _firsts(connection, acting, sa.true())), default=None)


@dataclass(frozen=True, slots=True)
class _Waiting:
    received_at: datetime
    retry_at: datetime | None
    replayed_at: datetime | None

    def since(self) -> datetime:
        return max(at for at in (self.received_at, self.retry_at, self.replayed_at) if at)


def _firsts(connection: sa.Connection, priorities: Iterable[int], condition: sa.ColumnElement[bool]) -> list[_Waiting]:
    """Return the first of each priority."""
    columns = [inbox.c[name] for name in _Waiting.__slots__]
    found: list[_Waiting] = []
    for priority in priorities:
        query = sa.select(*columns).where(AWAITS_APPLYING, inbox.c.priority == priority, condition)
        found += [_Waiting(*row) for row in connection.execute(query.order_by(inbox.c.seq).limit(1))]
    return found


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(inbox.c.retry_at.is_(None), inbox.c.retry_at <= now)
