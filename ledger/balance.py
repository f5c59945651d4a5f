"""The ledger's sums: every registered message is pending, cancelled, released or a breach."""

from __future__ import annotations

from collections import Counter
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
    """Return the sums, from one query: all are of the same moment."""
    counts = messages.count_by_ledger(connection)
    sums: Counter[str] = Counter()
    for (ledger, _), number in counts.items():
        sums[ledger] += number
    return Balance(
        registered=sums.total(),
        pending=sums[LedgerState.PENDING],
        cancelled=sums[LedgerState.CANCELLED],
        released=sums[LedgerState.RELEASED],
        breach=sums[LedgerState.BREACH],
        breach_causes={cause: number for (_, cause), number in counts.items() if cause is not None},
    )
