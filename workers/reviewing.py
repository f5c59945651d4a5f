"""Decide again on pending messages: on order, when the time has come, and for the last time before the deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.deadlines import LAST_LOOK, WALL
from core.deciding import Rule
from ledger import reviewing
from store import due, reviews
from store.engine import Database

BATCH = 200


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Carries out reviews and last looks, a batch a transaction."""

    database: Database
    rules: Sequence[Rule]
    now: Callable[[], datetime]

    def review(self) -> bool:
        """Decide on the next batch and return whether there was anything to do."""
        now = self.now()
        with self.database.read() as connection:
            timed = due.for_review(connection, now=now, limit=BATCH)
            last = due.awaiting_last_look(connection, until=now + LAST_LOOK + WALL, limit=BATCH)
            is_ordered = reviews.oldest(connection) is not None
        if last:
            with self.database.begin() as connection:
                looked_at = [place.message_id for place in last]
                reviewing.look_last(connection, looked_at, self.rules, now=now)
        if timed:
            with self.database.begin() as connection:
                reviewing.review_timed(connection, timed, self.rules, now=now)
        reviewed = None
        if is_ordered:
            with self.database.begin() as connection:
                reviewed = reviewing.review(connection, self.rules, now=now, limit=BATCH)
        # A review that another worker is busy with is nothing to do here.
        return bool(last) or bool(timed) or reviewed is not None
