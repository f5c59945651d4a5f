"""Holds, as an operator places and lifts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.holds import Hold, HoldKind
from core.scopes import Scope
from store.tables import IS_NOT_LIFTED, holds


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold as kept."""

    hold: Hold
    lifted_at: datetime | None
    lifted_by: str | None


_OF_HOLD = [holds.c[name] for name in Hold.__slots__]


def standing(connection: sa.Connection, *, now: datetime) -> Sequence[Hold]:
    """Return every hold that is neither lifted nor expired."""
    query = sa.select(*_OF_HOLD).where(IS_NOT_LIFTED, sa.or_(holds.c.expires_at.is_(None), holds.c.expires_at > now))
    return [_hold(row) for row in connection.execute(query)]


def _hold(row: sa.Row[tuple[object, ...]]) -> Hold:
    told = {name: getattr(row, name) for name in Hold.__slots__}
    return Hold(**{**told, "kind": HoldKind(told["kind"]), "scope": Scope(told["scope"])})
