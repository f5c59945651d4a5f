"""Closing the book on registered messages: what stands in ``ledger``, why, and since when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.outcomes import BreachCause, LedgerState
from store import upserting
from store.tables import messages


@dataclass(frozen=True, slots=True)
class Closing:
    """How one message ends."""

    message_id: str
    ledger: LedgerState
    breach_cause: BreachCause | None = None


def open_again(connection: sa.Connection, message_ids: Collection[str]) -> None:
    """Make messages held under lock pending again."""
    for part in upserting.parts(sorted(message_ids)):
        connection.execute(
            sa.update(messages).where(messages.c.id.in_(part)).values(ledger=LedgerState.PENDING, closed_at=None)
        )


def close(connection: sa.Connection, closings: Sequence[Closing], *, now: datetime) -> None:
    """Write how messages held under lock end."""
    if closings:
        connection.execute(
            sa.update(messages)
            .where(messages.c.id == sa.bindparam("of"))
            .values(ledger=sa.bindparam("end"), breach_cause=sa.bindparam("cause"), closed_at=sa.bindparam("at")),
            [
                {"of": each.message_id, "end": each.ledger, "cause": each.breach_cause, "at": now}
                for each in sorted(closings, key=lambda each: each.message_id)
            ],
        )
