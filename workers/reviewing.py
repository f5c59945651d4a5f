"""Decide again on messages whose campaign changed, or for which the time has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.deciding import Rule
from ledger import campaigning, deciding
from store import messages
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
        by_time = self._review_by_time()
        with self.database.begin() as connection:
            reviewed = campaigning.review(connection, self.rules, now=self.now(), limit=BATCH)
        return by_time or reviewed is not None

    def _review_by_time(self) -> bool:
        now = self.now()
        with self.database.read() as connection:
            due = messages.review_due(connection, now=now, limit=BATCH)
        if not due:
            return False
        with self.database.begin() as connection:
            held = messages.lock(connection, due)
            deciding.decide_on(connection, held.values(), self.rules, trigger="time", causes={}, now=now)
        return True
