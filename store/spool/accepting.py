"""Taking deliveries into the spool, as many as there is room for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.inbox import Acceptance, InboxStatus
from store import trial_writes
from store.inbox import NewEvent
from store.quick_insert import QuickInsert
from store.spool.table import micros, rows, write_trials

_FILLED = (*("key", "event_id", "event_type", "received_at", "priority", "raw", "signature", "signature_timestamp"),)
FULL = "the spool is full"
_ROWS_PER_STATEMENT = 64
_insert_missing = QuickInsert(rows, _FILLED, key="key")


def accept(connection: sa.Connection, events: Sequence[NewEvent], *, room: int) -> list[Acceptance | StoreUnavailable]:
    """Store deliveries, as many new ones as there is room for, and return what became of each, in order.

    A content that is here already under its id, or twice among these, is counted and needs no room.
    """
    keys = [f"{event.digest}:{event.event_id}" for event in events]
    first = dict(reversed(list(zip(keys, events, strict=True))))
    wanted = list(dict.fromkeys(keys))
    turned_away: set[str] = set()
    if room < len(wanted):
        known = set(connection.scalars(sa.select(rows.c.key).where(rows.c.key.in_(wanted))))
        turned_away = set([key for key in wanted if key not in known][max(room, 0) :])
    stored = _insert(connection, {key: first[key] for key in wanted if key not in turned_away})
    answers: list[Acceptance | StoreUnavailable] = []
    again: Counter[str] = Counter()
    for key, event in zip(keys, events, strict=True):
        if key in turned_away:
            answers.append(StoreUnavailable(FULL))
            continue
        is_new = key in stored and first[key] is event
        again[key] += not is_new
        answers.append(_acceptance(event.status, is_new=is_new))
    _count(connection, {key: times for key, times in again.items() if times})
    return answers


def _acceptance(status: InboxStatus, *, is_new: bool) -> Acceptance:
    if status is InboxStatus.STALE:
        return Acceptance.HELD
    if not is_new:
        return Acceptance.DUPLICATE
    return Acceptance.ACCEPTED if status is InboxStatus.PENDING else Acceptance.QUARANTINED


def _insert(connection: sa.Connection, events: Mapping[str, NewEvent]) -> set[str]:
    values = [
        (
            *(key, event.event_id, event.event_type, micros(event.received_at), event.priority, event.raw),
            *(event.signature, event.signature_timestamp),
        )
        for key, event in events.items()
    ]
    stored: set[str] = set()
    for start in range(0, len(values), _ROWS_PER_STATEMENT):
        stored |= _insert_missing(connection, values[start : start + _ROWS_PER_STATEMENT])
    return stored


def _count(connection: sa.Connection, again: Mapping[str, int]) -> None:
    for times in sorted(set(again.values())):
        keys = [key for key, count in again.items() if count == times]
        connection.execute(sa.update(rows).where(rows.c.key.in_(keys)).values(deliveries=rows.c.deliveries + times))


def require_writable(connection: sa.Connection) -> None:
    """Do what storing an event does, without an event: it fails where that would fail, on a full disk too."""
    connection.execute(sa.update(rows).where(rows.c.id == -1).values(deliveries=rows.c.deliveries))
    trial_writes.make(connection, write_trials)
