"""Decide again on messages whose campaign changed, or for which the time has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.deciding import Rule
from ledger import campaigning, deciding
from ledger.deciding import Cause
from store import campaigns, messages
from store.engine import Database

BATCH = 200


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Carries out reviews, a batch a transaction."""

    database: Database
    rules: Sequence[Rule]
    now: Callable[[], datetime]

    def review(self) -> bool:
        """Decide on the next batch and return whether there was anything to do."""
        now = self.now()
        with self.database.read() as connection:
            due = messages.review_due(connection, now=now, limit=BATCH)
            is_campaign_changed = campaigns.oldest_review(connection) is not None
        if due:
            with self.database.begin() as connection:
                self._decide_by_time(connection, due, now)
        reviewed = None
        if is_campaign_changed:
            with self.database.begin() as connection:
                reviewed = campaigning.review(connection, self.rules, now=now, limit=BATCH)
        # A review that another worker is busy with is nothing to do here.
        return bool(due) or reviewed is not None

    def _decide_by_time(self, connection: sa.Connection, due: Mapping[str, datetime], now: datetime) -> None:
        # Another worker may have decided on some of them before we held their lock.
        held = [row for row in messages.lock(connection, due).values() if row.review_at == due[row.id]]
        causes = {row.id: Cause(None, due[row.id]) for row in held}
        deciding.decide_on(connection, held, self.rules, trigger="time", causes=causes, now=now)
