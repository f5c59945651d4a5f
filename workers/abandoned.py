"""Requests to send whose maker died: nobody will tell what came of them, so they are taken as lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.deciding import Rules
from ledger import intending
from store import intents
from store.engine import Database

#: Whoever asks gives up long before this, and says so.
_GIVEN_UP_AFTER = 2 * intending.IN_FLIGHT
_EVERY = timedelta(seconds=10)
_BATCH = 100


@dataclass(slots=True)
class AbandonedRequests:
    """Finds requests that nobody follows any more; the alarm about those that should be cancelled is raised by that."""

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    _looked_at: datetime | None = None

    def __call__(self) -> None:
        """Look once in a while, and take a batch of them as lost. Raises StoreUnavailable."""
        now = self.now()
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return
        self._looked_at = now
        with self.database.read() as connection:
            found = intents.abandoned(connection, before=now - _GIVEN_UP_AFTER, limit=_BATCH)
        for row in found:
            rules = self.rules()
            with self.database.begin() as connection:
                intending.unknown(
                    connection,
                    row,
                    rules,
                    http_status=None,
                    reason="whoever asked Telnyx died before the answer came",
                    now=now,
                )
