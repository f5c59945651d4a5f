"""What came of each part of the matrix: one effect where there must be one, and none where there must be none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from core.inbox import InboxStatus
from core.outcomes import LedgerState
from store import tables
from tests.faults.cast import Part
from tests.faults.events import Kind
from tests.faults.world import World

_CANCELLED = "cancelled"


class Verdicts:
    """All that is held, read once."""

    def __init__(self, world: World) -> None:
        inbox, messages = tables.inbox, tables.messages
        with world.database.read() as connection:
            self._statuses: dict[str, str] = _pairs(connection, sa.select(inbox.c.event_id, inbox.c.status))
            self._ledgers: dict[str, str | None] = _pairs(connection, sa.select(messages.c.id, messages.c.ledger))
            self._transitions = Counter(connection.scalars(sa.select(tables.transitions.c.source_id)))
            self._consents = Counter(connection.scalars(sa.select(tables.consents.c.event_id)))
        self._at_telnyx = {each["id"]: each["to"][0]["status"] for each in world.telnyx.messages()}

    def wrong(self, parts: Sequence[Part]) -> list[str]:
        """Return a line for everything that is not as it must be."""
        return [f"{part.name}: {trouble}" for part in parts for trouble in self._troubles(part)]

    def _troubles(self, part: Part) -> Iterator[str]:
        if part.kind is Kind.REGISTER:
            yield from self._cancelled(part, must=True)
            return
        # What was committed is done, tried again or not; what was not has left nothing.
        must = part.is_retried or part.place.keeps
        status = self._statuses.get(part.errand.id)
        if status != (InboxStatus.APPLIED if must else None):
            yield f"is {status or 'not there'}"
        effects = self._consents if part.kind is Kind.STOP else self._transitions
        if effects[part.errand.id] != int(must):
            yield f"took effect {effects[part.errand.id]} times"
        if part.kind is Kind.STOP:
            yield from self._cancelled(part, must=must)

    def _cancelled(self, part: Part, *, must: bool) -> Iterator[str]:
        here, there = self._ledgers.get(part.message_id), self._at_telnyx[part.message_id]
        if here != (LedgerState.CANCELLED if must else LedgerState.PENDING):
            yield f"its message is {here or 'not there'} here"
        if there != (_CANCELLED if must else "scheduled"):
            yield f"its message is {there} at Telnyx"


def _pairs(connection: sa.Connection, query: sa.Select[Any]) -> dict[Any, Any]:
    return dict(iter(connection.execute(query).tuples()))
