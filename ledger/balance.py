"""The ledger's sums: every registered message is pending, cancelled, released or a breach."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from core.outcomes import LedgerState
from store import messages


@dataclass(frozen=True, slots=True)
class Balance:
    """How many messages were registered, and where they stand; the four add up to the first."""

    registered: int
    pending: int
    cancelled: int
    released: int
    breach: int
    breach_causes: dict[str, int]


def balance(connection: sa.Connection) -> Balance:
    """Return the sums, from one query."""
    counts = messages.count_by_ledger(connection)
    return Balance(
        registered=sum(counts.values()),
        pending=counts.get(LedgerState.PENDING, 0),
        cancelled=counts.get(LedgerState.CANCELLED, 0),
        released=counts.get(LedgerState.RELEASED, 0),
        breach=counts.get(LedgerState.BREACH, 0),
        breach_causes=messages.count_by_breach_cause(connection),
    )
