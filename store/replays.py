"""Putting stored events back into the backlog, where they are applied by the same way as the first time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.inbox import REPLAYED, REPLAYED_WITHOUT_EFFECTS, InboxStatus
from store.tables import AWAITS_APPLYING, IS_NOT_APPLIED, inbox

#: So many rows are looked at in one statement at most, however few of them are wanted.
_SPAN = 10_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events are wanted, of those that do not wait to be applied anyway; what is not given excludes none."""

    statuses: Collection[InboxStatus] = ()
    event_type: str | None = None
    since: datetime | None = None
    """The earliest receipt."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored event, as far as a replay is concerned."""

    seq: int
    event_id: str
    event_type: str
    status: InboxStatus
    received_at: datetime
    has_raw: bool
    """False once the signed bytes were pruned: there is nothing left to apply."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the events of a selection, in the order of their receipt."""

    rows: list[Candidate]
    reached: int
    """The ``seq`` to go on after."""


_COLUMNS = [
    inbox.c.raw.is_not(None).label(name) if name == "has_raw" else inbox.c[name] for name in Candidate.__slots__
]


def last_seq(connection: sa.Connection) -> int:
    """Return the ``seq`` of the newest event, 0 when there is none."""
    return int(connection.scalar(sa.select(sa.func.max(inbox.c.seq))) or 0)


def find(connection: sa.Connection, event_id: str) -> Candidate | None:
    """Return one event, or None."""
    row = connection.execute(sa.select(*_COLUMNS).where(inbox.c.event_id == event_id)).first()
    return _candidate(row) if row else None


def page(connection: sa.Connection, selection: Selection, *, after: int, until: int, limit: int) -> Page:
    """Return the next events of a selection, whose ``seq`` is greater than ``after`` and at most ``until``."""
    end = min(after + _SPAN, until)
    query = sa.select(*_COLUMNS).where(inbox.c.seq > after, inbox.c.seq <= end).order_by(inbox.c.seq).limit(limit)
    if selection.statuses:
        query = query.where(inbox.c.status.in_(selection.statuses))
        if InboxStatus.APPLIED not in selection.statuses:
            query = query.where(IS_NOT_APPLIED).with_hint(inbox, "INDEXED BY ix_inbox_not_applied", "sqlite")
    else:
        query = query.where(~AWAITS_APPLYING)
    if selection.event_type is not None:
        query = query.where(inbox.c.event_type == selection.event_type)
    if selection.since is not None:
        query = query.where(inbox.c.received_at >= selection.since)
    rows = [_candidate(row) for row in connection.execute(query)]
    return Page(rows, rows[-1].seq if len(rows) == limit else end)


def put_back(connection: sa.Connection, seqs: Sequence[int], *, acts: bool, by: str, now: datetime) -> set[int]:
    """Make stored events pending, behind what has just come; return those that were not pending and can be applied."""
    if not seqs:
        return set()
    statement = (
        sa.update(inbox)
        .where(inbox.c.seq.in_(seqs), ~AWAITS_APPLYING, inbox.c.raw.is_not(None))
        .values(
            status=InboxStatus.PENDING,
            reason=None,
            tries=0,
            crashes=0,
            retry_at=None,
            applied_at=None,
            priority=REPLAYED if acts else REPLAYED_WITHOUT_EFFECTS,
            acts=acts,
            replayed_at=now,
            replayed_by=by,
        )
        .returning(inbox.c.seq)
    )
    return set(connection.scalars(statement))


def _candidate(row: sa.Row[tuple[object, ...]]) -> Candidate:
    return Candidate(**{**row._mapping, "status": InboxStatus(row.status)})  # noqa: SLF001 - SQLAlchemy's public name for it
