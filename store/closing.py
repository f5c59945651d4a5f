"""Closing the book on registered messages: what stands in ``ledger``, why, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.outcomes import BreachCause, LedgerState
from store.tables import IS_PENDING, IS_REQUESTED, cancellations, messages


@dataclass(frozen=True, slots=True)
class Closing:
    """How one message ends."""

    message_id: str
    ledger: LedgerState
    breach_cause: BreachCause | None = None


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


def passed(connection: sa.Connection, *, now: datetime, limit: int) -> list[str]:
    """Return pending messages whose time has come and which nobody is cancelling, the earliest first."""
    cancelling = (
        sa.select(cancellations.c.message_id).where(cancellations.c.message_id == messages.c.id, IS_REQUESTED).exists()
    )
    query = (
        sa.select(messages.c.id)
        .where(IS_PENDING, messages.c.send_at <= now, ~cancelling)
        .order_by(messages.c.send_at)
        .limit(limit)
        .with_hint(messages, "INDEXED BY ix_messages_pending_send_at", "sqlite")
    )
    return list(connection.scalars(query))
