"""Links decisions into the chain, beside other work, so that nobody who decides has to wait for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ledger import chaining
from store.engine import Database

_BATCH = 500
#: What a sweep links at most; the rest waits for the next one.
_BATCHES = 10


@dataclass(frozen=True, slots=True)
class Chainer:
    """Links what was decided since it last looked."""

    database: Database
    now: Callable[[], datetime]

    def __call__(self) -> None:
        """Link some thousands of decisions at most. Raises StoreUnavailable."""
        for _ in range(_BATCHES):
            if self._extend() < _BATCH:
                return

    def _extend(self) -> int:
        with self.database.read() as connection:
            # A look costs little; the right to write is taken only when there is something to write.
            if not chaining.waits(connection, now=self.now()):
                return 0
        with self.database.begin() as connection:
            linked = chaining.extend(connection, now=self.now(), limit=_BATCH)
            if linked is None:
                connection.rollback()
        return linked or 0
