"""Close messages that have left their schedule, once everything is known that could speak against that."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from core.deciding import Rules
from core.outcomes import LedgerState
from ledger import reviewing, settling
from store import cancellations, reviews
from store.closing import Closing
from store.messages import MessageRow


def left(connection: sa.Connection, rows: Collection[MessageRow], rules: Rules, *, now: datetime) -> list[Closing]:
    """Close registered messages that have left, held under lock; return what was closed.

    One that nobody has looked at for the last time is looked at now, also when it left before its time: what should
    have been cancelled was not released. Nor is one closed that nobody was cancelling while a review is unfinished,
    which may find a reason, and knows since when; the sweeper lets go of it after that.
    """
    pending = {row.id: row for row in rows if row.ledger == LedgerState.PENDING}
    undecided: set[str] = set()
    if pending and reviews.oldest(connection) is not None:
        undecided = pending.keys() - cancellations.hold(connection, dict.fromkeys(pending))
    looked_at = [row.id for row in pending.values() if row.last_look_at is None and row.id not in undecided]
    if looked_at:
        reviewing.look_last(connection, looked_at, rules, now=now)
    return settling.left(connection, sorted({row.id for row in rows} - undecided), now=now)
