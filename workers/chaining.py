"""Links decisions into the chain, beside other work, so that nobody who decides has to wait for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger import chaining
from store.engine import Database

_BATCH = 500
#: What a sweep links at most; the rest waits for the next one.
_BATCHES = 10
#: So often what was committed out of order is looked for.
_LOOKS_BACK_EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Chainer:
    """Links what was decided since it last looked."""

    database: Database
    now: Callable[[], datetime]
    _looked_back_at: datetime | None = None

    def __call__(self) -> None:
        """Link some thousands of decisions at most. Raises StoreUnavailable."""
        now = self.now()
        looks_back = self._looked_back_at is None or now - self._looked_back_at >= _LOOKS_BACK_EVERY
        for _ in range(_BATCHES):
            linked = self._extend(now, looks_back=looks_back)
            if linked is None:
                return
            if linked < _BATCH:
                break
        if looks_back:
            self._looked_back_at = now

    def _extend(self, now: datetime, *, looks_back: bool) -> int | None:
        """Return how many were linked, or None when another did it meanwhile: then nothing was looked back for."""
        with self.database.read() as connection:
            # A look costs little; the right to write is taken only when there is something to write.
            if not chaining.waits(connection, looks_back=looks_back):
                return 0
        with self.database.begin() as connection:
            linked = chaining.extend(connection, now=now, limit=_BATCH, looks_back=looks_back)
            if linked is None:
                connection.rollback()
        return linked
