"""Decisions: append only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.tables import decisions


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision as kept."""

    message_id: str
    decided_at: datetime
    trigger: str
    verdict: str
    policy: str | None
    mode: str
    reason: str
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    event_id: str | None
    rules: str | None = None
    """The digest of the settings by which it was made; None for one that is older than digests are."""


_COLUMNS = [decisions.c[name] for name in DecisionRow.__slots__]


def add(connection: sa.Connection, rows: Sequence[DecisionRow]) -> None:
    """Keep decisions."""
    if rows:
        connection.execute(
            sa.insert(decisions), [{name: getattr(row, name) for name in DecisionRow.__slots__} for row in rows]
        )


def of(connection: sa.Connection, message_id: str) -> list[DecisionRow]:
    """Return every decision on one message, oldest first."""
    query = sa.select(*_COLUMNS).where(decisions.c.message_id == message_id).order_by(decisions.c.seq)
    return [DecisionRow(*row) for row in connection.execute(query)]


def numbered(connection: sa.Connection, message_id: str) -> list[tuple[int, DecisionRow]]:
    """Return every decision on one message with its number, oldest first."""
    query = sa.select(decisions.c.seq, *_COLUMNS).where(decisions.c.message_id == message_id).order_by(decisions.c.seq)
    return [(row[0], DecisionRow(*row[1:])) for row in connection.execute(query)]


def latest(connection: sa.Connection, message_id: str) -> DecisionRow | None:
    """Return the decision that stands for one message: the last one that was not only a shadow."""
    query = (
        sa.select(*_COLUMNS)
        .where(decisions.c.message_id == message_id, decisions.c.mode == "enforce")
        .order_by(decisions.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return DecisionRow(*row) if row else None
