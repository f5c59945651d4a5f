"""Runs: which events a worker is about to apply, on record before it begins, so that those which end it are found out.

A run's row is committed by itself. The transaction that applies the run's
events holds the row, and deletes it. So a row that nobody holds, and that is
not from just now, was left behind by a process that is gone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.inbox import InboxStatus
from store.tables import AWAITS_APPLYING, inbox
from store.tables import applying_runs as runs


@dataclass(frozen=True, slots=True)
class Run:
    """Some events that are about to be applied in one transaction."""

    id: str
    seqs: Sequence[int]
    started_at: datetime


_COLUMNS = [runs.c[name] for name in Run.__slots__]


def begin(connection: sa.Connection, seqs: Sequence[int], *, now: datetime) -> Run:
    """Put on record what is about to be applied."""
    run = Run(str(uuid.uuid4()), seqs, now)
    connection.execute(sa.insert(runs), {"id": run.id, "seqs": list(seqs), "started_at": now})
    return run


def hold(connection: sa.Connection, run: Run) -> bool:
    """Hold a run until the transaction ends, in which it is to end too; False when others took it for abandoned."""
    query = sa.select(runs.c.id).where(runs.c.id == run.id).with_for_update()
    return connection.execute(query).first() is not None


def end(connection: sa.Connection, ids: Collection[str]) -> None:
    """Take runs from the record, whatever came of them."""
    if ids:
        connection.execute(sa.delete(runs).where(runs.c.id.in_(ids)))


def unattended(connection: sa.Connection) -> list[Run]:
    """Return the runs that nobody is carrying out, held until the transaction ends."""
    query = sa.select(*_COLUMNS).order_by(runs.c.id).with_for_update(skip_locked=True)
    return [Run(*row) for row in connection.execute(query)]


def blame(connection: sa.Connection, run: Run, *, at_most: int, reason: str, now: datetime) -> list[str]:
    """Count the end of a process against the events it was applying, and return the ids of those parked for it.

    Of many events it is not known which one did it: they come under suspicion,
    however often that happens to them, and are taken alone from then on. One
    that was alone has done it, and is parked when it did so ``at_most`` times.
    """
    theirs = sa.update(inbox).where(inbox.c.seq.in_(run.seqs), AWAITS_APPLYING)
    if len(run.seqs) > 1:
        connection.execute(theirs.where(inbox.c.crashes == 0).values(crashes=1))
        return []
    connection.execute(theirs.values(crashes=inbox.c.crashes + 1))
    parked = theirs.where(inbox.c.crashes >= at_most).values(
        status=InboxStatus.PARKED, reason=reason, applied_at=now, retry_at=None
    )
    return list(connection.scalars(parked.returning(inbox.c.event_id)))
