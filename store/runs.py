"""Runs: which events a worker is about to apply, on record before it begins, so that those which end it are found out.

A run's row is committed by itself. The transaction that applies the run's
events begins by deleting the row, and so holds it until it is committed. A row
that nobody holds, and that is not from just now, was left behind by a process
that is gone.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
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
    if connection.dialect.name == "postgresql":
        # It has to outlive this process, not the server: nobody need wait for the disk.
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
    run = Run(str(uuid.uuid4()), seqs, now)
    connection.execute(sa.insert(runs), {"id": run.id, "seqs": list(seqs), "started_at": now})
    return run


def end(connection: sa.Connection, run: Run) -> bool:
    """Take a run from the record, and return whether it was still on it: no other took it for abandoned."""
    return connection.execute(sa.delete(runs).where(runs.c.id == run.id)).rowcount > 0


def on_record(connection: sa.Connection) -> list[Run]:
    """Return every run that has begun and is not committed."""
    return [Run(*row) for row in connection.execute(sa.select(*_COLUMNS).order_by(runs.c.id))]


def hold(connection: sa.Connection, run: Run) -> bool:
    """Hold a run until the transaction ends; False when somebody is carrying it out, or it is off the record."""
    query = sa.select(runs.c.id).where(runs.c.id == run.id).with_for_update(skip_locked=True)
    return connection.execute(query).first() is not None


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


def acquit(connection: sa.Connection, run: Run, *, reason: str) -> None:
    """Take back what was counted against the events of a run whose process lives after all.

    Those that were parked for it, which the reason tells, wait to be applied again.
    """
    theirs = sa.update(inbox).where(inbox.c.seq.in_(run.seqs))
    parked = theirs.where(inbox.c.status == InboxStatus.PARKED, inbox.c.reason == reason)
    connection.execute(parked.values(status=InboxStatus.PENDING, reason=None, applied_at=None))
    connection.execute(theirs.where(AWAITS_APPLYING, inbox.c.crashes > 0).values(crashes=inbox.c.crashes - 1))
