"""The messages that should have been cancelled and were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.outcomes import LedgerState
from store.sums import Narrowed
from store.tables import IS_REGISTERED, cancellations, messages


@dataclass(frozen=True, slots=True)
class BreachRow:
    """One of them, with the order to cancel it."""

    message_id: str
    campaign_key: str | None
    send_at: datetime
    registered_at: datetime
    closed_at: datetime
    breach_cause: str
    policy: str | None
    reason: str | None
    known_at: datetime | None
    """When the reason reached us."""


def listing(connection: sa.Connection, narrowed: Narrowed, *, limit: int) -> Sequence[BreachRow]:
    """Return breaches, the latest time of sending first."""
    query = (
        sa.select(
            messages.c.id,
            *(messages.c[name] for name in ("campaign_key", "send_at", "registered_at", "closed_at", "breach_cause")),
            *(cancellations.c[name] for name in ("policy", "reason", "known_at")),
        )
        .join_from(messages, cancellations, cancellations.c.message_id == messages.c.id, isouter=True)
        .where(IS_REGISTERED, *narrowed.conditions(), messages.c.ledger == LedgerState.BREACH)
        .order_by(messages.c.send_at.desc(), messages.c.id)
        .limit(limit)
        .with_hint(messages, "INDEXED BY ix_messages_ledger", "sqlite")
    )
    return [BreachRow(*row) for row in connection.execute(query)]
