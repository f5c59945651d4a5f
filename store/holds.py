"""Holds, as an operator places and lifts them; they are never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.holds import Hold, HoldKind, HoldState
from core.scopes import Scope
from store.tables import IS_NOT_LIFTED, holds

#: PostgreSQL's name for the right to change gates, among the locks that are no table's.
_GATES = 0x686F6C64
#: Made once: to make a statement takes longer than to run it.
_KEEP = sa.select(sa.func.pg_advisory_xact_lock_shared(_GATES))


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold as kept."""

    seq: int
    hold: Hold
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None

    def state(self, now: datetime) -> HoldState:
        """Return whether it holds anything."""
        if self.lifted_at is not None:
            return HoldState.LIFTED
        return HoldState.EXPIRED if self.hold.has_expired(now) else HoldState.STANDING

    def stood(self, at: datetime) -> bool:
        """Return True when it held at an earlier moment, as far as its times are known."""
        is_lifted = self.lifted_at is not None and self.lifted_at <= at
        return self.hold.placed_at <= at and not is_lifted and not self.hold.has_expired(at)


_OF_HOLD = [holds.c[name] for name in Hold.__slots__]
_COLUMNS = [holds.c.seq, *_OF_HOLD, holds.c.lifted_at, holds.c.lifted_by, holds.c.lift_reason]


def keep(connection: sa.Connection) -> None:
    """Keep every gate as it is until the transaction ends; any number may at a time.

    Whoever lets messages in takes this before it looks at the gates. Without it a
    gate could be set, and everything behind it walked, between that look and its
    commit: the message would be seen by neither. On SQLite one transaction writes at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_KEEP)


def change(connection: sa.Connection) -> None:
    """Wait for all that are letting messages in, and let nobody else begin until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_GATES)))


def standing(connection: sa.Connection, *, now: datetime) -> Sequence[Hold]:
    """Return every hold that is neither lifted nor expired."""
    return [_hold(row) for row in connection.execute(_STANDING, {"now": now})]


def standing_between(connection: sa.Connection, since: datetime, until: datetime) -> list[HoldRow]:
    """Return every hold that stood at some moment of this time, whatever became of it, oldest first."""
    query = sa.select(*_COLUMNS).where(
        holds.c.placed_at <= until,
        sa.or_(holds.c.lifted_at.is_(None), holds.c.lifted_at > since),
        sa.or_(holds.c.expires_at.is_(None), holds.c.expires_at > since),
    )
    return [_row(row) for row in connection.execute(query.order_by(holds.c.seq))]


def same(
    connection: sa.Connection, *, kind: HoldKind, scope: Scope, value: str, reason: str, now: datetime
) -> HoldRow | None:
    """Return the hold that stands already and says just this, or None."""
    query = sa.select(*_COLUMNS).where(
        *_stands(now),
        holds.c.kind == kind,
        holds.c.scope == scope,
        holds.c.value == value,
        holds.c.reason == reason,
    )
    row = connection.execute(query.order_by(holds.c.seq).limit(1)).first()
    return _row(row) if row else None


def add(connection: sa.Connection, hold: Hold) -> None:
    """Keep a new hold."""
    connection.execute(sa.insert(holds).values({name: getattr(hold, name) for name in Hold.__slots__}))


def put_off(connection: sa.Connection, hold_id: str, *, expires_at: datetime | None) -> None:
    """Let a hold stand until another time; None is for ever."""
    connection.execute(sa.update(holds).where(holds.c.id == hold_id).values(expires_at=expires_at))


def lift(connection: sa.Connection, hold_id: str, *, by: str, reason: str | None, now: datetime) -> bool:
    """Lift a hold; return False, and change nothing, when it is lifted already."""
    told = {"lifted_at": now, "lifted_by": by, "lift_reason": reason}
    return connection.execute(sa.update(holds).where(holds.c.id == hold_id, IS_NOT_LIFTED).values(told)).rowcount == 1


def find(connection: sa.Connection, hold_id: str) -> HoldRow | None:
    """Return one hold, or None."""
    row = connection.execute(sa.select(*_COLUMNS).where(holds.c.id == hold_id)).first()
    return _row(row) if row else None


def listing(
    connection: sa.Connection,
    *,
    limit: int,
    after: int | None = None,
    kind: HoldKind | None = None,
    standing_at: datetime | None = None,
) -> list[HoldRow]:
    """Return holds, the newest first; ``after`` is the ``seq`` of the last one of the page before."""
    query = sa.select(*_COLUMNS).order_by(holds.c.seq.desc()).limit(limit)
    if after is not None:
        query = query.where(holds.c.seq < after)
    if kind is not None:
        query = query.where(holds.c.kind == kind)
    if standing_at is not None:
        query = query.where(*_stands(standing_at))
    return [_row(row) for row in connection.execute(query)]


def _stands(now: datetime | sa.BindParameter[datetime]) -> tuple[sa.ColumnElement[bool], ...]:
    return IS_NOT_LIFTED, sa.or_(holds.c.expires_at.is_(None), holds.c.expires_at > now)


#: Made once, since every decision asks for it: to make a statement takes longer than to run it.
_STANDING = sa.select(*_OF_HOLD).where(*_stands(sa.bindparam("now", type_=holds.c.expires_at.type)))


def _row(row: sa.Row[tuple[object, ...]]) -> HoldRow:
    return HoldRow(row.seq, _hold(row), row.lifted_at, row.lifted_by, row.lift_reason)


def _hold(row: sa.Row[tuple[object, ...]]) -> Hold:
    told = {name: getattr(row, name) for name in Hold.__slots__}
    return Hold(**{**told, "kind": HoldKind(told["kind"]), "scope": Scope(told["scope"])})
