"""What should have been cancelled and was not: why, and how much too late it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.deadlines import deadline
from core.outcomes import BreachCause
from ledger import showing
from store import breaches
from store.breaches import BreachRow
from store.sums import ALL, Narrowed


def listed(connection: sa.Connection, narrowed: Narrowed = ALL, *, limit: int) -> list[dict[str, Any]]:
    """Show breaches, the latest time of sending first."""
    return [_shown(row) for row in breaches.listing(connection, narrowed, limit=limit)]


def _shown(row: BreachRow) -> dict[str, Any]:
    late = _late_at(row) - deadline(row.send_at)
    return {
        "id": row.message_id,
        "campaign": row.campaign_key,
        "send_at": showing.instant(row.send_at),
        "deadline": showing.instant(deadline(row.send_at)),
        "cause": row.breach_cause,
        "late_minutes": round(late / timedelta(minutes=1), 1) if late > timedelta() else None,
        "policy": row.policy,
        "reason": row.reason,
        "known_at": showing.instant(row.known_at),
        "closed_at": showing.instant(row.closed_at),
    }


def _late_at(row: BreachRow) -> datetime:
    """Return from when on it could have been cancelled, had Telnyx still allowed it; as far as we know."""
    match row.breach_cause:
        case BreachCause.REGISTERED_TOO_LATE:
            return row.registered_at
        case BreachCause.INSIDE_WALL if row.known_at is not None:
            return row.known_at
    return row.closed_at
