"""The runs in which Telnyx's own records are compared with what is held: one at a time, and how far each came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from store import upserting
from store.tables import reconciliations as runs

#: A run shows that it is alive many times as often; one that has not for this long has died with its process.
DEAD = timedelta(minutes=2)
_KEPT = timedelta(days=30)
_DIED = "whoever ran it died, or was cut off from the database"


@dataclass(frozen=True, slots=True)
class Run:
    """One run."""

    seq: int
    started_at: datetime
    finished_at: datetime | None
    since: datetime | None
    """From when on Telnyx was asked, by the source that reached back farthest."""
    counts: dict[str, dict[str, int]] | None
    """By source, what was reported, held, healed, and could not be."""
    reached: dict[str, Any] | None
    """By source, up to where everything had been asked for; what a run did not finish stands as it was before."""
    error: str | None


_COLUMNS = [runs.c[name] for name in Run.__slots__]


def claim(connection: sa.Connection, *, now: datetime, every: timedelta | None = None) -> int | None:
    """Begin a run and return its ``seq``; None while another runs, or when the last began less than ``every`` ago.

    Two that claim at the same moment meet in the unique column, and one of them gets it.
    """
    connection.execute(
        sa.update(runs)
        .where(runs.c.running, runs.c.alive_at < now - DEAD)
        .values(running=None, finished_at=now, error=_DIED)
    )
    if every is not None and (newest := last(connection)) is not None and now - newest.started_at < every:
        return None
    seq: int | None = connection.scalar(
        upserting.insert(connection, runs)
        .values(running=True, started_at=now, alive_at=now)
        .on_conflict_do_nothing(index_elements=["running"])
        .returning(runs.c.seq)
    )
    if seq is not None:
        forgotten = [runs.c.started_at < now - _KEPT, runs.c.seq != _newest_reached(connection)]
        connection.execute(sa.delete(runs).where(*forgotten))
    return seq


def show_alive(connection: sa.Connection, seq: int, *, now: datetime) -> bool:
    """Say that a run goes on; False when it was taken for dead meanwhile, and is nobody's any more."""
    return bool(
        connection.execute(sa.update(runs).where(runs.c.seq == seq, runs.c.running).values(alive_at=now)).rowcount
    )


def finish(
    connection: sa.Connection,
    seq: int,
    *,
    now: datetime,
    since: datetime,
    counts: Mapping[str, Mapping[str, int]],
    reached: Mapping[str, Any],
    error: str | None,
) -> None:
    """Write how a run ended; one that was taken for dead meanwhile stays so."""
    connection.execute(
        sa.update(runs)
        .where(runs.c.seq == seq, runs.c.running)
        .values(running=None, finished_at=now, since=since, counts=counts, reached=reached, error=error)
    )


def give_up(connection: sa.Connection, seq: int, *, now: datetime, error: str) -> None:
    """Write that a run came to nothing."""
    connection.execute(
        sa.update(runs).where(runs.c.seq == seq, runs.c.running).values(running=None, finished_at=now, error=error)
    )


def last(connection: sa.Connection) -> Run | None:
    """Return the run that began last."""
    row = connection.execute(sa.select(*_COLUMNS).order_by(runs.c.seq.desc()).limit(1)).first()
    return Run(*row) if row else None


def reached(connection: sa.Connection) -> dict[str, Any]:
    """Return, by source, up to where everything has been asked for."""
    newest = _newest_reached(connection)
    found = connection.scalar(sa.select(runs.c.reached).where(runs.c.seq == newest)) if newest else None
    return dict(found or {})


def _newest_reached(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.max(runs.c.seq)).where(runs.c.counts.is_not(None))) or 0)
