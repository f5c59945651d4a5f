"""Close messages that have left their schedule, once everything is known that could speak against that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from core.deadlines import last_look
from core.deciding import Rules
from core.outcomes import LedgerState
from core.reports import MessageReport
from ledger import reviewing, settling
from store import cancellations, reviews
from store.closing import Closing
from store.messages import MessageRow


def left(
    connection: sa.Connection,
    rows: Collection[MessageRow],
    reports: Sequence[MessageReport],
    rules: Rules,
    *,
    now: datetime,
) -> list[Closing]:
    """Close registered messages that have left, held under lock, each at a time; return what was closed.

    One that left when its last look was due, and that nobody has looked at, is looked at now: what should have been
    cancelled by then was not released. Nor is one closed that nobody was cancelling while a review is unfinished,
    which may find a reason, and knows since when; the sweeper lets go of it after that.
    """
    pending = {row.id: row for row in rows if row.ledger == LedgerState.PENDING}
    undecided: set[str] = set()
    if pending and reviews.oldest(connection) is not None:
        undecided = pending.keys() - cancellations.hold(connection, dict.fromkeys(pending))
    left_at = _left_at(reports)
    missed = [
        row.id
        for row in pending.values()
        # By Telnyx's clock: ours may be behind, and the message gone before the time has come by it.
        if row.last_look_at is None and row.send_at and last_look(row.send_at) <= left_at[row.id]
    ]
    looked_at = [message_id for message_id in missed if message_id not in undecided]
    if looked_at:
        reviewing.look_last(connection, looked_at, rules, now=now)
    return settling.left(connection, sorted({row.id for row in rows} - undecided), now=now)


def _left_at(reports: Sequence[MessageReport]) -> dict[str, datetime]:
    """Return when each message left, or else when that was first told."""
    told = [(report.details.get("sent_at"), report) for report in reports]
    found = [(datetime.fromisoformat(at) if at else report.occurred_at, report.message_id) for at, report in told]
    return {message_id: at for at, message_id in sorted(found, reverse=True)}
